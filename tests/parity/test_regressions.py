"""Every disagreement that the parity suite found, as a case by hand: oracle and engine say the same, and rightly."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tests.parity.engine import columnar, difference
from tests.parity.kit import BLOCK, VISIT, day, fact, head, is_, it_is, parameter, post, program, sel, shop, world
from tests.parity.worlds import Case

from wuding.domain.finding import Finding
from wuding.domain.period import Every
from wuding.domain.world import World
from wuding.lang.nodes import Cmp, Duration, Field, Lit, Param
from wuding.program.model import Charter, Escalation, Limit, Patrol, Rule, Step, Target, Veto

REPORT, FIX = sel("fact", "report"), sel("fact", "fix")


def agreed(rule: Rule, asked: World, *before: Rule) -> dict[str, Finding]:
    """What both say of the rule, by period, case and step."""
    book = program(*before, rule)
    assert difference(Case(book, asked)) == ""
    found = [f for f in columnar(asked, book) if f.rule == rule.head.id]
    return {f.step or f.period or f.case: f for f in found}


def test_a_target_that_holds_has_no_due() -> None:
    rule = Target(head("t"), BLOCK, count=VISIT, reach_on=((day("2024-01-31"), it_is("<", 2)),), hold=True)
    found = agreed(rule, world(fact("visit", "2024-01-10", "B1"), as_of="2024-03-05"))
    assert (found["hold"].status, found["hold"].due) == ("reached", None)


def test_16c_a_share_of_what_may_be_nothing_has_no_value() -> None:
    early = sel("fact", "report", when=Cmp("<", Field("due", "date"), Lit(day("2024-01-01"), "date")))
    rule = Target(head("t"), BLOCK, share_of=early, share_with=FIX, reach_on=((day("2024-01-31"), it_is("<", 1)),))
    found = agreed(rule, world(fact("report", "2024-01-10", "B1", ref="R1"), as_of="2024-03-05"))["2024-01-31"]
    assert (found.status, found.value_low, found.missing) == ("undetermined", None, ("due",))


def test_t3_a_counterpart_counts_in_the_period_of_the_members() -> None:
    given = world(
        fact("report", "2024-01-30", "B1", ref="R1"), fact("fix", "2024-02-02", "B1", ref="R1"), as_of="2024-03-05"
    )
    shared = Target(head("t"), BLOCK, share_of=REPORT, share_with=FIX)
    monthly = Target(**{**vars(shared), "every": Every("month"), "reach": it_is(">=", 1)})
    assert agreed(monthly, given)["2024-01"].status == "missed"
    dated = tuple((day(date), it_is(">=", 1)) for date in ("2024-01-31", "2024-02-29"))
    found = agreed(Target(**{**vars(shared), "reach_on": dated}), given)
    assert [found[date].status for date in ("2024-01-31", "2024-02-29")] == ["missed", "reached"]


def test_15b_a_post_itself_is_its_person() -> None:
    rule = Patrol(head("p"), sel("post", "keeper"), do=sel("fact", "visit", by=("self",)), every=Every("month"))
    given = world(fact("visit", "2024-01-10", "B2", "li"), as_of="2024-02-01", posts=(post("li", "keeper", "B1"),))
    assert agreed(rule, given)["2024-01"].status == "met"


def test_v1_a_charter_that_is_fixed_may_strike() -> None:
    whole = Charter(head("c"), BLOCK, "complete", complete=("area",))
    rule = Veto(head("v"), sel("finding", "c"), "block")
    found = agreed(rule, world(as_of="2024-03-05"), whole)
    assert [(f.holder, f.status) for f in found.values()] == [("B1", "struck")]


def test_c1_what_holds_no_longer_is_not_named_as_missing() -> None:
    good = sel("fact", "licence", when=is_("grade", "a"), by=("chief",))
    rule = Charter(head("c"), sel("subject", "shop"), "have", of=good, be=it_is(">=", 1))
    old = fact("licence", "2024-01-01", "B2", subject="S1", expires="2024-01-01")
    now = fact("licence", "2024-02-12", "B2", subject="S1", grade="a")
    found = agreed(rule, world(old, now, as_of="2024-03-31", subjects=(shop("S1", "B2"),)))[""]
    assert (found.status, found.missing) == ("undetermined", ("actor",))


def test_e5_a_window_that_ended_before_the_opening_closes_at_zero() -> None:
    quiet = Step("s", "without", "opening", of=FIX, limit=Limit(until="due"))
    rule = Escalation(head("e"), REPORT, ("ref",), None, (quiet,))
    opening = fact("report", "2024-02-12", "B1", ref="R1", due="2024-01-10")
    found = agreed(rule, world(opening, as_of="2024-03-05"))
    assert (found["R1"].status, found["R1"].end) == ("closed", found["R1"].start)


def test_e3_a_step_after_the_closing_waits_and_is_overdue() -> None:
    review = Step("s", "expect", "closed", of=sel("fact", "note"), limit=Limit(Duration(7, "d")))
    rule = Escalation(head("e"), REPORT, ("ref",), (FIX,), (review,))
    facts = (fact("report", "2024-02-12", "B1", ref="R1"), fact("fix", "2024-03-01", "B1", ref="R1"))
    assert agreed(rule, world(*facts, as_of="2024-03-05"))["s"].status == "waiting"
    assert agreed(rule, world(*facts, as_of="2024-03-10"))["s"].status == "overdue"


def test_c2_a_seat_is_for_one_person() -> None:
    rule = Charter(head("c"), BLOCK, "seat", of=sel("post", "keeper"))
    two = (post("li", "keeper", "B1"), post("wu", "keeper", "B1"))
    assert [f.status for f in agreed(rule, world(as_of="2024-03-05", posts=two)).values()] == ["gap"]


def test_v1_a_week_strikes_on_its_sunday() -> None:
    weekly = Patrol(head("p"), sel("post", "keeper"), do=VISIT, every=Every("week"))
    given = world(as_of="2024-03-05", window_from="2024-02-26", posts=(post("li", "keeper", "B1", "2024-03-01"),))
    rule = Veto(head("v"), sel("finding", "p"), "post")
    found = agreed(rule, given, weekly)
    assert sorted(case.split("/")[-1] for case in found) == ["2024-W09", "2024-W10"]


def test_9_a_counterpart_reads_parameters_of_its_own_day() -> None:
    least = parameter("least", "number", {"2024-01-01": Fraction(1), "2024-03-01": Fraction(2)})
    enough = sel("fact", "visit", when=Cmp(">=", Field("people", "int"), Param("least", "number")))
    rule = Veto(head("v"), replace(REPORT, lacking=(enough,)), "block")
    report, one = fact("report", "2024-01-05", "B1", ref="R1"), {"people": 1}
    for when, status in (("2024-02-05", []), ("2024-03-02", ["struck"])):
        given = world(report, fact("visit", when, "B1", **one), as_of="2024-03-05")
        book = program(rule, parameters={"least": least})
        assert difference(Case(book, given)) == ""
        assert [f.status for f in columnar(given, book)] == status
    unknown = world(report, fact("visit", "2024-02-05", "B1"), as_of="2024-03-05")
    assert difference(Case(program(rule, parameters={"least": least}), unknown)) == ""
