"""Which notices follow from changed findings (semantics 24 to 26).

A notice is sent when a step that tells somebody is due, and sent again when it repeats; a cancellation when a step
that was told turns out never to have been due. Trial rules send nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wuding.assess.board import Change
from wuding.program.model import Escalation, Program
from wuding.store.outbox import Notice

FIRED = ("told", "unstaffed")  # an unstaffed step is a finding; there is nobody to send it to


@dataclass(frozen=True)
class Notices:
    """`told`: to be sent once each. `withdrawn`: cancellations, for what was sent already."""

    told: tuple[Notice, ...] = ()
    withdrawn: tuple[Notice, ...] = ()

    def __add__(self, other: Notices) -> Notices:
        return Notices(self.told + other.told, self.withdrawn + other.withdrawn)


def notices_of(program: Program, changes: Iterable[Change]) -> Notices:
    """The notices that follow from what has changed in one round."""
    steps = {
        (rule.head.key, step.id): place
        for rule in program.rules
        if isinstance(rule, Escalation)
        for place, step in enumerate(rule.steps)
    }
    told: list[tuple[tuple[Any, ...], int, Mapping[str, Any], int]] = []
    withdrawn = []
    opened: set[tuple[Any, ...]] = set()
    for change in changes:
        row = change.row
        if row["section"] != "escalation" or row["trial"]:
            continue
        key = f"{row['rule']}[{row['variant']}]" if row["variant"] else row["rule"]
        case = (key, row["holder"], row["case"], row["episode"])
        if not row["step"]:
            if change.old is None or change.old["status"] == "undetermined":
                opened.add(case)
            continue
        before, after = _times(change.old), _times(change.new)
        place = steps.get((key, row["step"]), 0)
        told += [(case, place, row, time) for time in range(before + 1, after + 1)]
        if before and not _fired(change.new):
            withdrawn.append(Notice("", "cancellation", row["id"], _body(program, row, "cancellation", 0)))
    # Of several steps that are past already when a case opens, only the highest is sent (25); of several times of a
    # step that have passed unseen, only the last.
    last: dict[tuple[Any, ...], tuple[int, int]] = {}
    for case, place, _, time in told:
        about = case if case in opened else (*case, place)
        last[about] = max((place, time), last.get(about, (place, time)))
    made = []
    for case, place, step, time in told:
        about = case if case in opened else (*case, place)
        kind = "notice" if (place, time) == last[about] else "superseded"
        made.append(Notice(f"{step['id']}!{time}", kind, step["id"], _body(program, step, kind, time)))
    return Notices(tuple(made), tuple(withdrawn))


def _fired(row: Mapping[str, Any] | None) -> bool:
    return row is not None and row["status"] in FIRED


def _times(row: Mapping[str, Any] | None) -> int:
    """How often the step has been told by now."""
    if row is None or row["status"] != "told":
        return 0
    return row["low"] if row["low"] is not None else 1


def _body(program: Program, row: Mapping[str, Any], kind: str, time: int) -> dict[str, Any]:
    detail = json.loads(row["detail"]) if row["detail"] else {}
    names = ("rule", "step", "holder_kind", "holder", "grid", "subject", "case", "episode", "due", "at")
    return {
        "kind": kind, "finding": row["id"], "book": program.book, **{name: row[name] for name in names},
        "to": detail.get("to", []), "time": time,
    }  # fmt: skip
