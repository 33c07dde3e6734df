"""Where and since when a thing belongs to a grid. Each case was a disagreement between oracle and engine."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from tests.parity.engine import columnar, difference
from tests.parity.kit import day, fact, grid, head, it_is, num, program, sel, world
from tests.parity.worlds import Case

from wuding.domain.period import Every
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.lang.nodes import Cmp, Duration, Field, Lit
from wuding.program.model import Charter, Escalation, Item, Measure, Patrol, Scoring, Selector, Step, Target


@pytest.mark.parametrize("asked", ["share_of", "count"])
def test_t1_what_happened_in_a_grid_before_it_began_belongs_to_it(asked: str) -> None:
    """Everything up to the date counts, though the tree had the grid only later."""
    rule = Target(head("t"), Selector("grid", ("block",)), reach_on=((day("2024-04-01"), it_is(">=", 1)),))
    rule = replace(rule, **{asked: sel("fact", "visit")})
    given = world(fact("visit", "2024-01-01", "B2"), as_of="2024-05-01")
    begun = tuple(replace(g, start=day("2024-02-29")) if g.code == "B2" else g for g in given.grids)
    given = replace(given, grids=begun)
    assert difference(Case(program(rule), given)) == ""
    found = next(f for f in columnar(given, program(rule)) if f.holder == "B2")
    assert (found.status, found.value_low) == ("reached", Fraction(1))


def test_t1_populations_are_those_at_the_date_also_while_it_lies_ahead() -> None:
    """A subject that is known to become another one is asked about as it will be."""
    low = Cmp("=", Field("risk", "enum"), Lit("low", "enum"))
    rule = Target(
        head("t"), Selector("subject"), share_of=Selector("subject"), share_when=low,
        reach_on=((day("2024-03-03"), it_is("=", 1)),),
    )  # fmt: skip
    now = Subject("S2", "shop", "B1", fields={"risk": "low"}, end=day("2024-03-03"))
    then = Subject("S2", "shop", "B2", fields={"risk": "high"}, start=day("2024-03-03"))
    given = world(as_of="2024-01-01T23:59", subjects=(now, then))
    assert difference(Case(program(rule), given)) == ""
    (found,) = columnar(given, program(rule))
    assert (found.status, found.value_low, found.value_high) == ("on-course", 0, 0)


def test_14a_of_posts_only_the_post_itself_belongs_to_it() -> None:
    """Not the other posts of its person, though what the person does counts for each."""
    rule = Target(head("t"), Selector("post"), count=Selector("post"), every=Every("quarter"), reach=it_is("=", 1))
    given = world(as_of="2024-04-01", posts=(Post("P2", "xu", "keeper", "B1"), Post("P3", "xu", "keeper", "B1")))
    assert difference(Case(program(rule), given)) == ""
    assert {f.value_low for f in columnar(given, program(rule)) if f.period == "2024-Q1"} == {Fraction(1)}


def test_14a_a_licence_older_than_the_shop_belongs_to_it() -> None:
    """It names the shop; only of a post do the days matter."""
    rule = Charter(head("c"), Selector("subject", ("shop",)), "have", of=sel("fact", "licence"), be=it_is(">=", 1))
    given = world(fact("licence", "2024-01-31", "B3", subject="S2"), as_of="2024-04-01")
    given = replace(given, subjects=(Subject("S2", "shop", "B3", start=day("2024-03-31")),))
    assert difference(Case(program(rule), given)) == ""
    assert [f.status for f in columnar(given, program(rule))] == ["fixed"]


def test_14a_what_belongs_to_a_fact_may_be_older() -> None:
    """A fix that was recorded for the day before its report counts in the score of the report."""
    rule = Scoring(
        head("s"), sel("fact", "report"), None, num(0), measures=(Measure("n", "count", of=sel("fact", "fix")),),
        items=(Item(None, None, None, None, Field("n", "number")),),
    )  # fmt: skip
    given = world(fact("fix", "2024-01-30", "B1", ref="R1"), fact("report", "2024-01-31", "B1", ref="R1"),
                  as_of="2024-04-01")  # fmt: skip
    assert difference(Case(program(rule), given)) == ""
    assert [f.value_low for f in columnar(given, program(rule))] == [1]


def test_14a_what_is_the_same_belongs_to_a_post_whenever_it_happened() -> None:
    """`same` replaces the days of the post."""
    do = sel("fact", "visit", same=("actor",))
    rule = Patrol(head("p"), Selector("post", ("keeper",)), do=do, every=Every("month"))
    given = world(fact("visit", "2024-03-01", "B1", "li"), as_of="2024-04-01", window_from="2024-03-01")
    given = replace(given, posts=(Post("P1", "li", "keeper", "B1", start=day("2024-03-05")),))
    assert difference(Case(program(rule), given)) == ""
    assert [f.status for f in columnar(given, program(rule))] == ["met"]


def test_14a_the_days_of_a_post_are_its_own_whether_in_the_book_or_not() -> None:
    """The block comes under the book's grid on 10 March; the visit of the 5th was made in the post all the same."""
    rule = Patrol(head("p"), Selector("post", ("keeper",)), do=sel("fact", "visit"), every=Every("month"))
    given = world(fact("visit", "2024-03-05", "B1", "li"), as_of="2024-04-01", window_from="2024-03-01")
    rest = tuple(other for other in given.grids if other.code != "B1")
    moved = (grid("B1", "A2", end="2024-03-10"), grid("B1", "A1", start="2024-03-10"))
    given = replace(given, grids=rest + moved, posts=(Post("P1", "li", "keeper", "B1", start=day("2024-03-02")),))
    assert difference(Case(program(rule, grid="A1"), given)) == ""
    assert [f.status for f in columnar(given, program(rule, grid="A1"))] == ["met"]


def test_14a_the_days_of_a_post_are_not_cut_to_the_window() -> None:
    """A visit of February that waits for a week without a fix ends a stretch in March, which the window begins with."""
    alone = sel("fact", "fix", same=("grid",), within=Duration(7, "d"))
    do = sel("fact", "visit", lacking=(alone,))
    rule = Patrol(head("p"), Selector("post", ("keeper",)), do=do, apart=Duration(10, "d"))
    given = world(fact("visit", "2024-02-27", "B1", "li"), as_of="2024-04-01", window_from="2024-03-01")
    given = replace(given, posts=(Post("P1", "li", "keeper", "B1", start=day("2024-02-02")),))
    assert difference(Case(program(rule), given)) == ""
    assert [f.status for f in columnar(given, program(rule))] == ["met", "missed"]


def test_c2_also_is_held_at_the_grid_not_at_a_subject_of_it() -> None:
    rule = Charter(head("c"), Selector("subject"), "seat", of=Selector("post"), also="chief")
    chief = Post("T0", "li", "chief", "B1", subject="S1")
    given = replace(world(as_of="2024-02-01"), subjects=(Subject("S1", "shop", "B1"),), posts=(chief,))
    assert difference(Case(program(rule), given)) == ""
    assert {f.low for f in columnar(given, program(rule))} == {0}
    both = replace(given, posts=(chief, Post("T1", "li", "chief", "B1")))
    assert difference(Case(program(rule), both)) == ""
    assert {f.low for f in columnar(both, program(rule))} == {1}


def test_8a_who_is_unsure_on_some_days_of_a_period_is_unsure_in_it() -> None:
    """Though the days on which it is certainly asked would be enough."""
    big = Cmp(">", Field("size", "int"), Lit(Fraction(1), "number"))
    rule = Scoring(head("s"), Selector("subject", when=big), Every("month"), Lit(Fraction(100), "number"))
    known = Subject("S1", "shop", "B1", fields={"size": 3}, start=day("2024-01-10"))
    given = replace(world(as_of="2024-03-01", window_from="2024-01-01"), subjects=(
        Subject("S1", "shop", "B1", end=day("2024-01-10")), known,
    ))  # fmt: skip
    assert difference(Case(program(rule), given)) == ""
    found = [(f.period, f.status, f.missing) for f in columnar(given, program(rule))]
    assert found == [("2024-01", "undetermined", ("size",)), ("2024-02", "scored", ())]


def test_8a_who_may_not_be_asked_is_not_skipped_for_too_few_days() -> None:
    low = Cmp("=", Field("risk", "enum"), Lit("low", "enum"))
    rule = Patrol(head("p"), Selector("subject", when=low), do=sel("fact", "visit"), every=Every("quarter"))
    shops = (Subject("S1", "shop", "B1", end=day("2024-01-10")),
             Subject("S2", "shop", "B1", fields={"risk": "low"}, end=day("2024-01-10")))  # fmt: skip
    given = replace(world(as_of="2024-03-01", window_from="2024-01-01"), subjects=shops)
    assert difference(Case(program(rule), given)) == ""
    found = {f.holder: (f.status, f.missing) for f in columnar(given, program(rule))}
    assert found == {"S1": ("undetermined", ("risk",)), "S2": ("skipped", ())}


@pytest.mark.parametrize("moved", ["2023-06-01", "2024-01-01", "2024-01-03"])
def test_8a_who_moved_before_the_window_is_asked_where_it_is(moved: str) -> None:
    rule = Patrol(head("p"), Selector("subject"), do=sel("fact", "report"), apart=Duration(5, "workday"))
    before, now = Subject("S1", "shop", "B1", end=day(moved)), Subject("S1", "shop", "B2", start=day(moved))
    given = replace(world(as_of="2024-01-20", window_from="2024-01-01"), subjects=(before, now))
    assert difference(Case(program(rule), given)) == ""
    assert [f.grid for f in columnar(given, program(rule))] == ["B2" if moved < "2024-01-02" else "B1"]


OWNER = Post("P1", "li", "keeper", "B2", "S1")  # at a subject; its grid is not where the matter is
SHOP = (Subject("S1", "shop", "B2"),)


@pytest.mark.parametrize("holders, within", [("area", "subtree"), ("block", None)])
def test_15_a_post_at_the_subject_of_the_deed_counts_wherever_it_is(holders: str, within: str | None) -> None:
    done = sel("fact", "visit", by=("keeper",), within=within)
    rule = Patrol(head("p"), Selector("grid", (holders,)), do=done, every=Every("month"))
    place = "B2" if within else "B1"
    given = world(
        fact("visit", "2024-01-10", place, "li", "S1"), as_of="2024-03-05", posts=(OWNER,), subjects=SHOP
    )  # fmt: skip
    assert difference(Case(program(rule), given)) == ""
    assert "met" in {found.status for found in columnar(given, program(rule))}


def test_15d_so_it_does_for_the_counterpart_of_a_thing() -> None:
    fixed = sel("fact", "fix", by=("chief",))
    rule = Escalation(head("e"), sel("fact", "report", lacking=(fixed,)), (), None, ())
    given = world(
        fact("fix", "2024-01-01", "B2", "li", "S1", ref="R2"), fact("report", "2024-02-01", "A1", ref="R2"),
        as_of="2024-03-05", posts=(replace(OWNER, role="chief"),),
    )  # fmt: skip
    assert difference(Case(program(rule), given)) == ""
    assert columnar(given, program(rule)) == []


def test_25_a_step_finds_who_has_a_post_at_the_subject_wherever_it_is() -> None:
    tell = Step("s", "tell", "opening", tell_role="keeper", tell_at="here")
    rule = Escalation(head("e"), sel("fact", "report"), (), None, (tell,))
    given = world(
        fact("report", "2024-02-01", "A1", subject="S1"), as_of="2024-03-05", posts=(OWNER,), subjects=SHOP
    )  # fmt: skip
    assert difference(Case(program(rule), given)) == ""
    assert {f.status for f in columnar(given, program(rule)) if f.step == "s"} == {"told"}
