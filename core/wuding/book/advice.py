"""What a linked book should be told though it works: warnings and advice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wuding.book.steps import step_ids
from wuding.domain.period import to_date
from wuding.errors import Diagnostic
from wuding.lang.nodes import Param
from wuding.lang.tree import Node
from wuding.program.model import Program
from wuding.program.parts import parts_of

PARAM = re.compile(r"\$([^\W\d]\w*(?:-\w+)*)")
CLAUSE = re.compile(r"p\d{1,3}\.\d{1,3}\Z")
NEARLY = re.compile(r"p[\W_]*\d", re.IGNORECASE)  # means a plan's clause; other sources are cited in any words


def advice(root: Node, path: str, sections: tuple[str, ...]) -> Iterator[Diagnostic]:
    """Of what stands in the file `path` itself, not in its base: WD312 a parameter that nothing uses, WD320 a label
    of nothing, WD313 a rule without a clause, WD141 a plan's clause miswritten, WD318 a retroactive book."""
    yield from _unused(root, path, sections)
    yield from _nameless(root, path, sections)
    for section in sections:
        listed = root.get(section)
        for rule in listed.items if listed is not None else ():
            if rule.kind == "map" and rule.span.path == path:
                yield from _clauses(rule)
    retroactive = root.get("retroactive")
    if retroactive is not None and retroactive.value is True:
        yield Diagnostic("WD318", root.keys["retroactive"].span, severity="warning")


def _unused(root: Node, path: str, sections: tuple[str, ...]) -> Iterator[Diagnostic]:
    declared = root.get("parameters")
    if declared is None or declared.kind != "map":
        return
    used = {
        name
        for section in sections
        if (listed := root.get(section)) is not None
        for node in listed.walk()
        if node.scalar
        for name in PARAM.findall(node.text)
    }
    for key, _ in declared.entries:
        if key.text not in used and key.span.path == path:
            yield Diagnostic("WD312", key.span, {"name": key.text}, severity="warning")


def _nameless(root: Node, path: str, sections: tuple[str, ...]) -> Iterator[Diagnostic]:
    declared = root.get("labels")
    if declared is None or declared.kind != "map":
        return
    named: set[str] = set()
    for section in (*sections, "calendar"):
        listed = root.get(section)
        for node in listed.walk() if listed is not None else ():
            named |= {node.text} if node.scalar else set(node.keys)
            named |= set(step_ids(node)) if node.kind == "map" and "id" in node.keys else set()
    for key, _ in declared.entries:
        if key.text not in named and key.span.path == path:
            yield Diagnostic("WD320", key.span, {"name": key.text}, severity="warning")


def _clauses(rule: Node) -> Iterator[Diagnostic]:
    clause = rule.get("clause")
    name = rule.get("id")
    if clause is None:
        if name is not None:
            yield Diagnostic("WD313", name.span, {"name": name.text}, severity="advice")
        return
    for item in clause.items if clause.kind == "list" else (clause,):
        if item.scalar and NEARLY.match(item.text) and not CLAUSE.match(item.text):
            yield Diagnostic("WD141", item.span, {"name": item.text}, severity="warning")


def late_parameters(program: Program) -> Iterator[Diagnostic]:
    """WD314: a rule in force before a parameter that it uses has a value."""
    for rule in program.rules:
        start = rule.head.valid_from
        for name in sorted({part.name for part in parts_of(rule) if isinstance(part, Param)}):
            first = program.parameters[name].values[0][0]
            if start is not None and start < first:
                args = {"name": name, "rule": rule.head.id, "first": to_date(first).isoformat()}
                yield Diagnostic("WD314", rule.head.span, args)
