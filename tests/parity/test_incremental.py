"""A check that goes on from the last one equals a check of everything (semantics 30)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from tests.parity.arrive import arrived_differently
from tests.parity.history import History, changes, histories, rows
from tests.parity.worlds import SECTIONS

from wuding.assess import snapshot_of_world
from wuding.assess.check import check
from wuding.assess.recheck import Concluded, conclude
from wuding.engines.matchers import open_matcher

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
ALL = settings(max_examples=30, deadline=None, suppress_health_check=SLOW, derandomize=True)

FEW = settings(ALL, max_examples=8)


def told(history: History) -> str:
    """What the check that goes on says differently, a line each; empty when nothing."""
    past: Concluded | None = None
    before = None
    for program, world in history.moments:
        snap = snapshot_of_world(world, program)
        seen = None if before is None else changes(program, before[1], world)
        past = conclude(program, snap, past, seen)
        before = (program, world)
        full, again = rows(check(program, snap)), rows(past.frame)
        if full != again:
            lines = [f"- {row}" for row in full if row not in again]
            lines += [f"+ {row}" for row in again if row not in full]
            return "\n".join([f"{len(full)} rows, {len(again)} rows", *lines, str(past.scopes)])
    return ""


@pytest.mark.parametrize("section", [*SECTIONS, "mixed"])
def test_going_on_equals_checking_everything(section: str) -> None:
    @ALL
    @given(histories(section))
    def run(history: History) -> None:
        assert told(history) == ""

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
