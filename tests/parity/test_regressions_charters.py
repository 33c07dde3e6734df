"""Is there a task, is there a reward (C4)? Since when (C1)? Each case was a disagreement between oracle and engine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.parity.engine import columnar, difference
from tests.parity.kit import BLOCK, at, day, fact, grid, head, is_, num, program, sel, world
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


def test_c1_unknown_days_between_two_certain_answers_end_neither() -> None:
    """A licence of January, another from March on, and between them one of which it is not known whether it counts."""
    graded = sel("fact", "licence", when=is_("grade", "a"))
    rule = Charter(head("c"), BLOCK, "have", of=graded)
    licences = (
        fact("licence", "2024-01-01", "B1", grade="a", issued="2024-01-01", expires="2024-01-31"),
        fact("licence", "2024-01-20", "B1", issued="2024-01-20"),
        fact("licence", "2024-03-01", "B1", grade="a", issued="2024-03-01"),
    )  # fmt: skip
    given = world(*licences, as_of="2024-03-05", window_from="2024-01-01")
    assert difference(Case(program(rule), given)) == ""
    assert [(f.status, f.start) for f in columnar(given, program(rule))] == [("fixed", at("2024-01-01"))]


def test_c4_of_whom_the_grid_is_not_there_the_area_is_not_fixed() -> None:
    """The block begins in March, the shop is said to be in it since ever, and moves in May."""
    rule = Charter(head("c"), sel("subject"), "complete", complete=("area",))
    shops = (Subject("S1", "shop", "B9", end=day("2024-05-01")), Subject("S1", "shop", "B1", start=day("2024-05-01")))
    given = world(as_of="2024-06-01", window_from="2024-01-01", subjects=shops)
    given = replace(given, grids=(*given.grids, grid("B9", "A1", start="2024-03-01", end="2024-04-01")))
    assert difference(Case(program(rule), given)) == ""
    found = [(f.status, f.start, f.end) for f in columnar(given, program(rule))]
    assert found == [
        ("gap", at("2024-01-01"), at("2024-03-01")), ("gap", at("2024-04-01"), at("2024-05-01")),
        ("fixed", at("2024-05-01"), None),
    ]  # fmt: skip
