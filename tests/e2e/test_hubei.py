"""The whole of Hubei, 28,652 grids: imported and clean (issue 2)."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from wuding import Grid, Wuding
from wuding.intake.grids import check_tree
from wuding.store.registry import registry

SHARED = Path(os.environ.get("WUDING_SHARED", Path(__file__).parents[3] / "shared"))
TREE = SHARED / "data/china-admin-divisions/hubei_42_all.csv.gz"
LENGTHS = {"province": 2, "city": 4, "county": 6, "town": 9, "village": 12}


@pytest.fixture(scope="module")
def hubei(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wuding]:
    if not TREE.exists():
        pytest.skip(f"no real data: {TREE.name} is not beside the repository")
    with Wuding.open(f"sqlite:///{tmp_path_factory.mktemp('hubei')}/hubei.db") as w:
        receipt = w.import_grids(TREE)
        assert receipt.last_seq - receipt.first_seq + 1 == 28_652
        yield w


def test_every_row_of_the_file_is_a_grid(hubei: Wuding) -> None:
    with gzip.open(TREE, "rt", encoding="utf-8") as file:
        rows = {(r["code"], r["name"], r["parent"] or None, r["level"]) for r in csv.DictReader(file)}
    grids = registry(hubei.ledger).grids
    assert {(g.code, g.name, g.parent, g.level) for g in grids} == rows
    assert Counter(g.level for g in grids) == {
        "province": 1, "city": 14, "county": 105, "town": 1_475, "village": 27_057,
    }  # fmt: skip


def test_the_tree_is_clean(hubei: Wuding) -> None:
    """By our check, and counted apart from it: no orphan, one parent each, and all hang on one root."""
    grids = registry(hubei.ledger).grids
    assert check_tree(grids) == []
    parents = {g.code: g.parent for g in grids}
    assert len(parents) == len(grids)
    assert [code for code, parent in parents.items() if parent is None] == ["42"]
    for grid in grids:
        assert len(grid.code) == LENGTHS[grid.level]
        code: str | None = grid.code
        for _ in LENGTHS:
            code = parents[code] if code is not None and code != "42" else code
        assert code == "42"
        assert grid.parent is None or grid.code.startswith(grid.parent)


def test_a_tree_that_is_broken_is_not_clean(hubei: Wuding) -> None:
    grids = list(registry(hubei.ledger).grids)
    town = next(g for g in grids if g.level == "town")
    orphans = [g for g in grids if g.code != town.code]
    assert Counter(d.code for d in check_tree(orphans)) == {"WD450": sum(g.parent == town.code for g in grids)}
    village = next(g for g in grids if g.parent == town.code)
    ring = [*orphans, Grid(town.code, town.name, village.code, town.level)]
    assert [d.code for d in check_tree(ring)] == ["WD451"]


def test_the_ledger_is_whole(hubei: Wuding) -> None:
    assert hubei.verify() == []
