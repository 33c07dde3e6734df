"""What is read when a rule is assessed for some alone; and with whom a grid is ranked."""

from __future__ import annotations

from types import SimpleNamespace

from wuding.assess.changes import ranked_with
from wuding.domain.grid import Grid
from wuding.engines.columnar.context import ancestor_table
from wuding.engines.frames import grid_frame


def test_who_moves_is_ranked_in_several_places() -> None:
    grids = [Grid("C", "", None, "county"), *(Grid(v, "", "C", "village") for v in ("V1", "V2", "V3"))]
    grids += [Grid("a", "", "V1", "cell"), Grid("b", "", "V1", "cell", end=10), Grid("b", "", "V2", "cell", start=10)]
    grids += [Grid("c", "", "V2", "cell"), Grid("d", "", "V3", "cell")]
    ctx = SimpleNamespace(ancestors=ancestor_table(grid_frame(grids)), memo=lambda _, make: make())
    assert ranked_with(ctx, frozenset("a"), "village") >= {"a", "b", "c"}  # type: ignore[arg-type]
    assert "d" not in ranked_with(ctx, frozenset("a"), "village")  # type: ignore[arg-type]
    assert ranked_with(ctx, frozenset("d"), "village") >= {"d"}  # type: ignore[arg-type]
    assert ranked_with(ctx, frozenset(), "village") == frozenset()  # type: ignore[arg-type]
