"""Where and since when a thing belongs to a grid. Each case was a disagreement between oracle and engine."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from tests.parity.engine import columnar, difference
from tests.parity.kit import day, fact, head, it_is, program, sel, world
from tests.parity.worlds import Case

from wuding.program.model import Selector, Target


@pytest.mark.parametrize("asked", ["share_of", "count"])
def test_t1_what_happened_in_a_grid_before_it_began_belongs_to_it(asked: str) -> None:
    """Everything up to the date counts, though the tree had the grid only later."""
    rule = Target(head("t"), Selector("grid", ("block",)), reach_on=((day("2024-04-01"), it_is(">=", 1)),))
    rule = replace(rule, **{asked: sel("fact", "visit")})
    given = world(fact("visit", "2024-01-01", "B2"), as_of="2024-05-01")
    begun = tuple(replace(grid, start=day("2024-02-29")) if grid.code == "B2" else grid for grid in given.grids)
    given = replace(given, grids=begun)
    assert difference(Case(program(rule), given)) == ""
    found = next(f for f in columnar(given, program(rule)) if f.holder == "B2")
    assert (found.status, found.value_low) == ("reached", Fraction(1))
