"""Counterparts (`with`, `without`): who and what they are asked of, and up to when. Each case was a disagreement."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from tests.parity.engine import columnar, difference
from tests.parity.kit import BLOCK, VISIT, fact, grid, head, is_, it_is, num, parameter, post, program, sel, shop, world
from tests.parity.worlds import Case

from wuding.domain.finding import Finding
from wuding.domain.period import Every
from wuding.domain.world import World
from wuding.lang.nodes import Cmp, Duration, Field, Holder, Param
from wuding.program.model import Escalation, Item, Measure, Patrol, Rule, Scoring, Target

REPORT = sel("fact", "report")
FIXED = sel("fact", "fix", when=is_("filed", True, "bool"))
PEOPLE = Cmp(">=", Field("people", "int"), Holder("size", "int"))
SHOP = sel("subject", "shop")


def agreed(rule: Rule, asked: World, **more: object) -> dict[str, Finding]:
    """What both say of the rule, by holder and period."""
    book = program(rule, **more)
    assert difference(Case(book, asked)) == ""
    return {f"{f.holder}/{f.period}": f for f in columnar(asked, book)}


def test_15d_a_counterpart_is_compared_with_the_holder() -> None:
    """Each shop wants a report followed by a visit of at least `size` people."""
    attended = replace(sel("fact", "visit", when=PEOPLE), within=Duration(3, "d"))
    shops = (shop("S1", "B1", size=1), shop("S2", "B1", size=2))
    facts = [
        fact(type, "2024-01-10", "B1", subject=id, **given)
        for id in ("S1", "S2")
        for type, given in (("report", {"ref": id}), ("visit", {"people": 1}))
    ]
    given = world(*facts, as_of="2024-02-01", window_from="2024-01-01", subjects=shops)
    for having, lacking, status in (((attended,), (), ["met", "missed"]), ((), (attended,), ["missed", "met"])):
        do = replace(REPORT, having=having, lacking=lacking)
        found = agreed(Patrol(head("p"), SHOP, do=do, every=Every("month")), given)
        assert [found[f"{id}/2024-01"].status for id in ("S1", "S2")] == status


def test_15d_the_counterpart_of_a_counterpart_is_compared_too() -> None:
    near = sel("fact", "visit", same=("grid",), having=(sel("fact", "visit", when=PEOPLE),))
    do = replace(REPORT, having=(near,))
    facts = (fact("report", "2024-01-10", "B1", subject="S1", ref="R"), fact("visit", "2024-01-11", "B1", people=0))
    rule = Patrol(head("p"), SHOP, do=do, every=Every("month"))
    for people, status in ((1, "missed"), (2, "met")):
        given = world(
            *facts, fact("visit", "2024-01-12", "B1", people=people), as_of="2024-02-01", window_from="2024-01-01",
            subjects=(shop("S1", "B1", size=2),),
        )  # fmt: skip
        assert agreed(rule, given)["S1/2024-01"].status == status


@pytest.mark.parametrize(("having", "lacking", "values"), [((FIXED,), (), (0, 1)), ((), (FIXED,), (1, 0))])
def test_t1_what_happens_after_a_date_is_not_seen_by_counterparts(having, lacking, values) -> None:  # type: ignore[no-untyped-def]
    """By 31 January the report was not fixed, whatever came in February."""
    of = replace(REPORT, having=having, lacking=lacking)
    dates = tuple((day, it_is(">=", 1)) for day in (19753, 19782))  # 31 January, 29 February
    rule = Target(head("t"), BLOCK, count=of, reach_on=dates)
    facts = (fact("report", "2024-01-10", "B1", ref="R"), fact("fix", "2024-02-05", "B1", ref="R", filed=True))
    found = agreed(rule, world(*facts, as_of="2024-03-05"))
    assert [found[f"B1/{day}"].value_low for day in ("2024-01-31", "2024-02-29")] == list(values)


def test_t1_nor_by_the_counterparts_of_a_share() -> None:
    visited = sel("fact", "visit", having=(FIXED,), same=("grid",))
    rule = Target(head("t"), BLOCK, share_of=REPORT, share_with=visited, reach_on=((19753, it_is("=", 1)),))
    report, visit = fact("report", "2024-01-10", "B1", ref="R"), fact("visit", "2024-01-11", "B1")
    for day, value in (("2024-01-31T23:00", 1), ("2024-02-01T00:00", 0)):
        given = world(report, visit, fact("fix", day, "B1", ref="R", filed=True), as_of="2024-03-05")
        assert agreed(rule, given)["B1/2024-01-31"].value_low == value


def test_13_what_waits_for_two_windows_stands_at_the_end_of_the_later() -> None:
    quiet = tuple(
        sel("fact", "note", when=is_("kind", kind), within=Duration(days, "d"))
        for kind, days in (("a", 20), ("b", 7))
    )  # fmt: skip
    rule = Patrol(head("p"), BLOCK, do=replace(REPORT, lacking=quiet), every=Every("month"))
    report = fact("report", "2024-01-20", "B1", ref="R")
    for kind, day, months in (("b", "2024-02-05", {"2024-02"}), ("b", "2024-01-27", set()), ("a", "2024-02-05", set())):
        given = world(report, fact("note", day, "B1", ref="R", kind=kind), as_of="2024-04-01", window_from="2024-01-01")
        met = {f.period for f in agreed(rule, given).values() if f.status == "met"}
        assert met == months


def test_15d_who_did_the_counterpart_is_asked_of_the_thing() -> None:
    """An area counts the reports below that the keeper of the report's own block fixed."""
    fixed = sel("fact", "fix", by=("keeper",))
    do = replace(REPORT, having=(fixed,), within="subtree")
    rule = Patrol(head("p"), sel("grid", "area"), do=do, every=Every("month"))
    facts = (fact("report", "2024-01-10", "B1", ref="R"), fact("fix", "2024-01-11", "B1", by="li", ref="R"))
    for place, status in (("B1", "met"), ("A1", "missed"), ("B2", "missed")):
        given = world(*facts, as_of="2024-02-01", window_from="2024-01-01", posts=(post("li", "keeper", place),))
        assert agreed(rule, given)["A1/2024-01"].status == status


def test_16b_a_counterpart_that_stands_is_looked_at_on_the_day_of_the_thing() -> None:
    large = sel("subject", "shop", when=Cmp(">=", Field("size", "int"), num(2)))
    rule = Patrol(head("p"), BLOCK, do=replace(VISIT, having=(large,)), every=Every("month"))
    grown = (shop("S1", "B1", end="2024-02-01", size=1), shop("S1", "B1", start="2024-02-01", size=2))
    facts = [fact("visit", day, "B1", subject="S1") for day in ("2024-01-31", "2024-02-01")]
    found = agreed(rule, world(*facts, as_of="2024-03-01", window_from="2024-01-01", subjects=grown))
    assert [found[f"B1/{month}"].status for month in ("2024-01", "2024-02")] == ["missed", "met"]


def test_9_a_counterpart_that_stands_reads_parameters_too() -> None:
    least = {"least": parameter("least", "number", {"2024-01-01": Fraction(1), "2024-02-01": Fraction(2)})}
    enough = sel("subject", "shop", when=Cmp(">=", Field("size", "int"), Param("least", "number")))
    rule = Patrol(head("p"), BLOCK, do=replace(VISIT, having=(enough,)), every=Every("month"))
    facts = [fact("visit", day, "B1", subject="S1") for day in ("2024-01-31", "2024-02-01")]
    given = world(*facts, as_of="2024-03-01", window_from="2024-01-01", subjects=(shop("S1", "B1", size=1),))
    found = agreed(rule, given, parameters=least)
    assert [found[f"B1/{month}"].status for month in ("2024-01", "2024-02")] == ["met", "missed"]


def test_16a_a_share_names_what_its_condition_lacks() -> None:
    share = Measure("m", "share", of=REPORT, share_when=is_("severity", "b"))
    rule = Target(
        head("t"), BLOCK, measures=(share,), value=Field("m", "number"), every=Every("month"), reach=it_is("=", 1)
    )
    given = world(fact("report", "2024-01-10", "B1", ref="R"), as_of="2024-02-01")
    assert agreed(rule, given)["B1/2024-01"].missing == ("severity",)


@pytest.mark.parametrize("deep", [1, 2, 3, 4])
def test_15d_counterparts_of_counterparts_however_deep(deep: int) -> None:
    """Visits to a block, each of which wants another of enough people: three deep the names of columns ran out."""
    near = sel("fact", "visit", when=PEOPLE, same=("grid",))
    for _ in range(deep):
        near = sel("fact", "visit", same=("grid",), having=(near,))
    rule = Patrol(head("p"), SHOP, do=replace(REPORT, having=(near,)), every=Every("month"))
    report = fact("report", "2024-01-10", "B1", subject="S1", ref="R")
    for people, status in ((1, "missed"), (2, "met")):
        visits = [fact("visit", f"2024-01-{11 + n}", "B1", people=people) for n in range(deep + 1)]
        given = world(
            report, *visits, as_of="2024-02-01", window_from="2024-01-01", subjects=(shop("S1", "B1", size=2),)
        )
        assert agreed(rule, given)["S1/2024-01"].status == status


def test_16d_in_the_period_before_a_counterpart_counts_up_to_its_end() -> None:
    """A note of the first moment of a month is none of the month before."""
    noted = sel("subject", "shop", having=(sel("fact", "note"),))
    rule = Scoring(
        head("s"), sel("subject"), Every("month"), num(0), (Measure("m", "count", of=noted, period="previous"),),
        (Item("i", None, False, None, Field("m", "number")),),
    )  # fmt: skip
    given = world(fact("note", "2024-02-01", "B1", subject="S1"), as_of="2024-04-01", window_from="2024-02-01",
                  subjects=(shop("S1", "B1"),))  # fmt: skip
    assert difference(Case(program(rule), given)) == ""
    assert {f.period: f.value_low for f in columnar(given, program(rule))} == {"2024-02": 0, "2024-03": 1}


def test_14a_a_finding_about_a_fact_belongs_to_that_fact() -> None:
    """Two visits in one grid, each with a finding of its own."""
    must = Patrol(head("p"), sel("fact", "visit"), must=is_("filed", True, "bool"))
    missed = sel("finding", "p", when=is_("status", "missed"))
    score = Scoring(
        head("s"), sel("fact", "visit"), None, num(100), (), (Item("i", None, False, missed, num(-5)),)
    )  # fmt: skip
    case = Escalation(head("e"), sel("fact", "visit", having=(missed,)), (), None, ())
    given = world(
        fact("visit", "2024-01-10", "B1", filed=True), fact("visit", "2024-01-11", "B1", filed=False),
        as_of="2024-02-01",
    )  # fmt: skip
    book = program(must, score, case)
    assert difference(Case(book, given)) == ""
    found = columnar(given, book)
    assert {f.holder: f.value_low for f in found if f.rule == "s"} == {"1": 100, "2": 95}
    assert [f.case for f in found if f.rule == "e"] == ["2"]


def test_14a_a_finding_of_a_keyed_case_belongs_to_a_fact_that_names_the_case() -> None:
    case = Escalation(head("e"), sel("fact", "report"), ("ref",), (), ())
    each = sel("finding", "e")
    fixes = Scoring(head("s"), sel("fact", "fix"), None, num(0), (), (Item("i", None, False, each, num(1)),))
    visits = Scoring(head("v"), sel("fact", "visit"), None, num(0), (), (Item("i", None, False, each, num(1)),))
    given = world(
        fact("report", "2024-01-10", "B1", ref="R1"), fact("report", "2024-01-10", "B1", ref="R2"),
        fact("fix", "2024-01-11", "B2", ref="R1"), fact("fix", "2024-01-11", "B1", ref="R3"),
        fact("visit", "2024-01-11", "B1"), as_of="2024-02-01",
    )  # fmt: skip
    book = program(case, fixes, visits)
    assert difference(Case(book, given)) == ""
    assert {f.holder: f.value_low for f in columnar(given, book) if f.value_low is not None} == {"3": 1, "4": 0, "5": 0}


def test_14a_of_a_post_its_own_days_count_wherever_its_grid_lay() -> None:
    """The block moved to another area after the fix."""
    fixing = sel("post", having=(sel("fact", "fix"),))
    rule = Target(head("t"), sel("grid", "area"), count=fixing, every=Every("year"), reach=it_is(">=", 1))
    given = world(fact("fix", "2024-01-01", "B1", "li"), as_of="2024-03-02", posts=(post("li", "keeper", "B2"),),
                  window_from="2024-01-01")  # fmt: skip
    moved = (grid("B2", "A1", end="2024-01-10"), grid("B2", "A2", start="2024-01-10"))
    given = replace(given, grids=(*(g for g in given.grids if g.code != "B2"), *moved))
    assert difference(Case(program(rule), given)) == ""
    assert {f.holder: f.value_low for f in columnar(given, program(rule))} == {"A1": 0, "A2": 1}
