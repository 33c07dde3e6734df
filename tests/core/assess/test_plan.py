"""Whom a change touches: who cannot count otherwise than before is not asked again (semantics 30)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from tests.parity.history import changes
from tests.parity.kit import correction, fact, head, is_, it_is, num, program, sel, world

from wuding.assess import check, conclude, snapshot_of_world
from wuding.assess.check import Concluded
from wuding.domain.fact import Fact
from wuding.domain.period import Every
from wuding.domain.world import World
from wuding.engines.columnar.scope import Scope
from wuding.lang.nodes import Cmp, Field
from wuding.program.model import Escalation, Item, Patrol, Program, Scoring, Target

FILED = sel("fact", "visit", when=is_("filed", True, "bool"))
MISSED = sel("finding", "p", when=is_("status", "missed"))
SEEN = Patrol(head("p"), sel("grid", "block"), do=FILED, every=Every("month"), times=num(2))
SCORE = Scoring(
    head("s"), sel("grid", "block"), Every("month"), num(100), (), (Item("i", None, False, MISSED, num(-5)),)
)
DATE = 19_844  # 2024-05-01
SHARE = Target(
    head("t"), sel("grid", "area"), share_of=sel("grid", "block"), share_with=FILED, reach_on=((DATE, it_is(">", 0)),)
)


def visit(when: str, block: str, **fields: object) -> Fact:
    return fact("visit", when, block, **fields)


def went_on(book: Program, *moments: World) -> Concluded:
    """The last of several checks, each going on from the one before, and saying what a check of everything says."""
    past = conclude(book, snapshot_of_world(moments[0], book))
    for before, now in pairwise(moments):
        snap = snapshot_of_world(now, book)
        past = conclude(book, snap, past, changes(book, before, now))
        assert past.frame.sort("id").equals(check(book, snap).sort("id"))
    return past


def scopes(book: Program, *moments: World) -> dict[str, Scope | None]:
    return dict(went_on(book, *moments).scopes)


def known(*facts: Fact, as_of: str = "2024-04-10") -> World:
    return world(*facts, as_of=as_of, window_from="2024-01-01")


def test_a_fact_that_does_not_meet_the_condition_touches_nobody() -> None:
    old = visit("2024-04-01", "B1", filed=True)
    for new, touched in ((False, set()), (True, {"B2"}), (None, {"B2"})):
        fields = {} if new is None else {"filed": new}
        scope = scopes(program(SEEN), known(old), known(old, visit("2024-04-02", "B2", **fields)))["p"]
        assert scope is not None
        assert scope.pairs.get("2024-04", frozenset()) == touched


def test_a_finding_that_met_no_condition_and_meets_none_now_touches_no_score() -> None:
    """A second visit of April changes what is due in April; of March it makes up for what was missed."""
    old = (visit("2024-03-01", "B1", filed=True), visit("2024-04-01", "B1", filed=True))
    book = program(SEEN, SCORE)
    running = scopes(book, known(*old), known(*old, visit("2024-04-02", "B1", filed=True)))
    assert running["p"] and not running["s"]
    over = scopes(book, known(*old), known(*old, visit("2024-03-02", "B1", filed=True)))
    assert over["s"] is not None and over["s"].pairs == {"2024-03": frozenset({"B1"})}


def test_a_member_that_counts_already_is_not_asked_for_once_more() -> None:
    old, again, first = (visit("2024-04-01", block, filed=True) for block in ("B1", "B1", "B3"))
    book = program(SHARE)
    assert not scopes(book, known(old), known(old, again))["t"]
    for before in ((old,), (old, again)):
        scope = scopes(book, known(*before), known(*before, first))["t"]
        assert scope is not None and scope.holders == {"B3", "A2", "Z1"}


@pytest.mark.parametrize("first", [{}, {"filed": True}])
def test_a_member_that_may_have_counted_is_asked_for_when_it_does(first: dict[str, object]) -> None:
    old, new = visit("2024-04-01", "B1", **first), visit("2024-04-02", "B1", filed=True)
    scope = scopes(program(SHARE), known(old), known(old, new))["t"]
    assert scope is not None
    assert scope.holders == (frozenset() if first else {"B1", "A1", "Z1"})


def test_after_a_correction_members_are_looked_at_anew() -> None:
    """What was kept of them may be wrong now: it is dropped, and made again when the rule is assessed whole."""
    old = (visit("2024-04-01", "B1", filed=True), visit("2024-04-01", "B3", filed=True))
    voided = (*old, correction(1, "2024-04-05", None))
    later = (*voided, visit("2024-04-06", "B1", filed=True))
    found = went_on(program(SHARE), known(*old), known(*voided), known(*later))
    assert found.frame.filter(holder="A1").get_column("value_low").to_list() == [500_000]


def test_a_later_fact_than_the_date_touches_no_share() -> None:
    old, new = visit("2024-04-01", "B1", filed=True), visit("2024-05-03", "B3", filed=True)
    moments = [known(*facts, as_of=day) for facts, day in (((old,), "2024-05-02"), ((old, new), "2024-05-04"))]
    assert not scopes(program(SHARE), *moments)["t"]


def test_what_holds_is_asked_again_as_time_passes() -> None:
    holding = replace(SHARE, hold=True, reach_on=((DATE, it_is("<", 1)),))
    old, new = visit("2024-04-01", "B1", filed=True), visit("2024-05-03", "B2", filed=True)
    moments = [known(*facts, as_of=day) for facts, day in (((old,), "2024-05-02"), ((old, new), "2024-05-04"))]
    found = went_on(program(holding), *moments).frame
    assert found.filter(holder="A1", period="hold").get_column("status").to_list() == ["missed"]


def test_where_the_domain_has_changed_nothing_stands() -> None:
    """What was kept speaks of a field and of a type that there are no more."""
    told = tuple(visit("2024-04-01", block, filed=True, people=2) for block in ("B1", "B3"))
    case = Escalation(head("e"), sel("fact", "report"), ("ref",), None, ())
    crowd = replace(SHARE, share_with=sel("fact", "visit", when=Cmp(">", Field("people", "int"), num(1))))
    before = program(crowd, case)
    past = conclude(before, snapshot_of_world(known(*told), before))
    visits = before.domain.facts["visit"]
    less = replace(visits, fields={k: v for k, v in visits.fields.items() if k != "people"})
    kept = {name: thing for name, thing in before.domain.facts.items() if name != "report"}
    book = replace(program(SHARE), domain=replace(before.domain, facts={**kept, "visit": less}))
    now = known(*(replace(f, fields={"filed": True}) for f in told), visit("2024-04-02", "B2", filed=True))
    snap = snapshot_of_world(now, book)
    found = conclude(book, snap, past, changes(book, known(), now))
    assert found.scopes == {"t": None}
    assert found.frame.equals(check(book, snap))
