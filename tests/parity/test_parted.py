"""A check in parts has the findings of the whole check, ids included, however many parts there are."""

from __future__ import annotations

import os
from collections import Counter
from itertools import cycle

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.parity.history import rows
from tests.parity.kit import fact, head, num, program, sel, world
from tests.parity.worlds import SECTIONS, Case, cases

from wuding.assess import snapshot_of_world
from wuding.assess.check import check
from wuding.assess.parted import Parted, conclude_in_parts
from wuding.program.model import Escalation, Item, Scoring

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


def test_facts_that_name_a_case_stay_with_it() -> None:
    """A fix in one area is scored by the case that a report in another opened."""
    case = Escalation(head("e"), sel("fact", "report"), ("ref",), (), ())
    score = Scoring(
        head("s"), sel("fact", "fix"), None, num(0), (), (Item("i", None, False, sel("finding", "e"), num(1)),)
    )
    told_of = [fact("report", "2024-01-10", "B1", ref="R1"), fact("fix", "2024-01-11", "B3", ref="R1")]
    others = [fact("report", f"2024-01-{n}", block, ref=f"R{n}") for n in range(12, 20) for block in ("B2", "B3")]
    found, parted = told(Case(program(case, score), world(*told_of, *others, as_of="2024-02-01")), 2)
    assert found == ""
    assert parted.concluded.frame.filter(rule="s").get_column("value_low").to_list() == [1_000_000]
