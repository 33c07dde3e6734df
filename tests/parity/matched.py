"""An engine's matches beside the oracle's."""

from __future__ import annotations

from itertools import pairwise

from tests.parity.draw_matching import Matching
from tests.parity.oracle.matching import matches as oracle

from wuding.engines.base import Matcher


def matched_differently(matcher: Matcher, case: Matching) -> str:
    """What the engine says differently from the oracle, a line each; empty when they agree."""
    expected = set(oracle(case.program, case.facts))
    got = [tuple(match) for match in matcher.matches(case.program, case.facts)]
    twice = [f"twice {one}" for one, after in pairwise(got) if one >= after]
    lost, made = sorted(expected - set(got)), sorted(set(got) - expected)
    return "\n".join([*(f"- {one}" for one in lost), *(f"+ {one}" for one in made), *twice])
