"""The engines' matches against the oracle's, over random domains, selectors and facts.

Each engine takes each case; WUDING_PARITY_EXAMPLES asks for that many fresh ones (otherwise 100, always the same).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from tests.parity.draw_matching import Matching, matchings
from tests.parity.oracle.matching import matches as oracle
from tests.parity.test_parity import ALL

from wuding.engines.base import Matcher
from wuding.engines.columnar.matches import Columnar


def difference(matcher: Matcher, case: Matching) -> str:
    """What the engine says differently from the oracle, a line each; empty when they agree."""
    expected = set(oracle(case.program, case.facts))
    got = [tuple(match) for match in matcher.matches(case.program, case.facts)]
    twice = [f"twice {one}" for one, after in zip(got, got[1:], strict=False) if one >= after]
    lost, made = sorted(expected - set(got)), sorted(set(got) - expected)
    return "\n".join([*(f"- {one}" for one in lost), *(f"+ {one}" for one in made), *twice])


def test_columnar_matches_equal_the_oracles() -> None:
    @ALL
    @given(matchings())
    def same(case: Matching) -> None:
        if found := difference(Columnar(), case):
            pytest.fail(f"{case!r}\n{found}", pytrace=False)

    same()
