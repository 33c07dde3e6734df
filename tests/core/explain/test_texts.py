"""Every key that explanations, sentences and reports make up from a name has its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from wuding.catalogue import texts
from wuding.domain.finding import STATUSES
from wuding.domain.post import CAPACITIES
from wuding.program.words import BUILT_IN

CORE = Path(__file__).parents[3] / "core" / "wuding"
ROOMS = [*(CORE / "explain").glob("*.py"), *(CORE / "report").glob("*.py"), CORE / "program" / "words.py",
         CORE / "program" / "sentences.py", CORE / "cli" / "charter.py"]  # fmt: skip


def said(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from (*said(node.body), *said(node.orelse))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def asked() -> Iterator[str]:
    for path in ROOMS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("say", "text"):
                yield from said(node.args[0])
            elif name == "joined":
                yield from (key for arg in node.args[1:] for key in said(arg))
            elif name == "part":
                yield from (f"part.{kind}" for kind in said(node.args[0]))
                yield from (f"column.{e.value}" for arg in node.args[2:3] for e in getattr(arg, "elts", ())
                            if isinstance(e, ast.Constant))  # fmt: skip


def made_up() -> Iterator[str]:
    yield from (f"step.{status}" for status in STATUSES["step"])
    yield from (f"target.{status}" for status in STATUSES["targets"])
    yield from (f"veto.{status}" for status in STATUSES["veto"])
    yield from (f"patrol.{status}" for status in STATUSES["patrol"] if status != "skipped")
    yield from (f"patrol.skipped-{partial}" for partial in ("half", "any", "none"))
    yield from (f"patrol.none-{where}" for where in ("before", "after"))
    yield from (f"note.{ruling}" for ruling in ("waived", "overturned"))
    yield from (f"charter.{thing}-{answer}" for thing in ("task", "reward") for answer in ("yes", "no"))
    yield from (f"fixed.{thing}" for thing in ("area", "person", "duty", "task", "reward"))
    yield from (f"measure.{fn}" for fn in ("count", "sum", "avg", "min", "max", "share", "expr"))
    yield from (f"piece.{kind}" for kind in ("overlap", "gap", "outside", "invalid"))
    yield from (f"capacity.{capacity}" for capacity in CAPACITIES)
    yield from (f"every.{unit}" for unit in ("day", "workday", "week", "month", "quarter", "year"))
    yield from (f"field.{name}" for names in BUILT_IN.values() for name in names)
    yield from (f"asks.{kind}" for kind in ("expect", "without", "deputy-required", "deputy-neighbour"))
    yield from ("within.self", "within.subtree", "lasts.year", "lasts.until-fixed", "place.here", "place.up")
    yield from ("after.opening", "after.closed", "score.struck_by", "score.pending", "report.gap")


def test_every_key_has_a_text() -> None:
    keys = {*asked(), *made_up()}
    assert len(keys) > 250
    assert sorted(keys - set(texts())) == []
