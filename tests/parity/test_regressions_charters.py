"""Is there a task, is there a reward (C4)? Each case was a disagreement between oracle and engine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.parity.engine import columnar, difference
from tests.parity.kit import day, fact, head, is_, num, program, sel, world
from tests.parity.worlds import Case

from wuding.assess.assessors import strata
from wuding.book.strata import ordered
from wuding.domain.period import Every
from wuding.domain.subject import Subject
from wuding.program.model import Charter, Patrol, Rule, Scoring, Selector, Veto

BLOCKS = Selector("grid", ("block",))
VISITED = Patrol(head("p"), BLOCKS, do=sel("fact", "visit"), every=Every("month"))
SCORED = Scoring(head("s"), BLOCKS, Every("month"), num(0))
STRUCK = Veto(head("v"), sel("fact", "visit"), strikes="block")


def complete(thing: str, trial: bool = False) -> Charter:
    return Charter(replace(head("c"), trial=trial), BLOCKS, "complete", complete=(thing,))


@pytest.mark.parametrize("thing, other", [("task", VISITED), ("reward", SCORED), ("reward", STRUCK)])
@pytest.mark.parametrize("trial", [False, True])
def test_23_a_live_charter_does_not_ask_for_trial_rules(thing: str, other: Rule, trial: bool) -> None:
    tried = replace(other, head=replace(other.head, trial=True))
    given = world(as_of="2024-03-05", window_from="2024-01-01")
    rules = (complete(thing, trial), tried)
    assert difference(Case(program(*rules), given)) == ""
    found = {f.status for f in columnar(given, program(*rules)) if f.rule == "c"}
    assert found == ({"fixed"} if trial else {"gap"})


@pytest.mark.parametrize("thing, other", [("task", VISITED), ("reward", SCORED), ("reward", STRUCK)])
def test_c4_a_rule_is_there_on_the_days_on_which_it_holds(thing: str, other: Rule) -> None:
    later = replace(other, head=replace(other.head, valid_from=day("2024-02-01")))
    given = world(as_of="2024-03-05", window_from="2024-01-01")
    assert difference(Case(program(complete(thing), later), given)) == ""
    gaps = [f for f in columnar(given, program(complete(thing), later)) if f.rule == "c" and f.status == "gap"]
    assert {f.detail["days"] for f in gaps} == {31}


def test_c4_whom_a_rule_is_about_changes_with_the_days() -> None:
    """A shop that becomes one of low risk has no task from then on."""
    high = Selector("subject", ("shop",), when=is_("risk", "high"))
    rules = (Charter(head("c"), Selector("subject", ("shop",)), "complete", complete=("task",)),
             Patrol(head("p"), high, do=sel("fact", "visit"), every=Every("month")))  # fmt: skip
    before = Subject("S1", "shop", "B1", fields={"risk": "high"}, end=day("2024-02-10"))
    after = Subject("S1", "shop", "B1", fields={"risk": "low"}, start=day("2024-02-10"))
    given = world(as_of="2024-03-05", window_from="2024-01-01", subjects=(before, after))
    assert difference(Case(program(*rules), given)) == ""
    (gap,) = [f for f in columnar(given, program(*rules)) if f.rule == "c"]
    assert (gap.status, gap.period) == ("gap", "2024-02-10")


def test_c4_findings_that_decide_whom_a_rule_is_about_come_first() -> None:
    missed = sel("finding", "p", when=is_("status", "missed", "text"))
    again = Patrol(head("q"), replace(BLOCKS, having=(missed,)), do=sel("fact", "visit"), every=Every("month"))
    book = program(*ordered((complete("task"), VISITED, again), {})[0])
    given = world(fact("visit", "2024-02-01", "B1"), as_of="2024-03-05", window_from="2024-02-01")
    assert [len(stratum) for stratum in strata(book)] == [1, 2]
    assert difference(Case(book, given)) == ""
