"""Limits for plain arithmetic, and the quick way for duties that set a longest distance between two deeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from wuding.assess.board import Change, Row
from wuding.assess.pulse import pulse_in
from wuding.assess.quick import Deed, by_facts, deeds_of
from wuding.domain.calendar import due, is_workday
from wuding.domain.fact import Fact
from wuding.domain.instants import local_day
from wuding.domain.period import to_date
from wuding.engines.base import Match
from wuding.engines.columnar.days import FAR, valid_days, workday_country
from wuding.lang.nodes import Duration
from wuding.program.model import Patrol

if TYPE_CHECKING:
    from wuding.assess.live import Live

STRETCH = ("met", "missed", "due", "undetermined")


def ends(live: Live, anchor: int, limit: Duration) -> int:
    """When a limit after an instant ends (semantics 11)."""
    country = workday_country(live.ctx)
    return due(anchor, limit.n, limit.unit, live.program.zone, lambda day: is_workday(country, day))


def spaced(live: Live, rule: Patrol, facts: Iterable[Fact], matches: Sequence[Match]) -> list[Change] | None:
    """The findings of a duty with a longest distance when its holders' latest deed is one of today. None: it has no
    quick way."""
    assert rule.apart is not None
    if not by_facts(rule) or valid_days(live.ctx, rule.head.valid_from, rule.head.valid_to)[1] != FAR:
        return None
    board, zone = live.boards[rule.head.key], live.program.zone
    today, found = local_day(live.as_of, zone), list[Change]()
    for deed in deeds_of(live, rule, facts, matches):
        # What may have happened later would bear upon the new stretch: today nothing has.
        if deed is None or deed.day != today:
            return None
        rows = board.where("holder", deed.holder)
        if any(row["status"] not in STRETCH or row["due"] is None for row in rows):
            return None  # left out of it, or not certainly asked
        if not rows:
            continue  # nobody is asked
        last = max(rows, key=lambda row: str(row["period"]))
        label = to_date(deed.day).isoformat()
        if last["period"] >= label:
            return None
        changes = (
            _after(live, last, deed, label, ends(live, deed.at, rule.apart)) if deed.certain else _maybe(last, deed)
        )
        for change in changes:
            board.put(change.row["id"], change.new)
        found += changes
    pulse = pulse_in((change.new for change in found if change.new is not None), live.as_of)
    live.pulses[rule.head.key] = min(live.pulses[rule.head.key], pulse)
    return found


def _maybe(last: Row, deed: Deed) -> list[Change]:
    """The last stretch of a holder when a deed has possibly ended it."""
    if deed.at > last["due"]:
        return []
    return [Change(last, {**last, "status": "undetermined", "missing": sorted(deed.lacks.union(last["missing"]))})]


def _after(live: Live, last: Row, deed: Deed, label: str, limit: int) -> list[Change]:
    """The last stretch of a holder, ended by a deed, and the stretch that the deed begins."""
    zone, at = live.program.zone, deed.at
    id_ = last["id"].removesuffix(last["period"]) + label
    status = "missed" if limit < live.as_of else "due"
    new = {
        **last, "id": id_, "period": label, "status": status, "start": at, "end": limit, "at": limit, "due": limit,
        "home": local_day(limit, zone), "missing": [],
    }  # fmt: skip
    if at > last["due"]:
        ended = {**last, "status": "undetermined" if last["status"] == "undetermined" else "missed"}
    else:
        ended = {**last, "status": "met", "at": at, "end": at, "home": local_day(at, zone), "missing": []}
    return [*([] if ended == last else [Change(last, ended)]), Change(None, new)]
