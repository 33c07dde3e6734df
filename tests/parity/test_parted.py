"""A check in parts has the findings of the whole check, ids included, however many parts there are."""

from __future__ import annotations

import os
from collections import Counter
from itertools import cycle

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.parity.history import rows
from tests.parity.worlds import SECTIONS, Case, cases

from wuding.assess import snapshot_of_world
from wuding.assess.check import check
from wuding.assess.parted import Parted, conclude_in_parts

GIVEN = os.environ.get("WUDING_PARITY_EXAMPLES")
EXAMPLES = int(GIVEN or "12")
ALL = settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=GIVEN is None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def told(case: Case, wanted: int) -> tuple[str, Parted]:
    """What the check in parts says differently, a line each, and the check."""
    snap = snapshot_of_world(case.world, case.program)
    parted = conclude_in_parts(case.program, snap, wanted)
    full, again = rows(check(case.program, snap)), rows(parted.concluded.frame)
    lines = [f"- {row}" for row in full if row not in again] + [f"+ {row}" for row in again if row not in full]
    if full != again:
        lines.append(f"{len(full)} rows, {len(again)} rows, in {parted.parts} parts; whole: {dict(parted.whole)}")
    return "\n".join(lines), parted


@pytest.mark.parametrize("section", [*SECTIONS, "mixed"])
def test_parts_equal_the_whole(section: str) -> None:
    seen: Counter[str] = Counter()
    sizes = cycle((2, 3, 6))

    @ALL
    @given(cases(section))
    def run(case: Case) -> None:
        said, parted = told(case, next(sizes))
        assert said == ""
        seen["parted"] += parted.parts > 1
        seen["local"] += len(case.program.rules) - len(parted.whole)

    run()
    assert seen["parted"] > 2 and seen["local"] > 2, seen
