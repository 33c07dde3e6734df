"""Going on in a county equals checking everything, in one go and fact by fact."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from tests.parity.county import growing
from tests.parity.going_on import arrived_differently, went_on_differently
from tests.parity.history import History

from wuding.engines.matchers import open_matcher

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@given(growing())
def test_going_on_equals_checking_everything(history: History) -> None:
    assert went_on_differently(history) == ""


def test_arrival_by_arrival_equals_checking_everything() -> None:
    matcher = open_matcher()

    @settings(max_examples=5, deadline=None, suppress_health_check=SLOW)
    @given(growing())
    def run(history: History) -> None:
        assert arrived_differently(history, matcher) == ""

    run()
    matcher.close()
