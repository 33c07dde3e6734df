"""Every disagreement that the parity suite found, as a case by hand: oracle and engine say the same, and rightly."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tests.parity.engine import columnar, difference
from tests.parity.kit import (
    BLOCK,
    VISIT,
    at,
    day,
    fact,
    head,
    is_,
    it_is,
    num,
    parameter,
    post,
    program,
    sel,
    shop,
    world,
)
from tests.parity.worlds import Case

from wuding.domain.finding import Finding
from wuding.domain.period import Every
from wuding.domain.world import World
from wuding.lang.nodes import Cmp, Duration, Field, Lit, Param
from wuding.program.model import (
    Charter,
    Escalation,
    Item,
    Limit,
    Limits,
    Patrol,
    Rule,
    Scoring,
    Selector,
    Step,
    Target,
    Veto,
)

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


def steps_of(*steps: Step, closes: tuple[Selector, ...] | None = (), **more: object) -> Escalation:
    return Escalation(head("e"), REPORT, ("ref",), closes, steps, **more)  # type: ignore[arg-type]


def test_v2_what_is_no_gap_strikes_for_ever() -> None:
    monthly = Patrol(head("p"), BLOCK, do=VISIT, every=Every("month"))
    rule = Veto(head("v"), sel("finding", "p"), "block", lasts="until-fixed")
    assert {f.end for f in agreed(rule, world(as_of="2024-02-01", window_from="2024-01-01"), monthly).values()} == {
        None
    }


def test_p1_a_stretch_cut_short_is_skipped_though_something_possible_lies_in_it() -> None:
    some = sel("fact", "visit", when=is_("kind", "a"))
    rule = Patrol(replace(head("p"), valid_to=day("2024-03-05")), BLOCK, do=some, apart=Duration(1, "month"))
    given = world(fact("visit", "2024-03-03", "B1"), as_of="2024-03-06", window_from="2024-03-01")
    assert agreed(rule, given)["2024-03-01"].status == "skipped"


def test_11_a_notice_that_waits_goes_out_when_its_limit_has_passed() -> None:
    rule = steps_of(Step("s", "tell", "opening", wait=Duration(48, "h"), tell_role="chief", tell_at="here"))
    opening = fact("report", "2024-03-03T10:00", "B1", ref="R1")
    for as_of, status in (("2024-03-05T10:00", "waiting"), ("2024-03-05T10:00:01", "unstaffed")):
        assert agreed(rule, world(opening, as_of=as_of))["s"].status == status


def test_e3_what_comes_after_a_failure_does_not_begin_and_after_a_doubt_is_in_doubt() -> None:
    bad = sel("fact", "note", when=is_("kind", "a"))
    quiet = Step("s", "without", "opening", of=bad, limit=Limit(Duration(7, "d")))
    rule = steps_of(
        quiet, Step("t", "expect", "s", of=VISIT), Step("u", "tell", "s", tell_role="chief", tell_at="here")
    )
    opening = fact("report", "2024-01-03", "B1", ref="R1")
    failed = agreed(rule, world(opening, fact("note", "2024-01-04", "B1", ref="R1", kind="a"), as_of="2024-02-01"))
    assert [failed[step].status for step in "stu"] == ["failed", "waiting", "waiting"]
    doubt = agreed(rule, world(opening, fact("note", "2024-01-04", "B1", ref="R1"), as_of="2024-02-01"))
    assert [(doubt[step].status, doubt[step].missing) for step in "st"] == [("undetermined", ("kind",))] * 2


def test_e7_the_wait_of_a_notice_is_paused() -> None:
    pauses = tuple(sel("fact", "note", when=is_("kind", kind)) for kind in "ab")
    later = Step("s", "tell", "opening", wait=Duration(48, "h"), tell_role="chief", tell_at="here")
    pause = [fact("note", f"2024-01-0{n}", "B1", ref="R1", kind=kind) for n, kind in ((4, "a"), (6, "b"))]
    found = agreed(
        steps_of(later, pauses=pauses), world(fact("report", "2024-01-03", "B1", ref="R1"), *pause, as_of="2024-02-01")
    )
    assert found["s"].due == found["R1"].start + 4 * 86_400_000_000


def test_e5_what_is_expected_after_a_notice_closes_the_case() -> None:
    notice = Step("s", "tell", "opening", tell_role="chief", tell_at="here")
    rule = steps_of(notice, Step("t", "expect", "s", of=FIX), closes=None)
    facts = (fact("report", "2024-01-03", "B1", ref="R1"), fact("fix", "2024-01-05", "B1", ref="R1"))
    found = agreed(rule, world(*facts, as_of="2024-02-01"))
    assert (found["R1"].status, found["s"].status, found["t"].status) == ("closed", "unstaffed", "done")


def test_16b_what_stands_has_the_counterparts_of_its_date() -> None:
    """Shops of blocks that were visited: the visits up to the date; as many as there are now, otherwise."""
    visited = sel("subject", "shop", having=(sel("fact", "visit", same=("grid",)),))
    rule = Target(
        head("t"), BLOCK, count=visited, reach_on=tuple((day(d), it_is("=", 1)) for d in ("2024-01-31", "2024-02-29"))
    )
    given = world(fact("visit", "2024-02-10", "B1"), as_of="2024-03-05", subjects=(shop("S1", "B1"),))
    found = agreed(rule, given)
    assert [found[date].status for date in ("2024-01-31", "2024-02-29")] == ["missed", "reached"]
    lonely = Target(
        head("t"), BLOCK, count=sel("subject", "shop", lacking=(sel("fact", "visit", same=("grid",)),)),
        every=Every("month"), reach=it_is("=", 1),
    )  # fmt: skip
    assert [agreed(lonely, given)[month].status for month in ("2024-01", "2024-02")] == ["reached", "missed"]


def test_14a_same_of_nothing_is_everything_that_stands() -> None:
    rule = Target(
        head("t"),
        sel("subject", "shop"),
        count=sel("subject", "shop", same=()),
        every=Every("month"),
        reach=it_is("=", 2),
    )
    given = world(as_of="2024-02-01", subjects=(shop("S1", "B1"), shop("S2", "B2")), window_from=day("2024-01-01"))
    assert agreed(rule, given)["2024-01"].status == "reached"


def test_c1_a_gap_lies_where_the_holder_was_when_it_began() -> None:
    rule = Charter(head("c"), sel("subject", "shop"), "seat", of=sel("post", "keeper"))
    moved = (shop("S1", "B2", end="2024-01-10"), shop("S1", "B3", start="2024-01-10"))
    found = agreed(rule, world(as_of="2024-03-31", window_from="2024-01-01", subjects=moved))
    assert found["2024-01-01"].grid == "B2"


def test_8a_a_holder_that_may_be_none_owes_no_stretches() -> None:
    low = sel("subject", "shop", when=is_("risk", "low"))
    rule = Patrol(head("p"), low, do=VISIT, apart=Duration(10, "d"))
    given = world(
        fact("visit", "2024-01-20", "B1", subject="S1"), as_of="2024-01-31", subjects=(shop("S1", "B1"),),
        window_from="2024-01-01",
    )  # fmt: skip
    found = agreed(rule, given)
    assert [(f.status, f.missing, f.end, f.due) for f in found.values()] == [("undetermined", ("risk",), None, None)]


def test_8a_a_holder_that_may_be_none_reaches_no_value() -> None:
    low = sel("subject", "shop", when=is_("risk", "low"))
    rule = Target(head("t"), low, count=VISIT, reach_on=((day("2024-02-12"), it_is("<", 2)),))
    visit = fact("visit", "2024-01-20", "B1", subject="S1")
    found = agreed(rule, world(visit, as_of="2024-03-05", subjects=(shop("S1", "B1"),)))["2024-02-12"]
    assert (found.status, found.value_low, found.missing) == ("undetermined", None, ("risk",))


def test_15_a_post_at_the_subject_of_the_deed_counts_for_the_grid() -> None:
    rule = Patrol(head("p"), BLOCK, do=sel("fact", "visit", by=("keeper",)), every=Every("year"))
    li = post("li", "keeper", "B1", subject="S1")
    for subject, status in (("S1", "met"), ("S2", "missed"), (None, "missed")):
        given = world(
            fact("visit", "2023-02-12", "B1", "li", subject), as_of="2024-01-01", posts=(li,),
            subjects=(shop("S1", "B1"), shop("S2", "B1")),
        )  # fmt: skip
        assert agreed(rule, given)["2023"].status == status


def test_15_who_is_at_a_subject_is_asked_of_the_grid_in_which_it_was() -> None:
    moved = (shop("S1", "B1", end="2024-01-10"), shop("S1", "B2", start="2024-01-10"))
    rule = Patrol(head("p"), sel("subject", "shop"), do=sel("fact", "visit", by=("keeper",)), every=Every("month"))
    for when, place, status in (
        ("2024-01-05", "B1", "met"),
        ("2024-01-20", "B2", "met"),
        ("2024-01-20", "B1", "missed"),
    ):
        given = world(
            fact("visit", when, place, "li", "S1"), as_of="2024-02-01", subjects=moved,
            posts=(post("li", "keeper", place),),
        )  # fmt: skip
        given = replace(given, facts=(replace(given.facts[0], grid="B1" if when < "2024-01-10" else "B2"),))
        assert agreed(rule, given)["2024-01"].status == status


def test_23_an_appeal_acts_on_breaches_alone_and_on_waived_ones_too() -> None:
    rule = Patrol(head("p"), BLOCK, do=VISIT, every=Every("month"))
    names = [f"toy/test#p@B1/2024-0{n}" for n in (1, 2, 3)]
    appeals = [fact("appeal", "2024-03-10", finding=name, upheld=True) for name in names]
    waiver = fact("waiver", "2024-01-01", rule="p", holder="B1", **{"from": "2024-01-01"})
    given = world(fact("visit", "2024-02-12", "B1"), *appeals, waiver, as_of="2024-03-31", window_from="2024-01-01")
    found = agreed(rule, given)
    assert [found[f"2024-0{n}"].status for n in (1, 2, 3)] == ["overturned", "met", "due"]


def test_23_a_waiver_of_a_rule_covers_its_variants_and_steps_under_any_name() -> None:
    overdue = Step("s", "expect", "opening", of=FIX, limit=Limit(Duration(2, "d")))
    rule = Escalation(head("e", "x", was=("old",)), REPORT, ("ref",), None, (overdue,))
    for name, step in (
        ("e", "waived"), ("old", "waived"), ("e[x]", "waived"), ("e.s", "waived"), ("old[x].s", "waived"),
        ("e[y]", "overdue"), ("e.t", "overdue"), ("s", "overdue"),
    ):  # fmt: skip
        waiver = fact("waiver", "2024-01-01", rule=name, holder="B1", **{"from": "2024-01-01"})
        given = world(fact("report", "2024-01-10", "B1", ref="R"), waiver, as_of="2024-02-01")
        found = {f.step: f.status for f in columnar(given, program(rule))}
        assert difference(Case(program(rule), given)) == ""
        assert found["s"] == step


def each_kind(limit: Limits | None = None) -> Item:
    return Item("i", "kind", True, VISIT, num(-5), limit)


def test_20a_one_category_with_a_limit() -> None:
    rule = Scoring(head("s"), BLOCK, Every("month"), num(100), items=(each_kind(Limits(low=Fraction(-3))),))
    given = world(fact("visit", "2024-01-10", "B1", kind="a"), as_of="2024-02-01")
    assert agreed(rule, given)["2024-01"].value_low == 97


def test_20a_points_of_no_known_category_are_unknown() -> None:
    rule = Scoring(head("s"), BLOCK, Every("month"), num(100), items=(each_kind(),))
    given = world(fact("visit", "2024-01-10", "B1"), as_of="2024-02-01")
    found = agreed(rule, given)["2024-01"]
    assert (found.status, found.missing) == ("undetermined", ("kind",))


def test_e1_what_comes_after_the_next_opening_belongs_to_that() -> None:
    """Closed on 10 January, opened again on 28 February: a fix of March is no deed after the first closing."""
    step = Step("s", "expect", "closed", of=sel("fact", "fix", when=is_("filed", True, "bool")))
    rule = Escalation(head("e"), REPORT, ("ref",), (FIX,), (step,))
    facts = (
        fact("report", "2024-01-01", "B1", ref="R"), fact("fix", "2024-01-10", "B1", ref="R", filed=False),
        fact("report", "2024-02-28", "B1", ref="R"), fact("fix", "2024-03-03", "B1", ref="R"),
    )  # fmt: skip
    given = world(*facts, as_of="2024-04-05")
    found = {f.episode: f.status for f in columnar(given, program(rule)) if f.step}
    assert difference(Case(program(rule), given)) == ""
    assert found[1] == "waiting"


def test_e1_what_resumes_a_case_after_the_next_opening_resumes_that() -> None:
    """Paused and done on 2 January, opened again in February: the pause of the first case lasts until now."""
    note = sel("fact", "note")
    step = Step("s", "expect", "opening", of=note, limit=Limit(high=Duration(48, "h")))
    rule = Escalation(head("e"), REPORT, ("ref",), None, (step,), pauses=(note, FIX))
    facts = (
        fact("report", "2024-01-01", "B1", ref="R"), fact("note", "2024-01-02", "B1", ref="R"),
        fact("report", "2024-02-01", "B1", ref="R"), fact("fix", "2024-02-02", "B1", ref="R"),
    )  # fmt: skip
    given = world(*facts, as_of="2024-03-05")
    assert difference(Case(program(rule), given)) == ""
    found = {f.episode: f.due for f in columnar(given, program(rule)) if f.step}
    assert found == {1: at("2024-03-06"), 2: at("2024-02-03")}


def test_e2_a_case_that_is_paused_and_opened_again_is_still_early() -> None:
    """Fixed before it was reported, and reported once more later."""
    rule = Escalation(head("e"), REPORT, ("ref",), (FIX,), (), pauses=(sel("fact", "note"), sel("fact", "note")))
    facts = (
        fact("fix", "2023-12-31", "B1", ref="R"), fact("report", "2024-01-01", "B1", ref="R"),
        fact("report", "2024-02-01", "B1", ref="R"),
    )  # fmt: skip
    given = world(*facts, as_of="2024-03-05")
    assert difference(Case(program(rule), given)) == ""
    assert [f.detail for f in columnar(given, program(rule))] == [{"early": True}, {}]


def test_v1_what_is_not_there_is_not_struck() -> None:
    rule = Veto(head("v"), VISIT, "subject")
    opened = (shop("S1", "B1", start="2024-02-01"),)
    for when, struck in (("2024-01-31", []), ("2024-02-01", ["S1"])):
        given = world(fact("visit", when, "B1", subject="S1"), as_of="2024-03-05", subjects=opened)
        assert [f.holder for f in agreed(rule, given).values()] == struck
