"""Parameters and calendars of a book, linked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wuding.book.context import Gather, RuleInfo, known
from wuding.book.models import ParameterShape, SeasonShape
from wuding.book.shapes import Name, read_day, read_words
from wuding.lang import parse
from wuding.lang.nodes import Value
from wuding.lang.texts import duration_of, percent_of, read_date
from wuding.lang.tree import Node, text_node, wrong
from wuding.program.model import Parameter, Season


@dataclass(frozen=True)
class _Leaf:
    value: Value
    type: str
    node: Node


def parameter(name: Name, shape: ParameterShape, rules: Mapping[str, RuleInfo]) -> Parameter:
    """A parameter with its values in order of date. Raises Rejected."""
    by, by_finding = _by(shape.by, rules)
    if not shape.values.entries:
        raise wrong("WD111", shape.values.span, key="2024-01-01")
    gather = Gather()
    depth = 1 if by_finding else len(by)
    leaves: list[_Leaf] = []
    values = [
        (gather(lambda key=key: read_day(text_node(key.span, key.text))),  # type: ignore[misc]
         gather(lambda value=value: _table(value, depth, leaves)))  # type: ignore[misc]
        for key, value in shape.values.entries
    ]  # fmt: skip
    if by_finding:
        gather(lambda: _check_bands(shape.values, rules[by_finding]))
    gather.done()
    kind = _common(leaves)
    values.sort(key=lambda dated: dated[0])
    clauses = tuple(str(clause) for clause in shape.clause)
    return Parameter(
        str(name), kind, tuple(values), by, by_finding, str(shape.unit or ""), shape.assumed, clauses, name.span
    )


def _by(node: Node | None, rules: Mapping[str, RuleInfo]) -> tuple[tuple[str, ...], str | None]:
    if node is None:
        return (), None
    if node.kind != "map":
        return tuple(str(word) for word in read_words(node)), None
    finding = node.get("finding")
    if finding is None or len(node.entries) != 1:
        raise wrong("WD112", node.span, expected="name", found="map")
    scores = [info.id for info in rules.values() if info.section == "scoring"]
    return (), known(Name(finding.text, finding.span), scores, "WD207")


def _check_bands(values: Node, info: RuleInfo) -> None:
    for _, table in values.entries:
        for key in table.keys.values() if table.kind == "map" else ():
            known(Name(key.text, key.span), info.bands, "WD211", field="band")


def _table(node: Node, depth: int, leaves: list[_Leaf]) -> object:
    if depth == 0:
        leaf = _value(node)
        leaves.append(leaf)
        return leaf.value
    if node.kind != "map" or not node.entries:
        raise wrong("WD223", node.span, depth=depth)
    return {key.text: _table(value, depth - 1, leaves) for key, value in node.entries}


def _value(node: Node) -> _Leaf:
    if node.kind in ("map", "list"):
        raise wrong("WD223", node.span, depth=0)
    if node.kind == "null":
        raise wrong("WD132", node.span)
    parse.check_width(node)
    text = node.text
    if node.kind == "number":
        assert not isinstance(node.value, str | bool | None)
        return _Leaf(node.value, "int" if node.value.denominator == 1 else "number", node)
    if node.kind == "bool":
        return _Leaf(node.value is True, "bool", node)
    if (percent := percent_of(text)) is not None:
        return _Leaf(percent, "number", node)
    if (duration := duration_of(text)) is not None:
        return _Leaf(duration, "duration", node)
    if re.match(r"\d{4}-\d{2}-\d{2}\Z", text):
        return _Leaf(read_date(text, node.span), "date", node)
    return _Leaf(text, "text", node)


def _common(leaves: list[_Leaf]) -> str:
    first = leaves[0]
    kinds = {leaf.type for leaf in leaves}
    if kinds == {"int", "number"}:
        return "number"
    for leaf in leaves:
        if leaf.type != first.type and not {leaf.type, first.type} <= {"int", "number"}:
            raise wrong("WD218", leaf.node.span, first=first.type, found=leaf.type)
    return first.type


# ── calendar ─────────────────────────────────────────────────────────────────────────────────────
def season(shape: SeasonShape) -> Season:
    """Days of a year, or the public holidays of a country. Raises Rejected (WD220)."""
    if shape.holidays is not None:
        if not re.match(r"[A-Z]{2}(-\w+)?\Z", shape.holidays):
            raise wrong("WD147", shape.holidays.span, name=str(shape.holidays))
        return Season(holidays=str(shape.holidays))
    assert shape.start is not None and shape.to is not None
    gather = Gather()
    start, end = shape.start, shape.to
    first, last = gather(lambda: _month_day(start)), gather(lambda: _month_day(end))
    gather.done()
    return Season(first, last)


def _month_day(text: Name) -> tuple[int, int]:
    if not re.match(r"\d{2}-\d{2}\Z", text):
        raise wrong("WD219", text.span, text=str(text), expected="month-day")
    read_date(f"2024-{text}", text.span)  # a leap year: 02-29 is a day of the calendar
    return int(text[:2]), int(text[3:])
