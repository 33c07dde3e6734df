"""Scores that are ranked, going on from the last check. Each case was a disagreement."""

from __future__ import annotations

from dataclasses import replace

from tests.parity.going_on import went_on_differently
from tests.parity.history import History
from tests.parity.kit import fact, head, num, program, sel, world

from wuding.domain.fact import CORE
from wuding.domain.period import Every
from wuding.program.model import Item, Scoring, Selector


def test_an_appeal_about_one_score_leaves_the_ranks_of_all() -> None:
    fixes = Item("fixes", None, False, replace(sel("fact", "fix"), within="subtree"), num(2))
    rule = Scoring(head("s"), Selector("grid", ("area",)), Every("month"), num(100), items=(fixes,), rank_in="zone")
    book = program(rule)
    first = fact("fix", "2024-01-09", "B1", ref="R")
    appeal = fact("appeal", "2024-02-02", None, finding="toy/test#s@A2/2024-01", upheld=True)
    given = world(first, as_of="2024-03-01", window_from="2024-01-01")
    then = world(first, replace(appeal, domain=CORE), as_of="2024-03-01", window_from="2024-01-01")
    assert went_on_differently(History(((book, given), (book, then)))) == ""
