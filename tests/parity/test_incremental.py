"""A check that goes on from the last one equals a check of everything (semantics 30)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from tests.parity.going_on import arrived_differently, went_on_differently
from tests.parity.history import History, histories
from tests.parity.worlds import SECTIONS

from wuding.engines.matchers import open_matcher

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
ALL = settings(max_examples=15, deadline=None, suppress_health_check=SLOW, derandomize=True)
FEW = settings(ALL, max_examples=6)


@pytest.mark.parametrize("section", [*SECTIONS, "mixed"])
def test_going_on_equals_checking_everything(section: str) -> None:
    @ALL
    @given(histories(section))
    def run(history: History) -> None:
        assert went_on_differently(history) == ""

    run()


@pytest.mark.parametrize("section", [*SECTIONS, "mixed"])
def test_arrival_by_arrival_equals_checking_everything(section: str) -> None:
    matcher = open_matcher()

    @FEW
    @given(histories(section))
    def run(history: History) -> None:
        assert arrived_differently(history, matcher) == ""

    run()
    matcher.close()
