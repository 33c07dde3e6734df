"""Hand-worked answers for scores, vetoes, cases and rulings; each test names the decisions it comes from."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from typing import Any

import pytest
from tests.parity.kit import BLOCK, VISIT, at, fact, head, is_, it_is, num, parameter, post, program, sel, shop, world
from tests.parity.oracle.check import check

from wuding.domain.finding import Finding
from wuding.domain.period import Every
from wuding.lang.nodes import Arith, Cmp, Duration, Field, Param
from wuding.program.model import (
    Charter,
    Escalation,
    Item,
    Limit,
    Limits,
    Measure,
    Patrol,
    Reward,
    Rule,
    Scoring,
    Step,
    Target,
    Veto,
)

MONTH = Every("month")
MONTHLY = Patrol(head("p"), BLOCK, do=VISIT, every=MONTH)
MISSED = sel("finding", "p", when=is_("status", "missed"))


def found(rules: list[Rule], *facts: Any, as_of: str, **more: Any) -> list[Finding]:
    of = {key: more.pop(key) for key in ("parameters",) if key in more}
    return [f for f in check(program(*rules, **of), world(*facts, as_of=as_of, **more)) if f.rule == rules[-1].head.id]


# ── scoring ──────────────────────────────────────────────────────────────────────────────────────
def scored(**more: Any) -> Scoring:
    return Scoring(**{"head": head("s"), "holders": BLOCK, "every": MONTH, "start": num(100), **more})


PEOPLE = Item("people", None, False, VISIT, Arith("neg", (Field("people"),)))


def score(rule: Scoring, *facts: Any, **more: Any) -> Finding:
    return found([rule], *facts, as_of="2024-02-01", window_from="2024-01-01", **more)[0]


def visit(people: int | None = None, when: str = "2024-01-10", grid: str = "B1", **more: object) -> Any:
    return fact("visit", when, grid, **({} if people is None else {"people": people}), **more)


def test_17_findings_enter_a_score_by_the_end_of_their_period() -> None:
    item = Item("missed", None, False, MISSED, num(-5))
    result = found([MONTHLY, scored(items=(item,))], as_of="2024-03-02", window_from="2024-01-01")
    assert [(f.period, f.status, f.value_low) for f in result] == [
        ("2024-01", "scored", 95), ("2024-02", "scored", 95), ("2024-03", "running", 100)
    ]  # fmt: skip


def test_20_limits_then_categories_then_range() -> None:
    limited = (replace(PEOPLE, limit=Limits(low=F(-10)), category="x"), Item("y", "x", False, VISIT, num(-8)))
    rule = scored(items=limited, categories={"x": Limits(low=F(-15))}, range=Limits(low=F(90)))
    assert score(replace(rule, range=Limits()), visit(30)).value_low == 85  # -10 and -8, at least -15
    assert score(rule, visit(30)).value_low == 90


def test_20_a_category_may_be_a_field_of_each_thing() -> None:
    item = replace(PEOPLE, category="kind", category_field=True)
    rule = scored(items=(item,), categories={"a": Limits(low=F(-3)), "b": Limits(low=F(-20))})
    assert score(rule, visit(5, kind="a"), visit(5, kind="b"), visit(5, kind="c")).value_low == 87
    assert score(rule, visit(5)).status == "undetermined"


def test_20a_a_possible_thing_widens_and_unknown_points_leave_it_undetermined() -> None:
    item = Item("a", None, False, sel("fact", "visit", when=is_("kind", "a")), num(-5))
    result = score(scored(items=(item,)), visit())
    assert (result.status, result.value_low, result.value_high, result.missing) == ("provisional", 95, 100, ("kind",))
    unknown = score(scored(items=(PEOPLE,)), visit())
    assert (unknown.status, unknown.value_low, unknown.missing) == ("undetermined", None, ("people",))


def test_20a_if_none_stands_in() -> None:
    average = Measure("mean", "avg", of=VISIT, field="people")
    item = Item("mean", None, False, None, Field("mean"), if_none=num(-7))
    rule = scored(measures=(average,), items=(item,))
    assert score(rule).value_low == 93
    assert score(rule, visit(2), visit(3)).value_low == F("102.5")


def test_16d_the_period_before() -> None:
    before = Measure("n", "count", of=VISIT, period="previous")
    rule = scored(measures=(before,), items=(Item("n", None, False, None, Field("n")),))
    result = found([rule], visit(), as_of="2024-03-02")
    assert [f.value_low for f in result] == [100, 101, 100]


@pytest.mark.parametrize(("points", "total"), [("2.345", "102.35"), ("-200.005", "-100.01")])
def test_19_one_rounding_half_away_from_zero(points: str, total: str) -> None:
    assert score(scored(items=(Item("n", None, False, None, num(points)),))).value_low == F(total)


BANDS = (("good", Cmp(">=", Field("total"), num(96))), ("poor", None))


def test_20b_a_band_is_named_when_both_ends_fall_in_it() -> None:
    item = Item("a", None, False, sel("fact", "visit", when=is_("kind", "a")), num(-2))
    rule = scored(items=(item,), bands=BANDS)
    assert score(rule, visit()).band == "good"
    assert score(rule, visit(), visit(), visit()).band is None
    assert score(rule, *[visit(kind="a")] * 3).band == "poor"


def test_18_rank_1_1_3_inside_the_same_ancestor() -> None:
    rule = scored(holders=sel("grid", "block"), items=(PEOPLE,), rank_in="zone")
    facts = (visit(5), visit(5, grid="B2"), visit(9, grid="B3"))
    assert {f.holder: f.rank for f in found([rule], *facts, as_of="2024-01-31")} == {"B1": 1, "B2": 1, "B3": 3}
    by_area = found([replace(rule, rank_in="area", rank_order="asc")], *facts, as_of="2024-01-31")
    assert {f.holder: f.rank for f in by_area} == {"B1": 1, "B2": 1, "B3": 1}
    undetermined = found([rule], *facts, visit(), as_of="2024-01-31")
    assert {f.holder: f.rank for f in undetermined} == {"B1": None, "B2": 1, "B3": 2}


def test_20_rewards_come_last() -> None:
    good = Reward(is_("band", "good", "text"), {"bonus": 2}, "red")
    rule = scored(bands=BANDS, rewards=(good, Reward(is_("band", "poor", "text"), {})))
    assert score(rule).detail["rewards"] == [{"give": {"bonus": 2}, "list": "red"}]


def test_a_fact_is_scored() -> None:
    rule = scored(holders=VISIT, every=None, items=(Item("n", None, False, None, Field("n")),))
    rule = replace(rule, measures=(Measure("n", "count", of=sel("fact", "report", same=("grid",))),))
    result = score(rule, visit(), fact("report", "2024-01-20", "B1", ref="R1"))
    assert (result.holder_kind, result.holder, result.value_low, result.at) == ("fact", "1", 101, at("2024-01-10"))


# ── veto ─────────────────────────────────────────────────────────────────────────────────────────
BAD = sel("fact", "visit", when=is_("kind", "a"))


def veto(**more: Any) -> Veto:
    return Veto(**{"head": head("v"), "cause": BAD, "strikes": "block", "touches": ("s",), "score": F(0), **more})


def test_v1_a_veto_strikes_the_ancestor_at_its_level() -> None:
    (struck,) = found(
        [veto(strikes="area", bars=("awards",))], visit(when="2024-05-06T10:00", kind="a"), as_of="2024-06-01"
    )
    assert (struck.holder, struck.status, struck.at, struck.end) == (
        "A1",
        "struck",
        at("2024-05-06T10:00"),
        at("2025-01-01"),
    )
    assert struck.detail == {"effects": {"score": 0, "cap": None, "bars": ["awards"], "lists": []}}


def test_v1_a_veto_may_strike_a_subject_or_a_post() -> None:
    deed = fact("visit", "2024-01-10", "B1", "li", "S1", kind="a")
    more = {"as_of": "2024-02-01", "subjects": (shop("S1", "B1"),), "posts": (post("li", "keeper", "B2"),)}
    assert [f.holder for f in found([veto(strikes="subject")], deed, **more)] == ["S1"]
    assert [(f.holder_kind, f.grid) for f in found([veto(strikes="post")], deed, **more)] == [("post", "B2")]


def test_v1_the_third_cause_of_a_period_strikes() -> None:
    rule = veto(times=2, every=MONTH)
    facts = [visit(when=f"2024-0{m}-0{d}", kind="a") for m, d in ((1, 1), (1, 5), (1, 9), (2, 1))]
    (struck,) = found([rule], *facts, as_of="2024-03-01")
    assert (struck.period, struck.at, struck.low, struck.high) == ("2024-01", at("2024-01-05"), 3, 3)
    (maybe,) = found([rule], facts[0], visit(when="2024-01-07"), as_of="2024-03-01")
    assert (maybe.status, maybe.at, maybe.missing) == ("undetermined", at("2024-01-07"), ("kind",))


GAP = Charter(head("c"), BLOCK, "seat", of=sel("post", "keeper"))
LONG = sel("finding", "c", when=Cmp(">=", Field("days"), num(30)))


def test_v1_a_gap_strikes_on_the_day_its_condition_held_and_v2_again_each_year() -> None:
    rule = veto(cause=LONG)
    posts = (post("li", "keeper", "B1", end="2023-11-10"),)
    result = found([GAP, rule], as_of="2024-02-01", posts=posts, window_from="2023-11-01")
    # The thirtieth day of the gap is 9 December.
    cause = "toy/test#c@B1/2023-11-10"
    assert [f.id for f in result] == [f"toy/test#v@B1/{cause}", f"toy/test#v@B1/{cause}~2"]
    assert [(f.at, f.end) for f in result] == [
        (at("2023-12-09"), at("2024-01-01")), (at("2024-01-01"), at("2025-01-01"))
    ]  # fmt: skip
    (fixed,) = found(
        [GAP, replace(rule, lasts="until-fixed")], as_of="2024-02-01", posts=posts, window_from="2023-11-01"
    )
    assert fixed.end is None


@pytest.mark.parametrize(
    ("lasts", "scores"),
    [("year", [100, 0, 0, 0]), (Duration(20, "d"), [100, 0, 100, 100]), (Duration(2, "month"), [100, 0, 0, 100])],
)  # fmt: skip
def test_v3_scores_whose_period_contains_its_moment_or_ends_while_it_stands(lasts: Any, scores: list[int]) -> None:
    cause = visit(when="2024-02-05", kind="a")  # two months stand to the end of 5 April
    result = found([veto(lasts=lasts), scored()], cause, as_of="2024-05-01")[:4]
    assert [f.value_low for f in result] == scores
    assert result[1].detail["struck_by"] == ["v"]


def test_v3_several_take_the_least_and_a_cap_lowers() -> None:
    caps = [veto(head=head(f"v{n}"), score=None, cap=F(n)) for n in (60, 80)]
    assert found([*caps, scored()], visit(kind="a"), as_of="2024-02-01")[0].value_low == 60
    assert found([*caps, scored(start=num(50))], visit(kind="a"), as_of="2024-02-01")[0].value_low == 50


def test_v3_an_uncertain_veto_leaves_the_score_standing() -> None:
    result = found([veto(), scored()], visit(), as_of="2024-02-01")[0]
    assert (result.value_low, result.detail["pending"], result.detail["struck_by"]) == (100, ["v"], [])


def test_v3_a_veto_does_not_strike_siblings_nor_below() -> None:
    everywhere = scored(holders=sel("grid"))
    result = found([veto(strikes="area"), everywhere], visit(kind="a"), as_of="2024-01-31")
    assert {f.holder: f.value_low for f in result} == {"Z1": 100, "A1": 0, "A2": 100, "B1": 100, "B2": 100, "B3": 100}


# ── escalation ───────────────────────────────────────────────────────────────────────────────────
def case(*steps: Step, **more: Any) -> Escalation:
    return Escalation(
        **{"head": head("e"), "opens": sel("fact", "report"), "case": ("ref",), "closes": None, "steps": steps, **more}
    )


def expect(limit: Limit | None = None, **more: Any) -> Step:
    given = {"id": "fixed", "kind": "expect", "after": "opening", "of": sel("fact", "fix"), "limit": limit}
    return Step(**{**given, **more})


def tell(**more: Any) -> Step:
    return Step(**{"id": "told", "kind": "tell", "after": "opening", "tell_role": "chief", "tell_at": "here", **more})


def report(when: str = "2024-01-10T10:00", ref: str = "R1", **more: object) -> Any:
    return fact("report", when, "B1", ref=ref, **more)


def fix(when: str, ref: str = "R1", **more: object) -> Any:
    return fact("fix", when, "B1", ref=ref, **more)


def told(rule: Escalation, *facts: Any, as_of: str = "2024-03-01", **more: Any) -> dict[str, str]:
    """Step and episode: status."""
    result = found([rule], *facts, as_of=as_of, **more)
    return {(f.step or "case") + (f"~{f.episode}" if f.episode > 1 else ""): f.status for f in result}


WEEK = Limit(high=Duration(7, "d"))


@pytest.mark.parametrize(
    ("fixed", "as_of", "status", "case_status"),
    [
        ("2024-01-18", "2024-03-01", "done", "closed"), ("2024-01-18T00:00:01", "2024-03-01", "late", "late"),
        (None, "2024-01-18", "waiting", "open"), (None, "2024-01-18T00:00:01", "overdue", "late"),
    ],
)  # fmt: skip
def test_11_at_the_very_limit_is_in_time(fixed: str | None, as_of: str, status: str, case_status: str) -> None:
    facts = [report()] + ([fix(fixed)] if fixed else [])
    assert told(case(expect(WEEK)), *facts, as_of=as_of) == {"case": case_status, "fixed": status}


def test_e1_a_further_opening_joins_and_one_after_the_closing_begins_again() -> None:
    facts = (report(), report("2024-01-11"), fix("2024-01-12"), report("2024-02-01"))
    assert told(case(expect(WEEK)), *facts) == {
        "case": "closed", "fixed": "done", "case~2": "late", "fixed~2": "overdue"
    }  # fmt: skip
    first, _, second, _ = found([case(expect(WEEK))], *facts, as_of="2024-03-01")
    assert (first.start, first.end, first.at, first.case) == (
        at("2024-01-10T10:00"),
        at("2024-01-12"),
        at("2024-01-12"),
        "R1",
    )
    assert (second.episode, second.at, second.end, second.id) == (2, at("2024-02-01"), None, "toy/test#e@B1/R1~2")


def test_e1_only_possible_openings() -> None:
    rule = case(expect(WEEK), opens=sel("fact", "report", when=is_("severity", "a")))
    (only,) = found([rule], report(), as_of="2024-03-01")
    assert (only.status, only.step, only.missing) == ("undetermined", "", ("severity",))


def test_e2_a_keyed_fact_before_the_opening_counts_at_the_opening() -> None:
    result = found([case(expect(WEEK))], fix("2024-01-05"), report(), as_of="2024-03-01")
    assert [(f.status, f.at) for f in result] == [("closed", at("2024-01-10T10:00")), ("done", at("2024-01-10T10:00"))]
    assert result[0].detail == {"early": True}


def test_e2_without_key_fields_the_same_subject_or_grid_after_the_opening() -> None:
    rule = case(expect(WEEK, of=VISIT), case=())
    assert told(rule, report(), visit(when="2024-01-05"), visit(when="2024-01-11", grid="B2")) == {
        "case": "late",
        "fixed": "overdue",
    }
    assert told(rule, report(), visit(when="2024-01-11")) == {"case": "closed", "fixed": "done"}


def test_e3_a_step_whose_when_is_false_does_not_exist_and_unknown_is_undetermined() -> None:
    rule = case(expect(WEEK), tell(when=is_("severity", "a")))
    assert told(rule, report(severity="b"), fix("2024-01-12")) == {"case": "closed", "fixed": "done"}
    assert told(rule, report(), fix("2024-01-12")) == {"case": "closed", "fixed": "done", "told": "undetermined"}
    unsure = case(expect(WEEK, when=is_("severity", "a")))
    assert told(unsure, report(), fix("2024-01-12")) == {"case": "open", "fixed": "undetermined"}


def test_e3_out_of_order() -> None:
    second = expect(id="noted", after="fixed", of=sel("fact", "note"))
    facts = (report(), fact("note", "2024-01-11", "B1", ref="R1"), fix("2024-01-12"))
    assert told(case(expect(), second), *facts) == {"case": "closed", "fixed": "done", "noted": "out-of-order"}
    early = expect(Limit(Duration(72, "h"), Duration(24, "h")))
    assert told(case(early), report(), fix("2024-01-11")) == {"case": "closed", "fixed": "out-of-order"}


def test_e3_a_possible_match_that_would_change_the_status() -> None:
    rule = case(expect(WEEK, of=sel("fact", "fix", when=is_("filed", True, "bool"))))
    assert told(rule, report(), fix("2024-01-12"))["fixed"] == "undetermined"
    assert told(rule, report(), fix("2024-01-12"), fix("2024-01-11", filed=True))["fixed"] == "done"


def test_e3_without_fails_or_survives_its_window() -> None:
    quiet = Step("quiet", "without", "fixed", of=sel("fact", "note"), limit=WEEK)
    rule = case(expect(), quiet)
    note = fact("note", "2024-01-15", "B1", ref="R1")
    assert told(rule, report(), fix("2024-01-12")) == {"case": "closed", "fixed": "done", "quiet": "done"}
    assert told(rule, report(), fix("2024-01-12"), as_of="2024-01-20") == {
        "case": "open",
        "fixed": "done",
        "quiet": "waiting",
    }
    assert told(rule, report(), fix("2024-01-12"), note) == {"case": "open", "fixed": "done", "quiet": "failed"}


def test_e6_back_starts_again_with_the_failure_as_the_anchor() -> None:
    quiet = Step("quiet", "without", "fixed", of=sel("fact", "note"), limit=WEEK, else_back="fixed")
    facts = (report(), fix("2024-01-12"), fact("note", "2024-01-15", "B1", ref="R1"))
    result = found([case(expect(WEEK), quiet)], *facts, as_of="2024-01-20")
    assert [(f.step, f.status, f.start) for f in result][1:] == [
        ("fixed", "waiting", at("2024-01-15")), ("quiet", "waiting", None)
    ]  # fmt: skip
    assert result[0].detail == {"rounds": 2}
    assert told(case(expect(WEEK), quiet), *facts, fix("2024-01-16")) == {
        "case": "closed",
        "fixed": "done",
        "quiet": "done",
    }


def test_e3_tell_waits_and_is_dropped_when_the_case_closed() -> None:
    rule = case(expect(), tell(wait=Duration(48, "h")))
    assert told(rule, report(), as_of="2024-01-12")["told"] == "waiting"
    assert told(rule, report(), as_of="2024-01-12T10:00")["told"] == "waiting"  # 11: the limit has not passed
    assert told(rule, report(), as_of="2024-01-12T10:00:01")["told"] == "unstaffed"
    assert told(rule, report(), fix("2024-01-11"))["told"] == "dropped"


@pytest.mark.parametrize(("where", "to"), [("here", ["li"]), ("up", ["an", "wu"]), ("zone", [])])
def test_25_a_step_is_addressed_to_who_holds_the_role_at_its_due_time(where: str, to: list[str]) -> None:
    posts = (
        post("li", "chief", "B1", end="2024-01-20"), post("wu", "chief", "A1"), post("an", "chief", "A1"),
        post("xu", "chief", "Z1", "2024-01-20"), post("bo", "chief", "B1", subject="S1"),
    )  # fmt: skip
    step = found([case(tell(tell_at=where))], report(), as_of="2024-03-01", posts=posts)[1]
    assert (step.status, step.detail) == ("told" if to else "unstaffed", {"to": to})


def test_e4_until_a_field_a_date_is_the_end_of_that_day() -> None:
    rule = case(expect(Limit(until="due")))
    assert told(rule, report(due="2024-01-15"), fix("2024-01-16"))["fixed"] == "done"
    assert told(rule, report(due="2024-01-15"), fix("2024-01-16T00:01"))["fixed"] == "late"
    assert told(rule, report())["fixed"] == "waiting"


def test_e5_explicit_closing_drops_what_was_not_done() -> None:
    rule = case(expect(WEEK), closes=(sel("fact", "note"),))
    note = fact("note", "2024-01-12", "B1", ref="R1")
    assert told(rule, report(), note) == {"case": "closed", "fixed": "dropped"}
    assert told(rule, report(), replace(note, at=at("2024-01-20"))) == {"case": "late", "fixed": "overdue"}
    assert told(replace(rule, closes=()), report(), fix("2024-01-11")) == {"case": "open", "fixed": "done"}


def test_e7_pauses_are_united_and_move_the_limit() -> None:
    pauses = (sel("fact", "note", when=is_("kind", "a")), sel("fact", "note", when=is_("kind", "b")))
    rule = case(expect(Limit(Duration(72, "h"))), pauses=pauses)
    notes = [fact("note", f"2024-01-{d}T10:00", "B1", ref="R1", kind=k) for d, k in ((11, "a"), (12, "a"), (15, "b"))]
    step = found([rule], report(), *notes, as_of="2024-03-01")[1]
    assert (step.due, step.status) == (at("2024-01-17T10:00"), "overdue")  # 13 January and four paused days


def test_e7_a_transfer_changes_here_alone() -> None:
    rule = case(tell(wait=Duration(2, "d")), transfers=sel("fact", "note"))
    moved = fact("note", "2024-01-11", "B3", ref="R1")
    posts = (post("li", "chief", "B1"), post("wu", "chief", "B3"))
    step = found([rule], report(), moved, as_of="2024-03-01", posts=posts)[1]
    assert (step.detail, step.grid, step.due) == ({"to": ["wu"]}, "B1", at("2024-01-13"))


def test_9_a_case_takes_its_parameters_at_its_opening() -> None:
    rule = case(expect(Limit(Param("grace", "duration"))))
    grace = parameter("grace", "duration", {"2024-01-01": Duration(2, "d"), "2024-01-11": Duration(9, "d")})
    assert told(rule, report(), as_of="2024-01-14", parameters={"grace": grace})["fixed"] == "overdue"


# ── rulings ──────────────────────────────────────────────────────────────────────────────────────
def waiver(recorded: str, **more: object) -> Any:
    return fact("waiver", recorded, **{"rule": "p", "holder": "B1", "from": "2024-01-01", "to": "2024-01-31", **more})


def missed(*facts: Any) -> list[str]:
    return [f.status for f in found([MONTHLY], *facts, as_of="2024-03-02", window_from="2024-01-01")]


def test_23_a_waiver_covers_a_breach_whose_moment_lies_in_it() -> None:
    assert missed(waiver("2024-01-05")) == ["waived", "missed", "due"]
    assert missed(waiver("2024-01-05", to="2024-01-30")) == ["missed", "missed", "due"]
    assert missed(waiver("2024-02-05")) == ["missed", "missed", "due"]
    assert missed(waiver("2024-02-05", retroactive=True)) == ["waived", "missed", "due"]
    assert missed(waiver("2024-01-05", holder="B2")) == ["missed", "missed", "due"]


def test_23_an_upheld_appeal_overturns_before_any_other_rule_reads() -> None:
    appeal = fact("appeal", "2024-02-20", finding="toy/test#p@B1/2024-01", upheld=True)
    assert missed(appeal) == ["overturned", "missed", "due"]
    rule = scored(items=(Item("missed", None, False, MISSED, num(-5)),))
    result = found([MONTHLY, rule], appeal, as_of="2024-03-02", window_from="2024-01-01")
    assert [f.value_low for f in result] == [100, 95, 100]


def test_23_live_rules_see_no_trial_rule() -> None:
    trial = replace(MONTHLY, head=replace(MONTHLY.head, trial=True))
    item = Item("missed", None, False, MISSED, num(-5))
    given: dict[str, Any] = {"as_of": "2024-02-01", "window_from": "2024-01-01"}
    assert found([trial, scored(items=(item,))], **given)[0].value_low == 100
    on_trial = scored(items=(item,), head=head("s", trial=True))
    assert found([trial, on_trial], **given)[0].value_low == 95


def test_17a_and_27_ids_and_moments() -> None:
    old = replace(MONTHLY, head=replace(MONTHLY.head, was=("patrol",), variant="x"))
    first = check(program(old), world(as_of="2024-02-01", window_from="2024-01-01"))[0]
    assert (first.id, first.at) == ("toy/test#patrol[x]@B1/2024-01", at("2024-02-01") - 1)
    rule = Target(head("t"), BLOCK, count=MISSED, every=MONTH, reach=it_is("=", 0))
    both = check(program(old, rule), world(as_of="2024-02-02", window_from="2024-01-01"))
    assert [f.status for f in both if f.rule == "t"] == ["missed", "on-course"]
