"""Which fields are named as missing. Each case was a disagreement between oracle and engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.parity.engine import columnar, difference
from tests.parity.kit import day, fact, head, is_, it_is, num, program, sel, shop, world
from tests.parity.worlds import Case

from wuding.domain.period import Every
from wuding.lang.nodes import Arith, Cmp, Duration, Field, Holder
from wuding.program.model import Charter, Item, Measure, Patrol, Rule, Scoring, Target

ENOUGH = Cmp(">=", Field("people", "int"), Holder("size", "int"))
SIZE, PEOPLE, MONTH, ONE = Holder("size", "int"), Field("people", "int"), Every("month"), it_is(">=", 1)
SHOP, VISIT, DONE = sel("subject", "shop"), sel("fact", "visit"), sel("fact", "visit", when=ENOUGH)
M = Field("m", "number")


def each(points: Arith | Holder | Field) -> Item:
    return Item("i", None, False, VISIT, points)


def added(points: Arith | Holder | Field) -> Item:
    return Item("i", None, False, None, points)


@pytest.mark.parametrize(
    "rule",
    [
        Patrol(head("r"), SHOP, do=DONE, every=MONTH),
        Patrol(head("r"), SHOP, do=DONE, apart=Duration(3, "d")),
        Charter(head("r"), SHOP, "have", of=DONE, be=ONE),
        Target(head("r"), SHOP, count=DONE, reach=ONE, every=MONTH),
        Target(head("r"), SHOP, share_of=VISIT, share_when=ENOUGH, reach=ONE, every=MONTH),
        Target(head("r"), SHOP, measures=(Measure("m", "count", of=DONE),), value=M, reach=ONE, every=MONTH),
        Scoring(head("r"), SHOP, MONTH, num(0), items=(Item("i", None, False, DONE, num(1)),)),
        Scoring(head("r"), SHOP, MONTH, num(0), items=(each(Arith("+", (SIZE, PEOPLE))),)),
        Scoring(head("r"), SHOP, MONTH, num(0), measures=(Measure("m", "count", of=DONE),), items=(added(M),)),
    ],
)
@pytest.mark.parametrize(("given", "missing"), [({}, {"people", "size"}), ({"people": 2}, {"size"})])
def test_16a_a_field_of_the_holder_is_named_too(rule: Rule, given: Mapping[str, int], missing: set[str]) -> None:
    """Whether two people are enough for a shop depends on its size."""
    there = world(
        fact("visit", "2024-03-05", "B1", subject="S1", **given), as_of="2024-04-01", window_from="2024-03-01",
        subjects=(shop("S1", "B1"),),
    )  # fmt: skip
    assert difference(Case(program(rule), there)) == ""
    assert {name for f in columnar(there, program(rule)) for name in f.missing} == missing


@pytest.mark.parametrize(
    "rule",
    [
        Scoring(head("r"), SHOP, MONTH, SIZE),
        Scoring(head("r"), SHOP, MONTH, num(0), items=(added(SIZE),)),
        Target(head("r"), SHOP, measures=(Measure("m", "count", of=VISIT),), value=Arith("/", (M, SIZE)), reach=ONE,
               every=MONTH),
    ],
)  # fmt: skip
def test_16a_so_is_one_that_points_or_a_value_read(rule: Rule) -> None:
    there = world(as_of="2024-04-01", window_from="2024-03-01", subjects=(shop("S1", "B1"),))
    assert difference(Case(program(rule), there)) == ""
    assert [(f.status, f.missing) for f in columnar(there, program(rule))] == [("undetermined", ("size",))]


def test_16a_not_where_something_else_stands_in() -> None:
    """What the score lacks is the points of each visit; the other item counts nothing at all."""
    rest = Item("rest", None, False, None, SIZE, if_none=num(1))
    rule = Scoring(head("r"), SHOP, MONTH, num(0), items=(rest, each(PEOPLE)))
    there = world(
        fact("visit", "2024-03-05", "B1", subject="S1"), as_of="2024-04-01", window_from="2024-03-01",
        subjects=(shop("S1", "B1"),),
    )  # fmt: skip
    assert difference(Case(program(rule), there)) == ""
    assert [f.missing for f in columnar(there, program(rule))] == [("people",)]


@pytest.mark.parametrize("scored", [True, False])
def test_17a_a_fact_that_waited_is_asked_for_its_own_moment(scored: bool) -> None:
    """A report that counts when no visit came on its day, nor within two: at its own moment, and both windows begin
    with it."""
    alone = tuple(sel("fact", "visit", within=Duration(n, "d")) for n in (0, 2))
    report = sel("fact", "report", lacking=alone)
    rule = Scoring(head("r"), report, None, num(0)) if scored else Patrol(head("r"), report, must=is_("severity", "a"))
    reported = fact("report", "2024-03-05T10:00", "B1")
    there = world(reported, fact("visit", "2024-03-08T12:00", "B1"), as_of="2024-04-01", window_from="2024-03-01")
    assert difference(Case(program(rule), there)) == ""
    assert [f.at for f in columnar(there, program(rule))] == [reported.at]


@pytest.mark.parametrize("when", [{"every": Every("year"), "reach": ONE}, {"reach_on": ((day("2024-12-31"), ONE),)}])
def test_8a_who_may_be_asked_or_not_is_undetermined_also_while_the_time_runs(when: dict[str, Any]) -> None:
    large = sel("subject", "shop", when=Cmp(">=", Field("size", "int"), num(2)))
    rule = Target(head("t"), large, count=VISIT, **when)
    given = world(as_of="2024-03-31", subjects=(shop("S1", "B2"),))
    assert difference(Case(program(rule), given)) == ""
    (found,) = columnar(given, program(rule))
    assert (found.status, found.missing) == ("undetermined", ("size",))
