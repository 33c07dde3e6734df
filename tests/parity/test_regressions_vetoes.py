"""What strikes again, how long it stands, and whom it cannot reach. Each case was a disagreement between oracle and
engine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.parity.engine import columnar, difference
from tests.parity.kit import BLOCK, at, day, fact, head, is_, num, post, program, sel, shop, world
from tests.parity.worlds import Case

from wuding.domain.period import Every
from wuding.lang.nodes import Cmp, Field
from wuding.program.model import Charter, Reward, Scoring, Veto

SEAT = Charter(head("seat"), BLOCK, "seat", of=sel("post", "keeper"))
GAP = sel("finding", "seat", when=is_("status", "gap", "text"))


def test_v2_a_counted_strike_stands_until_its_gap_is_closed() -> None:
    rule = Veto(head("v"), GAP, "block", every=Every("month"), lasts="until-fixed")
    given = world(as_of="2024-04-01", window_from="2024-01-01", posts=(post("li", "keeper", "B1", "2024-03-04"),))
    assert difference(Case(program(SEAT, rule), given)) == ""
    assert [f.end for f in columnar(given, program(SEAT, rule)) if f.section == "veto"] == [at("2024-03-04")]


def test_v2_each_new_year_counts_as_a_cause_of_its_period() -> None:
    rule = Veto(head("v"), GAP, "block", every=Every("year"))
    given = world(as_of="2025-02-01", window_from="2023-06-01")
    assert difference(Case(program(SEAT, rule), given)) == ""
    found = [(f.period, f.at) for f in columnar(given, program(SEAT, rule)) if f.section == "veto"]
    assert found == [("2023", at("2023-06-01")), ("2024", at("2024-01-01")), ("2025", at("2025-01-01"))]


@pytest.mark.parametrize(("start", "end", "struck"), [("", "2024-01-01", [(1, 2023)]), ("2024-06-01", "", [(1, 2025)])])
def test_v2_a_new_year_strikes_where_the_rule_is_valid(start: str, end: str, struck: list[tuple[int, int]]) -> None:
    """It is asked of each strike; the first one that there is, is the first episode."""
    valid = replace(head("v"), valid_from=day(start) if start else None, valid_to=day(end) if end else None)
    rule = Veto(valid, GAP, "block")
    given = world(as_of="2025-02-01", window_from="2023-06-01")
    assert difference(Case(program(SEAT, rule), given)) == ""
    found = [f for f in columnar(given, program(SEAT, rule)) if f.section == "veto"]
    assert [(f.episode, 2023 if f.at == at("2023-06-01") else 2025) for f in found] == struck


def test_8a_who_may_not_be_asked_is_neither_struck_nor_rewarded() -> None:
    """The shop's risk is not recorded: its score is undetermined, whatever it would have been."""
    of = sel("subject", "shop", when=is_("risk", "low"))
    bands = (("good", Cmp(">=", Field("total", "number"), num(0))),)
    rewards = (Reward(is_("band", "good", "text"), {"bonus": 1}, None),)
    score = Scoring(head("s"), of, Every("month"), num(100), bands=bands, rewards=rewards)
    veto = Veto(head("v"), sel("fact", "visit"), "subject", touches=("s",), score=num(0).value)
    given = world(
        fact("visit", "2024-03-05", "B1", subject="S1"), as_of="2024-04-01", window_from="2024-03-01",
        subjects=(shop("S1", "B1"),),
    )  # fmt: skip
    assert difference(Case(program(veto, score), given)) == ""
    (found,) = [f for f in columnar(given, program(veto, score)) if f.section == "scoring"]
    assert (found.missing, found.detail) == (("risk",), {"rewards": [], "struck_by": [], "pending": []})


def test_v2_a_week_strikes_on_its_sunday_and_stands_to_the_end_of_that_year() -> None:
    """The last week of 2022 ends on New Year's Day; its Thursday lies in the old year."""
    weekly = Scoring(head("s"), sel("subject", "shop"), Every("week"), num(100))
    rule = Veto(head("v"), sel("finding", "s"), "subject")
    given = world(as_of="2023-01-10", window_from="2022-12-26", subjects=(shop("S1", "B1"),))
    book = program(weekly, rule)
    assert difference(Case(book, given)) == ""
    assert {f.end for f in columnar(given, book) if f.section == "veto"} == {at("2024-01-01")}
