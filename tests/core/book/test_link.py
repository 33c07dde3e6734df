"""What a book becomes: names, types, variants, defaults, order."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from wuding.domain.period import Every
from wuding.errors import Diagnostic
from wuding.lang.nodes import And, Arith, Cmp, Duration, Field, Lit, OneOf, Param
from wuding.program.model import (
    Charter,
    Escalation,
    Label,
    Limits,
    Patrol,
    Program,
    Scoring,
    Season,
    Selector,
    Target,
    Veto,
)

Load = Callable[..., tuple[Program | None, list[Diagnostic]]]
RULE = "patrol:\n  - {id: walk, for: {grid: park}, do: {fact: round}, every: month, clause: p1.1}\n"


@pytest.fixture(scope="module")
def city(linked: Load) -> Program:
    program, problems = linked((Path(__file__).parent / "city.yaml").read_text(encoding="utf-8"))
    assert [one.code for one in problems] == ["WD313"], problems  # `year` cites no clause
    assert program is not None
    return program


def rule(program: Program, key: str) -> object:
    return next(one for one in program.rules if one.head.key == key)


def test_headers(city: Program) -> None:
    assert (city.book, city.title, city.grid, city.zone) == (
        "park/everything", Label("城市公园养护规则", "City parks"), "3505", "Asia/Shanghai",
    )  # fmt: skip
    assert city.levels == {"city": ("county",), "park": ("park",), "lawn": ("lawn", "meadow")}
    assert city.calendar == {"冬季": Season((11, 1), (3, 31)), "假日": Season(holidays="CN")}
    assert len(city.digest) == 64


def test_parameters_are_dated_and_typed(city: Program) -> None:
    limit, rounds, weights = (city.parameters[name] for name in ("limit", "rounds", "weights"))
    assert [value for _, value in limit.values] == [Duration(7, "d"), Duration(5, "d")]
    assert (limit.type, rounds.type, weights.type) == ("duration", "int", "number")
    assert rounds.by == ("grid",) and rounds.assumed and rounds.clauses == ("p1.1",)
    assert rounds.values[0][1] == {"3505": Fraction(1), "350501": Fraction(2)}
    assert city.parameters["reward"].by_finding == "year"


def test_charter(city: Program) -> None:
    head, keepers, tiles = rule(city, "head"), rule(city, "keepers"), rule(city, "tiles")
    assert isinstance(head, Charter) and isinstance(keepers, Charter) and isinstance(tiles, Charter)
    assert head.be is not None and head.be.cond == Cmp("=", Field("it", "int"), Lit(Fraction(1), "number"))
    assert head.of is not None and (head.of.source, head.of.names) == ("post", ("head",))
    assert (keepers.also, keepers.deputy, keepers.exclusive) == ("head", "required", "advise")
    assert (tiles.max_overlap, tiles.max_gap) == ((Fraction(10), "%"), (Fraction(500_000), "m2"))
    assert tiles.of is not None and tiles.of.names == ("lawn", "meadow")
    five, work = rule(city, "five"), rule(city, "work")
    assert isinstance(five, Charter) and isinstance(work, Charter)
    assert five.complete == ("area", "person", "duty", "task", "reward") and work.duties == ("mowing", "repair")


def test_each_of_goes_into_the_main_selector(city: Program) -> None:
    wet = rule(city, "lawns[wet]")
    assert isinstance(wet, Charter) and wet.of is not None and wet.be is not None
    assert wet.of.when == OneOf(Field("kinds", "list"), (Lit("wet", "text"),))
    assert wet.be.cond == Cmp(">=", Field("it", "int"), Lit(Fraction(3), "number"))
    staff = rule(city, "staff[keeper]")
    assert isinstance(staff, Charter) and staff.of is not None and staff.of.names == ("keeper",)
    both = rule(city, "winter[wet/true]")
    assert isinstance(both, Patrol) and both.do is not None and isinstance(both.do.when, And)
    assert Cmp("=", Field("weather", "enum"), Lit("wet", "enum")) in both.do.when.args
    assert Cmp("=", Field("night", "bool"), Lit(True, "bool")) in both.do.when.args
    assert len([one for one in city.rules if one.head.id == "winter"]) == 2


def test_patrol(city: Program) -> None:
    walk, gap, winter = rule(city, "walk"), rule(city, "gap"), rule(city, "winter[dry/true]")
    assert isinstance(walk, Patrol) and isinstance(gap, Patrol) and isinstance(winter, Patrol)
    assert (walk.times, walk.every, walk.excluded, walk.partial) == (
        Param("rounds", "int"),
        Every("month"),
        "冬季",
        "half",
    )
    assert (gap.apart, gap.every, gap.times) == (Duration(90, "d"), None, None)
    assert (winter.every, winter.during, winter.partial) == (Every("year", 2), "冬季", "any")
    assert walk.do is not None and walk.do.by == ("keeper",)


def test_scoring(city: Program) -> None:
    year = rule(city, "year")
    assert isinstance(year, Scoring)
    assert [measure.name for measure in year.measures] == ["done", "last", "both"]
    done, last, both = year.measures
    assert (done.share_with, done.share_when) == (None, Cmp("=", Field("status", "enum"), Lit("met", "enum")))
    assert (last.fn, last.field, last.period, last.last_per) == ("sum", "cost", "previous", ("severity",))
    assert isinstance(both.expr, Arith)
    rounds, damage, _ = year.items
    assert (rounds.category, rounds.category_field, rounds.limit) == ("weather", True, Limits(None, Fraction(20)))
    assert damage.category is None and damage.each is not None and damage.each.distinct == "damage_id"
    assert (year.range, year.rank_in, year.rank_order) == (Limits(Fraction(0), Fraction(100)), "county", "asc")
    assert (year.places, year.rounding, year.start) == (1, "half-even", Lit(Fraction(60), "number"))
    assert [name for name, _ in year.bands] == ["good", "poor"] and year.bands[1][1] is None
    reward = year.rewards[0]
    assert (reward.give, reward.list) == ({"bonus": Fraction("1.2"), "thanks": True}, "watch")


def test_veto(city: Program) -> None:
    idle = rule(city, "idle")
    assert isinstance(idle, Veto)
    assert (idle.strikes, idle.times, idle.lasts, idle.touches) == ("county", 3, Duration(180, "d"), ("year",))
    assert (idle.score, idle.cap, idle.bars, idle.lists) == (Fraction(0), Fraction("59.5"), ("prize",), ("watch",))
    assert isinstance(idle.cause.when, And)
    assert Cmp(">", Field("days", "int"), Param("limit", "int")) in idle.cause.when.args


def test_a_veto_touches_all_scores_of_the_book_unless_it_says_which(linked: Load) -> None:
    text = (
        "scoring:\n  - {id: a, for: {grid: park}, every: year, clause: p1.1}\n"
        "  - {id: b, for: {grid: park}, every: year, clause: p1.1}\n"
        "veto:\n  - {id: v, cause: {fact: damage}, strikes: park, clause: p1.1}\n"
    )
    program, problems = linked(text)
    assert program is not None, problems
    veto = rule(program, "v")
    assert isinstance(veto, Veto) and veto.touches == ("a", "b") and veto.lasts == "year" and veto.times == 1


def test_escalation(city: Program) -> None:
    repair = rule(city, "repair")
    assert isinstance(repair, Escalation)
    ids = [step.id for step in repair.steps]
    assert ids.index("done") < ids.index("told") and ids.index("done") < ids.index("quiet")
    steps = {step.id: step for step in repair.steps}
    done, quiet, dated, told = (steps[name] for name in ("done", "quiet", "dated", "told"))
    assert done.limit is not None and (done.limit.low, done.limit.high) == (Duration(1, "d"), Duration(7, "d"))
    notice = steps["done-else"]
    assert (notice.kind, notice.after, notice.on_failure, notice.when) == ("tell", "done", True, done.when)
    assert (notice.tell_role, notice.tell_at) == ("keeper", "here") and ids.index("done-else") == ids.index("done") + 1
    assert quiet.limit is not None and quiet.limit.high == Param("limit", "duration") and quiet.else_back == "done"
    assert dated.limit is not None and dated.limit.until == "due" and dated.wait == Duration(2, "h")
    assert (told.tell_role, told.tell_at, told.repeat) == ("head", "up", Duration(24, "h"))
    assert repair.case == ("damage_id",) and repair.pauses is not None and repair.closes is not None
    urge = rule(city, "urge")
    assert isinstance(urge, Escalation) and urge.closes == () and urge.case == ()


def test_targets(city: Program) -> None:
    half, many, growth = rule(city, "half"), rule(city, "many"), rule(city, "growth")
    assert isinstance(half, Target) and isinstance(many, Target) and isinstance(growth, Target)
    assert [day for day, _ in half.reach_on] == sorted(day for day, _ in half.reach_on) and half.hold
    assert half.reach_on[1][1].cond == Cmp(">=", Field("it", "number"), Lit(Fraction(4, 5), "number"))
    assert half.share_with is not None and half.share_with.names == ("round",) and half.share_when is None
    assert many.reach is not None and many.reach.cond == Cmp(">=", Field("it", "number"), Lit(Fraction(10), "number"))
    assert growth.reach is not None and growth.reach.cond == Cmp(">", Field("it", "number"), Lit(Fraction(1), "number"))


def test_rules_come_after_what_they_use(city: Program) -> None:
    order = [one.head.key for one in city.rules]
    assert order.index("walk") < order.index("idle") < order.index("year") < order.index("bonus")
    assert city.uses["year"] == {"walk", "idle"} and city.uses["bonus"] == {"year"}
    assert city.uses["idle"] == {"walk", "repair"} and city.uses["walk"] == frozenset()


def test_a_level_may_be_named_in_the_books_own_words(linked: Load) -> None:
    text = "levels: {park: [town, village]}\n" + RULE.replace("grid: park", "grid: [village]")
    program, problems = linked(text)
    assert program is not None, problems
    assert program.rules[0].holders == Selector("grid", ("village",), span=program.rules[0].holders.span)  # type: ignore[union-attr]


def test_valid_days_and_old_names(linked: Load) -> None:
    text = RULE.replace(
        "every: month", "every: month, valid: {from: 1970-01-02, to: 1970-01-04}, was: [stroll], mode: trial"
    )
    program, problems = linked(text)
    assert program is not None, problems
    head = program.rules[0].head
    assert (head.valid_from, head.valid_to, head.was, head.trial) == (1, 4, ("stroll",), True)


def test_a_digest_changes_with_the_text_and_not_with_its_layout(linked: Load) -> None:
    first, same, other = (
        linked(text)[0] for text in (RULE, "# words\n" + RULE.replace("{id", "{ id"), RULE.replace("month", "week"))
    )
    assert first is not None and same is not None and other is not None
    assert first.digest == same.digest != other.digest
