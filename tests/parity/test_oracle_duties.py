"""Hand-worked answers for charters, patrols and targets; each test names the decisions it comes from."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from typing import Any

import pytest
from tests.parity import kit
from tests.parity.kit import at, day, fact, head, is_, it_is, num, post, program, sel, shop, world
from tests.parity.oracle import days
from tests.parity.oracle.check import check

from wuding.domain.period import Every
from wuding.lang.nodes import Arith, Cmp, Duration, Field, Has, Holder, Not, Param
from wuding.program.model import Charter, Measure, Patrol, Rule, Target

BLOCK = sel("grid", "block", when=is_("code", "B1"))
VISIT = sel("fact", "visit")
MONTHLY = Patrol(head("p"), BLOCK, do=VISIT, every=Every("month"))


def say(rules: Rule | list[Rule], *facts: Any, as_of: str, **more: Any) -> dict[str, str]:
    """Period (or the holder, or the step): status."""
    of = {key: more.pop(key) for key in ("parameters", "calendar", "grid", "retroactive", "zone") if key in more}
    rules = rules if isinstance(rules, list) else [rules]
    found = check(program(*rules, **of), world(*facts, as_of=as_of, **more))
    return {f.period or f.holder: f.status for f in found if f.rule == rules[-1].head.id}


def one(rule: Rule, *facts: Any, as_of: str, **more: Any) -> Any:
    (found,) = check(program(rule, parameters=more.pop("parameters", {})), world(*facts, as_of=as_of, **more))
    return found


# ── time ─────────────────────────────────────────────────────────────────────────────────────────
def test_2_a_patrol_counts_when_it_happened_not_when_it_was_recorded() -> None:
    late = replace(fact("visit", "2024-05-30T10:00", "B1"), recorded=at("2024-06-03"))
    assert say(MONTHLY, late, as_of="2024-06-10", window_from="2024-05-01") == {"2024-05": "met", "2024-06": "due"}


def test_2a_a_period_has_ended_at_its_end_and_later_facts_are_not_seen() -> None:
    later = fact("visit", "2024-05-31T23:00", "B1")
    assert say(MONTHLY, later, as_of="2024-05-31T22:59", window_from="2024-05-01") == {"2024-05": "due"}
    assert say(MONTHLY, as_of="2024-06-01", window_from="2024-05-01") == {"2024-05": "missed"}


def test_2b_the_window_begins_with_the_year_of_the_earliest_fact() -> None:
    assert len(say(MONTHLY, fact("visit", "2023-05-30", "B1"), as_of="2024-02-10")) == 14
    assert list(say(MONTHLY, as_of="2024-01-01")) == [f"2023-{m:02d}" for m in range(1, 13)]


def test_4_the_last_correction_wins_and_may_move_or_void() -> None:
    visit = fact("visit", "2024-01-10", "B1")
    moved = kit.correction(1, "2024-02-03", fact("visit", "2024-02-02", "B1"))
    void = kit.correction(1, "2024-02-04", None)
    assert say(MONTHLY, visit, moved, as_of="2024-02-10") == {"2024-01": "missed", "2024-02": "met"}
    assert say(MONTHLY, visit, moved, void, as_of="2024-02-10", window_from="2024-01-01")["2024-02"] == "due"
    undone = kit.correction(3, "2024-02-05", None)
    assert say(MONTHLY, visit, moved, void, undone, as_of="2024-02-10")["2024-02"] == "met"


def test_7_a_week_belongs_to_the_month_of_its_thursday() -> None:
    weekly = Patrol(head("w"), BLOCK, do=VISIT, every=Every("week"))
    count = Target(
        head("t"),
        BLOCK,
        count=sel("finding", "w", when=is_("status", "missed")),
        every=Every("month"),
        reach=it_is("=", 0),
    )
    found = check(program(weekly, count), world(as_of="2024-03-01", window_from="2024-01-29"))
    # 29 January to 4 February has its Thursday on 1 February: five weeks fall in February, the last is running.
    assert [(f.period, f.value_low) for f in found if f.rule == "t"] == [("2024-01", 0), ("2024-02", 4)]


def test_7b_workdays_skip_holidays_and_take_in_working_weekends() -> None:
    assert not days.is_workday(day("2024-02-12"), "CN")  # spring festival
    assert days.is_workday(day("2024-02-18"), "CN")  # a Sunday made a working day
    daily = Patrol(head("d"), BLOCK, do=VISIT, every=Every("workday"))
    assert list(say(daily, as_of="2024-02-20T08:00", window_from="2024-02-09")) == [
        "2024-02-09",
        "2024-02-18",
        "2024-02-19",
        "2024-02-20",
    ]


@pytest.mark.parametrize(("opened", "status"), [("2024-04-16", "missed"), ("2024-04-17", "skipped")])
def test_8_a_period_is_owed_when_the_holder_existed_for_half_of_it(opened: str, status: str) -> None:
    rule = Patrol(head("p"), sel("subject", "shop"), do=VISIT, every=Every("month"))
    found = say(rule, as_of="2024-05-02", window_from="2024-01-01", subjects=(shop("S1", "B1", opened),))
    assert found == {"2024-04": status, "2024-05": "due"}


def test_8_partial_any_and_none() -> None:
    shops = {"subjects": (shop("S1", "B1", "2024-04-17"),), "window_from": "2024-04-01"}
    for partial, status in (("any", "missed"), ("none", "skipped")):
        rule = Patrol(head("p"), sel("subject", "shop"), do=VISIT, every=Every("month"), partial=partial)  # type: ignore[arg-type]
        assert say(rule, as_of="2024-05-01T08:00", **shops) == {"2024-04": status, "2024-05": "due"}


def test_8_a_season_takes_the_periods_with_half_of_their_days_in_it() -> None:
    weekly = Patrol(head("w"), BLOCK, do=VISIT, every=Every("week"), during="spring")
    # W09 (26 February to 3 March) has three days of March; W10 all seven.
    assert list(say(weekly, as_of="2024-03-06", window_from="2024-02-01")) == ["2024-W10"]
    rest = Patrol(head("w"), BLOCK, do=VISIT, every=Every("week"), excluded="spring")
    assert list(say(rest, as_of="2024-03-06", window_from="2024-02-19")) == ["2024-W08", "2024-W09"]


def test_8a_a_holder_that_may_not_be_selected_is_undetermined() -> None:
    rule = Patrol(head("p"), sel("subject", "shop", when=is_("risk", "high")), do=VISIT, every=Every("month"))
    found = one(rule, as_of="2024-01-20", subjects=(shop("S1", "B1"),))
    assert (found.status, found.missing) == ("undetermined", ("risk",))


def test_9_parameters_are_read_at_the_start_of_the_period() -> None:
    rule = Patrol(head("p"), BLOCK, do=VISIT, times=Param("n", "number"), every=Every("month"))
    twice = kit.parameter("n", "number", {"2024-01-01": F(1), "2024-02-10": F(2)})
    visits = [fact("visit", f"2024-0{m}-15", "B1") for m in (1, 2, 3)]
    assert say(rule, *visits, as_of="2024-04-02", parameters={"n": twice}) == {
        "2024-01": "met", "2024-02": "met", "2024-03": "missed", "2024-04": "due"
    }  # fmt: skip


def test_9a_a_table_by_grid_gives_the_value_of_the_nearest_ancestor() -> None:
    rule = Patrol(head("p"), sel("grid", "block"), do=VISIT, times=Param("n", "number"), every=Every("month"))
    table = kit.parameter("n", "number", {"2024-01-01": {"A1": F(1), "B2": F(2)}}, by=("grid",))
    visits = [fact("visit", "2024-01-15", code) for code in ("B1", "B2", "B3")]
    found = check(program(rule, parameters={"n": table}), world(*visits, as_of="2024-02-01"))
    january = {f.holder: f.status for f in found if f.period == "2024-01"}
    assert january == {"B1": "met", "B2": "missed", "B3": "undetermined"}  # nothing above B3 has a value


def test_10_an_edition_is_valid_from_the_day_it_is_put_into_force() -> None:
    given = {"as_of": "2024-03-02", "window_from": "2024-01-01", "in_force": (day("2024-02-16"), None)}
    assert say(MONTHLY, **given) == {"2024-02": "skipped", "2024-03": "due"}  # 14 of 29 days
    assert say(MONTHLY, retroactive=True, **given) == {"2024-01": "missed", "2024-02": "missed", "2024-03": "due"}


def test_11_calendar_durations_end_with_their_last_day() -> None:
    for text, n, unit, end in (
        ("2024-06-01T10:00", 7, "d", "2024-06-09"), ("2024-06-01T10:00", 48, "h", "2024-06-03T10:00"),
        ("2024-01-31T10:00", 1, "month", "2024-03-01"), ("2024-02-29T10:00", 1, "year", "2025-03-01"),
        ("2024-02-09T10:00", 1, "workday", "2024-02-19"),
    ):  # fmt: skip
        assert days.deadline(at(text), Duration(n, unit), kit.ZONE, "CN") == at(end)


def test_13_a_window_is_pending_until_it_ends_and_counts_in_the_period_of_its_end() -> None:
    unfixed = sel("fact", "report", lacking=(sel("fact", "fix", within=Duration(7, "d")),))
    rule = Patrol(head("p"), BLOCK, do=unfixed, every=Every("month"))
    report = fact("report", "2024-01-28T10:00", "B1", ref="R1")
    assert say(rule, report, as_of="2024-02-05") == {"2024-01": "missed", "2024-02": "due"}
    assert say(rule, report, as_of="2024-02-05T00:01") == {"2024-01": "missed", "2024-02": "met"}
    fixed = fact("fix", "2024-02-04T23:00", "B1", ref="R1")
    assert say(rule, report, fixed, as_of="2024-02-06") == {"2024-01": "missed", "2024-02": "due"}


# ── counting ─────────────────────────────────────────────────────────────────────────────────────
def test_14_a_duty_is_met_in_the_grid_itself() -> None:
    area = sel("grid", "area", when=is_("code", "A1"))
    below = fact("visit", "2024-01-10", "B1")
    for within, status in ((None, "missed"), ("subtree", "met")):
        rule = Patrol(head("p"), area, do=sel("fact", "visit", within=within), every=Every("month"))
        assert say(rule, below, as_of="2024-02-01")["2024-01"] == status


def test_14a_same_replaces_belonging() -> None:
    anywhere = Patrol(head("p"), BLOCK, do=sel("fact", "visit", same=()), every=Every("month"))
    assert say(anywhere, fact("visit", "2024-01-10", "B3"), as_of="2024-02-01")["2024-01"] == "met"


KEPT = Patrol(head("p"), BLOCK, do=sel("fact", "visit", by=("keeper",)), every=Every("month"))
STAFF = (post("li", "keeper", "B1"), post("wu", "keeper", "B1", capacity="A"), post("xu", "keeper", "B1", capacity="B"))


def by(person: str | None, *more: Any, posts: Any = STAFF) -> str:
    return say(KEPT, fact("visit", "2024-01-10", "B1", person), *more, as_of="2024-02-01", posts=posts)["2024-01"]


def away(person: str) -> Any:
    return fact("absence", "2024-01-05", **{"person": person, "from": "2024-01-10", "to": "2024-01-10"})


def test_15_a_deputy_counts_while_those_before_him_are_away() -> None:
    assert by("li") == "met"
    assert by("wu") == "missed"
    assert by("wu", away("li")) == "met"
    assert by("xu", away("li")) == "missed"
    assert by("xu", away("li"), away("wu")) == "met"
    assert by("wu", posts=STAFF[1:]) == "met"  # nobody appointed is not present either


def test_15_the_actor_must_hold_the_role_there_on_that_day() -> None:
    assert by("li", posts=(post("li", "keeper", "B2"),)) == "missed"
    assert by("li", posts=(post("li", "keeper", "B1", end="2024-01-10"),)) == "missed"
    assert by("li", posts=(post("li", "keeper", "B1", subject="S1"),)) == "missed"
    assert by(None) == "undetermined"  # a deed without an actor


def test_15a_who_sees_the_subtree_acts_for_what_is_below() -> None:
    rule = Patrol(head("p"), BLOCK, do=sel("fact", "visit", by=("chief",)), every=Every("month"))
    for place, status in (("Z1", "met"), ("A1", "met"), ("A2", "missed")):
        posts = (post("li", "chief", place),)
        assert say(rule, fact("visit", "2024-01-10", "B1", "li"), as_of="2024-02-01", posts=posts)["2024-01"] == status


def test_15b_by_self() -> None:
    rule = Patrol(head("p"), sel("subject", "shop"), do=sel("fact", "visit", by=("self",)), every=Every("month"))
    for actor, status in (("S1", "met"), ("li", "missed")):
        visit = fact("visit", "2024-01-10", "B1", actor, "S1")
        assert say(rule, visit, as_of="2024-02-01", subjects=(shop("S1", "B1"),))["2024-01"] == status


def test_16_a_missing_field_widens_the_count() -> None:
    rule = Patrol(
        head("p"), BLOCK, do=sel("fact", "visit", when=is_("filed", True, "bool")), times=num(2), every=Every("month")
    )
    unknown, filed = fact("visit", "2024-01-10", "B1"), fact("visit", "2024-01-11", "B1", filed=True)
    found = check(program(rule), world(unknown, filed, as_of="2024-01-31"))[0]
    assert (found.status, found.low, found.high, found.missing) == ("undetermined", 1, 2, ("filed",))
    assert say(rule, unknown, as_of="2024-02-01")["2024-01"] == "missed"
    assert say(rule, unknown, filed, filed, as_of="2024-02-01")["2024-01"] == "met"


def test_16_present_and_absent_are_never_unknown() -> None:
    absent = Patrol(head("p"), BLOCK, do=sel("fact", "visit", when=Not(Has(Field("filed")))), every=Every("month"))
    assert say(absent, fact("visit", "2024-01-10", "B1"), as_of="2024-02-01")["2024-01"] == "met"


def test_16b_with_and_without() -> None:
    report, maybe = fact("report", "2024-01-10", "B1", ref="R1"), fact("fix", "2024-01-20", "B1", ref="R1")
    good = sel("fact", "fix", when=is_("filed", True, "bool"))
    for word in ("having", "lacking"):
        rule = Patrol(head("p"), BLOCK, do=sel("fact", "report", **{word: (good,)}), every=Every("month"))
        assert say(rule, report, maybe, as_of="2024-02-01")["2024-01"] == "undetermined"
    other = fact("fix", "2024-01-20", "B1", ref="R2", filed=True)
    assert say(rule, report, other, as_of="2024-02-01")["2024-01"] == "met"  # it fixes something else


def test_16b_distinct() -> None:
    rule = Patrol(head("p"), BLOCK, do=sel("fact", "visit", distinct="kind"), times=num(2), every=Every("month"))
    visits = [fact("visit", "2024-01-10", "B1", kind=k) for k in ("a", "a")]
    found = check(program(rule), world(*visits, fact("visit", "2024-01-11", "B1"), as_of="2024-02-01"))[0]
    assert (found.low, found.high, found.status) == (1, 2, "undetermined")


# ── patrol ───────────────────────────────────────────────────────────────────────────────────────
def test_p1_stretches_between_two() -> None:
    rule = Patrol(head("p"), BLOCK, do=VISIT, apart=Duration(10, "d"))
    visits = [fact("visit", f"2024-01-{d}T10:00", "B1") for d in ("08", "25")]
    found = check(program(rule), world(*visits, as_of="2024-02-01"))
    assert [(f.period, f.status) for f in found] == [
        ("2024-01-01", "met"),
        ("2024-01-08", "missed"),
        ("2024-01-25", "due"),
    ]
    assert [f.at for f in found] == [at("2024-01-08T10:00"), at("2024-01-19"), at("2024-02-05")]


def test_p1_a_possible_fact_makes_the_stretch_undetermined() -> None:
    rule = Patrol(head("p"), BLOCK, do=sel("fact", "visit", when=is_("kind", "a")), apart=Duration(10, "d"))
    found = say(rule, fact("visit", "2024-01-05", "B1"), as_of="2024-02-01")
    assert found == {"2024-01-01": "undetermined"}
    found = say(rule, fact("visit", "2024-01-20", "B1"), as_of="2024-02-01")
    assert found == {"2024-01-01": "missed"}


def test_p2_each_fact_must() -> None:
    rule = Patrol(head("p"), sel("fact", "visit", when=is_("kind", "a")), must=Cmp(">=", Field("people"), num(2)))
    visits = [
        fact("visit", "2024-01-05", "B1", kind="a", people=2), fact("visit", "2024-01-05", "B1", kind="a", people=1),
        fact("visit", "2024-01-05", "B1", kind="a"), fact("visit", "2024-01-05", "B1", kind="b", people=1),
    ]  # fmt: skip
    assert say(rule, *visits, as_of="2024-02-01") == {"1": "met", "2": "missed", "3": "undetermined"}


# ── charter ──────────────────────────────────────────────────────────────────────────────────────
SEAT = Charter(head("named"), BLOCK, "seat", of=sel("post", "keeper"))


def test_c1_a_manager_resigns_and_a_new_one_comes() -> None:
    posts = (post("li", "keeper", "B1", end="2024-03-01"), post("wu", "keeper", "B1", "2024-03-11"))
    gap, fixed = check(program(SEAT), world(as_of="2024-05-01", posts=posts))
    assert (gap.period, gap.detail, gap.start, gap.end) == (
        "2024-03-01",
        {"days": 10},
        at("2024-03-01"),
        at("2024-03-11"),
    )
    assert (fixed.status, fixed.period, fixed.start, fixed.low) == ("fixed", "", at("2024-03-11"), 1)


def test_c1_the_current_gap_has_no_end_and_counts_to_as_of() -> None:
    for as_of, length in (("2024-01-11", 10), ("2024-01-11T00:01", 11)):
        gap = one(SEAT, as_of=as_of)
        assert (gap.status, gap.end, gap.detail["days"], gap.low) == ("gap", None, length, 0)


def test_c1_unknown_days_end_no_spell() -> None:
    rule = Charter(head("c"), sel("subject"), "must", must=Cmp(">=", Field("size"), num(5)))
    versions = (shop("S1", "B1", "2024-01-01", "2024-01-05", size=1), shop("S1", "B1", "2024-01-05"))
    gap, unknown = check(program(rule), world(as_of="2024-01-08", subjects=versions, window_from="2024-01-01"))
    assert (gap.status, gap.end, gap.detail["days"]) == ("gap", None, 7)
    assert (unknown.status, unknown.missing) == ("undetermined", ("size",))


def test_c2_also_deputy_and_exclusive() -> None:
    li = post("li", "keeper", "B1")
    also = replace(SEAT, also="chief")
    assert one(also, as_of="2024-01-05", posts=(li,)).status == "gap"
    assert one(also, as_of="2024-01-05", posts=(li, post("li", "chief", "B1"))).status == "fixed"
    deputy = replace(SEAT, deputy="required")
    assert one(deputy, as_of="2024-01-05", posts=(li,)).status == "gap"
    assert one(deputy, as_of="2024-01-05", posts=STAFF[:2]).status == "fixed"
    near = replace(SEAT, deputy="neighbour")
    assert one(near, as_of="2024-01-05", posts=STAFF[:2]).status == "gap"
    assert one(near, as_of="2024-01-05", posts=(*STAFF[:2], post("wu", "keeper", "B2"))).status == "fixed"
    alone = replace(SEAT, holders=sel("grid", "block"), exclusive="yes")
    posts = (li, post("li", "keeper", "B2"), post("wu", "keeper", "B3"))
    assert say(alone, as_of="2024-01-05", posts=posts) == {"2024-01-01": "gap", "B3": "fixed"}


def test_c3_a_licence_holds_from_a_day_to_a_day() -> None:
    rule = Charter(head("c"), sel("subject"), "have", of=sel("fact", "licence"), be=it_is(">=", 1))
    licence = fact("licence", "2024-01-20", "B1", subject="S1", issued="2024-01-03", expires="2024-01-05")
    found = check(program(rule), world(licence, as_of="2024-02-01", subjects=(shop("S1", "B1"),)))
    assert [(f.period, f.detail["days"]) for f in found] == [("2024-01-01", 2), ("2024-01-06", 26)]


def test_c3_count_is_over_the_subtree() -> None:
    rule = Charter(head("c"), sel("grid", "area"), "count", of=sel("grid", "block"), be=it_is("=", 2))
    found = check(program(rule), world(as_of="2024-01-05"))
    assert [(f.holder, f.status, f.low) for f in found] == [("A1", "fixed", 2), ("A2", "gap", 1)]


def test_c4_duties_and_completeness() -> None:
    posts = (post("li", "keeper", "B1"),)
    duties = Charter(head("c"), BLOCK, "duties", duties=("watch", "lead"))
    assert one(duties, as_of="2024-01-05", posts=posts).status == "gap"
    assert one(duties, as_of="2024-01-05", posts=(*posts, post("wu", "chief", "B1"))).status == "fixed"
    complete = Charter(head("c"), BLOCK, "complete", complete=("area", "person", "duty", "task"))
    assert say([MONTHLY, complete], as_of="2024-01-05", posts=posts) == {"B1": "fixed"}
    assert say([replace(MONTHLY, holders=sel("subject")), complete], as_of="2024-01-05", posts=posts) == {
        "2024-01-01": "gap"
    }


def test_c5_without_boundaries_a_partition_is_undetermined() -> None:
    rule = Charter(head("c"), sel("grid", "zone"), "partition", of=sel("grid", "area"))
    found = one(rule, as_of="2024-01-05")
    assert (found.status, found.missing) == ("undetermined", ("boundary",))


# ── targets ──────────────────────────────────────────────────────────────────────────────────────
AREA = sel("grid", "area", when=is_("code", "A1"))


def test_t1_dates_look_at_everything_up_to_then() -> None:
    dates = tuple((day(text), it_is(">=", n)) for text, n in (("2024-01-31", 1), ("2024-02-29", 3), ("2024-06-30", 5)))
    rule = Target(head("t"), AREA, count=VISIT, reach_on=dates)
    visits = [fact("visit", when, "B1") for when in ("2023-05-01", "2024-02-10", "2024-03-01")]
    found = check(program(rule), world(*visits, as_of="2024-03-01"))
    assert [(f.period, f.status, f.value_low) for f in found] == [
        ("2024-01-31", "reached", 1), ("2024-02-29", "missed", 2), ("2024-06-30", "on-course", 3)
    ]  # fmt: skip
    assert found[0].at == at("2024-02-01") - 1


def test_t2_hold_says_whether_the_last_date_still_holds() -> None:
    fixed = sel("fact", "report", lacking=(sel("fact", "fix"),))
    rule = Target(head("t"), AREA, count=fixed, reach_on=((day("2024-01-31"), it_is("=", 0)),), hold=True)
    report = fact("report", "2024-02-10", "B1", ref="R1")
    assert say(rule, report, as_of="2024-03-01") == {"2024-01-31": "reached", "hold": "missed"}


def test_t3_share_and_16c_its_interval() -> None:
    rule = Target(
        head("t"), AREA, share_of=sel("fact", "report"), share_with=sel("fact", "fix", when=is_("filed", True, "bool")),
        every=Every("month"), reach=it_is(">=", "0.5"),
    )  # fmt: skip
    reports = [fact("report", "2024-01-10", "B1", ref=f"R{n}") for n in range(4)]
    fixes = [fact("fix", "2024-01-12", "B1", ref="R0", filed=True), fact("fix", "2024-01-12", "B1", ref="R1")]
    found = check(program(rule), world(*reports, *fixes, as_of="2024-02-01"))[0]
    assert (found.status, found.value_low, found.value_high) == ("undetermined", F(1, 4), F(1, 2))
    empty = check(program(rule), world(as_of="2024-01-31", window_from="2023-12-01"))[0]
    assert (empty.status, empty.value_low) == ("undetermined", None)


def test_16c_sum_of_nothing_is_0_and_a_missing_field_makes_it_unknown() -> None:
    total = Measure("n", "sum", of=VISIT, field="people")
    rule = Target(head("t"), AREA, measures=(total,), value=Field("n"), every=Every("month"), reach=it_is(">=", 1))
    assert say(rule, as_of="2024-02-01", window_from="2024-01-01")["2024-01"] == "missed"
    unknown = fact("visit", "2024-01-05", "B1")
    found = check(program(rule), world(unknown, as_of="2024-02-01"))[0]
    assert (found.status, found.missing) == ("undetermined", ("people",))


def test_16c_dividing_by_an_interval_that_holds_zero_is_unknown() -> None:
    count = Measure("n", "count", of=VISIT)
    value = Arith("/", (num(1), Field("n")))
    rule = Target(head("t"), AREA, measures=(count,), value=value, every=Every("month"), reach=it_is("<=", 1))
    assert say(rule, as_of="2024-02-01", window_from="2024-01-01")["2024-01"] == "undetermined"
    assert say(rule, fact("visit", "2024-01-05", "B2"), as_of="2024-02-01")["2024-01"] == "reached"


def test_16d_last_per_keeps_the_latest() -> None:
    latest = Measure("n", "sum", of=VISIT, field="people", last_per=("kind",))
    rule = Target(head("t"), AREA, measures=(latest,), value=Field("n"), every=Every("month"), reach=it_is("=", 7))
    visits = [fact("visit", f"2024-01-0{n}", "B1", kind=k, people=n) for n, k in ((1, "a"), (2, "b"), (5, "a"))]
    assert say(rule, *visits, as_of="2024-02-01")["2024-01"] == "reached"


def test_holder_fields_are_those_at_the_start_of_the_period() -> None:
    rule = Patrol(head("p"), sel("subject"), do=VISIT, times=Holder("size", "int"), every=Every("month"))
    versions = (shop("S1", "B1", end="2024-01-20", size=1), shop("S1", "B1", "2024-01-20", size=3))
    visit = fact("visit", "2024-01-25", "B1", subject="S1")
    assert say(rule, visit, as_of="2024-02-02", subjects=versions) == {"2024-01": "met", "2024-02": "due"}
