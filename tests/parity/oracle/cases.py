"""A case, what belongs to it and when that counts as happening (semantics E1, E2, E7)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.parity.oracle.conditions import Day, Moment, Truth, absent, value_of
from tests.parity.oracle.days import deadline
from tests.parity.oracle.fields import field_of, text_of
from tests.parity.oracle.selectors import Match, Scope, env_of, matches, same_matter, shares
from tests.parity.oracle.world import Item, View

from wuding.domain.fact import Fact
from wuding.lang.nodes import Duration, Term
from wuding.program.model import Escalation, Selector


@dataclass(frozen=True)
class Case:
    """One episode. `bound`: the next episode's opening; what happens from then on belongs to that."""

    rule: Escalation
    name: str
    episode: int
    opening: Match
    bound: int | None = None

    @property
    def item(self) -> Item:
        return self.opening.item

    @property
    def start(self) -> int:
        assert self.opening.moment is not None
        return self.opening.moment


def name_of(view: View, rule: Escalation, item: Item) -> str | None:
    """E1: one value of the key fields; without key fields, the opening itself. None: a key field is missing."""
    if not rule.case:
        return item.id
    parts = [text_of(field_of(view, item, key)) for key in rule.case]
    return None if None in parts else "/".join(str(part) for part in parts)


def belongs_to(view: View, case: Case, item: Item, sel: Selector) -> Truth:
    """E2: equal key fields; without key fields, the same subject (or grid, where the opening names no subject)."""
    if sel.same is not None:
        return shares(view, sel.same, case.item, item)
    if case.rule.case and isinstance(item.record, Fact):
        declared = view.program.domain.facts[item.record.type].fields
        if any(key not in declared and key not in ("grid", "subject", "actor") for key in case.rule.case):
            return False
        return shares(view, case.rule.case, case.item, item)
    return same_matter(case.item, item)


def found_in(view: View, case: Case, sel: Selector) -> list[Match]:
    """What of the selector belongs to the case, in order of time. E2: what a key names and lies before the first
    opening counts as happening at the opening."""
    scope = Scope(
        day=view.today, holder=case.item, params=view.day(case.start),  # 9: at its opening
        belongs=lambda item: belongs_to(view, case, item, sel),
    )  # fmt: skip
    result = []
    for match in matches(view, sel, scope):
        moment = match.moment
        if moment is None or (case.bound is not None and moment >= case.bound):
            continue
        if moment < case.start:
            if not (case.rule.case and case.episode == 1):
                continue
            moment = case.start
        result.append(replace(match, moment=moment))
    return result


def is_early(view: View, case: Case) -> bool:
    """E2: whether something that is looked for in the case is dated before its first opening."""
    if not case.rule.case or case.episode != 1:
        return False
    looked_for = [
        *(case.rule.closes or ()),
        *(step.of for step in case.rule.steps if step.of),
        *(case.rule.pauses or ()),
    ]
    if case.rule.transfers:
        looked_for.append(case.rule.transfers)
    return any(
        match.item.at is not None and match.item.at < case.start and match.moment == case.start
        for sel in looked_for for match in found_in(view, case, sel)
    )  # fmt: skip


# ── pauses and transfers ─────────────────────────────────────────────────────────────────────────
def pauses_of(view: View, case: Case) -> list[tuple[int, int]]:
    """E7: from each pausing fact to the next resuming one (or to now), united."""
    if case.rule.pauses is None:
        return []
    begin, resume = (
        [m.moment for m in found_in(view, case, sel) if m.sure and m.moment is not None] for sel in case.rule.pauses
    )
    united: list[tuple[int, int]] = []
    for start in sorted(begin):
        end = min((moment for moment in resume if moment >= start), default=view.as_of)
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], end))
        else:
            united.append((start, end))
    return united


def moved(limit: int, anchor: int, pauses: list[tuple[int, int]]) -> int:
    """E7: the limit, later by the paused time between the anchor and the limit as it has been moved. A pause that has
    begun before the limit holds it until the pause ends."""
    for start, end in pauses:  # in order, apart from one another
        begin = max(start, anchor)
        if begin < min(limit, end):
            limit += end - begin
    return limit


def place_of(view: View, case: Case, moment: int) -> tuple[str | None, str | None]:
    """`here` at the moment: the case's grid and subject, or the grid of the last transfer until then."""
    grid, subject = case.item.grid, case.item.subject
    if case.rule.transfers:
        for match in found_in(view, case, case.rule.transfers):
            if match.sure and match.moment is not None and match.moment <= moment:
                grid, subject = match.item.grid, None
    return grid, subject


# ── limits ───────────────────────────────────────────────────────────────────────────────────────
def duration_of(view: View, case: Case, given: Duration | Term) -> Duration | None:
    """A duration, or the parameter's at the case's opening (9)."""
    if isinstance(given, Duration):
        return given
    value = value_of(given, env_of(view, case.item, case.item, view.day(case.start)))
    return value if isinstance(value, Duration) else None


def after(view: View, anchor: int, duration: Duration) -> int:
    return deadline(anchor, duration, view.zone, view.country)


def until_field(view: View, case: Case, name: str) -> int | None:
    """E4: the opening's field; a date is the end of that day."""
    value = field_of(view, case.item, name)
    if isinstance(value, Day):
        return view.midnight(value.day + 1)
    return value.instant if isinstance(value, Moment) else None


def lacking_in_opening(view: View, case: Case, cond: object) -> set[str]:
    return absent(cond, env_of(view, case.item, case.item, view.day(case.start)))  # type: ignore[arg-type]
