"""On which day numbers are read. Each case was a disagreement between oracle and engine."""

from __future__ import annotations

from dataclasses import replace

from tests.parity.engine import columnar, difference
from tests.parity.kit import day, fact, grid, head, it_is, parameter, program, sel, shop, world
from tests.parity.worlds import Case

from wuding.domain.period import Every
from wuding.lang.nodes import Cmp, Duration, Field, Param
from wuding.program.model import Charter, Patrol, Selector, Target


def test_9_apart_reads_parameters_on_the_day_of_each_fact() -> None:
    """Two people are enough from 18 February on; before it took three. Only the second visit begins a stretch."""
    least = parameter("least", "number", {"2024-01-01": 3, "2024-02-18": 2})
    enough = Cmp(">=", Field("people", "int"), Param("least", "number"))
    rule = Patrol(head("p"), Selector("subject"), do=sel("fact", "visit", when=enough), apart=Duration(90, "d"))
    visits = [fact("visit", when, "B1", subject="S1", people=2) for when in ("2024-02-10", "2024-02-29")]
    given = world(*visits, as_of="2024-03-05", window_from="2024-01-01", subjects=(shop("S1", "B1"),))
    book = program(rule, parameters={"least": least})
    assert difference(Case(book, given)) == ""
    assert [f.period for f in columnar(given, book)] == ["2024-01-01", "2024-02-29"]


def test_t2_what_holds_is_asked_as_on_the_date_that_passed() -> None:
    """A limit raised since then is not what was reached."""
    limit = parameter("limit", "number", {"2024-01-01": 1, "2024-02-18": 2})
    few = sel("fact", "visit", when=Cmp("<", Field("people", "int"), Param("limit", "number")))
    rule = Target(
        head("t"), Selector("subject"), count=few, reach_on=((day("2024-02-12"), it_is("=", 0)),), hold=True
    )  # fmt: skip
    given = world(fact("visit", "2024-01-31", "B1", subject="S1", people=1), as_of="2024-03-01",
                  subjects=(shop("S1", "B1"),))  # fmt: skip
    book = program(rule, parameters={"limit": limit})
    assert difference(Case(book, given)) == ""
    assert {f.period: f.status for f in columnar(given, book)} == {"2024-02-12": "reached", "hold": "reached"}


def test_t2_what_holds_counts_no_finding_that_lies_ahead() -> None:
    """The patrol of the year is due, and its moment is the end of the year."""
    yearly = Patrol(head("p"), sel("subject"), do=sel("fact", "visit"), every=Every("year"))
    rule = Target(head("t"), sel("grid", "block"), count=sel("finding", "p"),
                  reach_on=((day("2024-02-12"), it_is("=", 0)),), hold=True)  # fmt: skip
    given = world(as_of="2024-03-01", window_from="2024-01-01", subjects=(shop("S1", "B1"),))
    book = program(yearly, rule)
    assert difference(Case(book, given)) == ""
    assert {f.status for f in columnar(given, book) if f.period == "hold"} == {"reached"}


def test_9_what_lies_above_a_fact_is_asked_as_of_when_it_happened() -> None:
    """The block lies in another area by the date, which has a limit of its own; the visit belongs under the old one."""
    limit = parameter("limit", "number", {"2024-01-01": {"A1": 1, "A2": 9}}, by=("grid",))
    few = sel("fact", "visit", when=Cmp("<", Field("people", "int"), Param("limit", "number")))
    rule = Target(head("t"), sel("grid", "block"), count=few, reach_on=((day("2024-03-01"), it_is("=", 0)),))
    moved = (grid("B2", "A1", end="2024-02-01"), grid("B2", "A2", start="2024-02-01"))
    visits = [fact("visit", when, "B2", people=5) for when in ("2024-01-10", "2024-02-10")]
    given = world(*visits, as_of="2024-04-01")
    given = replace(given, grids=(*(g for g in given.grids if g.code != "B2"), *moved))
    book = program(rule, parameters={"limit": limit})
    assert difference(Case(book, given)) == ""
    assert {f.holder: f.value_low for f in columnar(given, book)}["B2"] == 1


def test_9_a_charter_reads_numbers_on_the_last_day_that_it_asks_about() -> None:
    """At midnight of 1 March that is 29 February, whose limit is the old one."""
    limit = parameter("limit", "number", {"2024-01-01": 1, "2024-03-01": 2})
    rule = Charter(head("c"), sel("subject"), "must", must=Cmp("=", Field("size", "int"), Param("limit", "number")))
    book = program(rule, parameters={"limit": limit})
    for as_of, status in (("2024-03-01", "fixed"), ("2024-03-01T00:01", "gap")):
        given = world(as_of=as_of, window_from="2024-01-01", subjects=(shop("S1", "B1", size=1),))
        assert difference(Case(book, given)) == ""
        assert [f.status for f in columnar(given, book)] == [status]


def test_t2_what_holds_is_asked_of_the_last_date_also_where_nobody_was_there_then() -> None:
    """The shop is closed on the second date, and open again since."""
    dates = ((day("2024-02-12"), it_is(">=", 1)), (day("2024-03-01"), it_is(">=", 5)))
    rule = Target(head("t"), sel("subject"), count=sel("fact", "visit"), reach_on=dates, hold=True)
    shops = (shop("S1", "B1", end="2024-02-20"), shop("S1", "B1", start="2024-03-05"))
    given = world(fact("visit", "2024-01-10", "B1", subject="S1"), as_of="2024-03-10", subjects=shops)
    assert difference(Case(program(rule), given)) == ""
    found = {f.period: f.status for f in columnar(given, program(rule))}
    assert found == {"2024-02-12": "reached", "hold": "missed"}


def test_t1_a_week_that_runs_on_the_date_is_not_counted_yet() -> None:
    """The week of 29 February ends on 3 March; its Thursday is the date."""
    weekly = Patrol(head("p"), sel("grid", "block"), do=sel("fact", "visit"), every=Every("week"))
    rule = Target(
        head("t"), sel("grid", "block"), count=sel("finding", "p"), reach_on=((day("2024-02-29"), it_is(">", 0)),)
    )
    given = world(as_of="2024-03-05", window_from="2024-02-19")
    assert difference(Case(program(weekly, rule), given)) == ""
    assert {f.value_low for f in columnar(given, program(weekly, rule)) if f.rule == "t"} == {1}
