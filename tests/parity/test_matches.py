"""The engines' matches against the oracle's, over random domains, selectors and facts.

Each engine takes each case: three times as many as WUDING_PARITY_EXAMPLES asks for, fresh ones (otherwise 120, always
the same).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import randrange

import pytest
from tests.parity.draw_matching import matching
from tests.parity.matched import matched_differently
from tests.parity.oracle.matching import matches as oracle
from tests.parity.test_parity import EXAMPLES, GIVEN

from wuding.engines.base import Matcher
from wuding.engines.durable.library import available
from wuding.engines.durable.supervise import DurableWorker
from wuding.engines.matchers import open_matcher

needs_library = pytest.mark.skipif(not available(), reason="durable-rules is not for this Python")


@pytest.fixture(params=[pytest.param("durable", marks=needs_library), "columnar"])
def matcher(request: pytest.FixtureRequest) -> Iterator[Matcher]:
    found = open_matcher(request.param)
    yield found
    found.close()


def test_matches_equal_the_oracles(matcher: Matcher) -> None:
    first = randrange(2**32) if GIVEN else 0
    for seed in range(first, first + 3 * EXAMPLES):
        case = matching(seed)
        if found := matched_differently(matcher, case):
            pytest.fail(f"matching({seed})\n{case!r}\n{found}", pytrace=False)
    if isinstance(matcher, DurableWorker):
        assert matcher.tally.lost == 0
        assert matcher.tally.misfit <= 3 * EXAMPLES // 100  # it did answer by itself


def test_the_generator_reaches_what_matters() -> None:
    """Matches of one fact and of several, certain and possible, of what must exist and what must not."""
    seen: Counter[tuple[str, int, bool]] = Counter()
    for seed in range(300):
        case = matching(seed)
        for _, term, seqs, sure in oracle(case.program, case.facts):
            place = "without" if "without" in term else "with" if "with" in term else "do"
            seen[place, min(len(seqs), 3), sure] += 1
    expected = {(place, size, sure) for place in ("do", "with", "without") for size in (1, 2) for sure in (True, False)}
    assert expected | {("do", 3, True), ("do", 3, False)} <= {key for key, n in seen.items() if n > 4}, seen
