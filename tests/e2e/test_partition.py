"""Real county boundaries: Yichang's and Hubei's tile their parents; one that is gone or moved is found (issue 2)."""

from __future__ import annotations

import gzip
import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely import affinity

import wuding_fire.plugin
from wuding import Finding, Wuding
from wuding.assess.partition import Problem, areas_m2, check_partition
from wuding.store.registry import boundaries, close_grid, registry

SHARED = Path(os.environ.get("WUDING_SHARED", Path(__file__).parents[3] / "shared"))
TREE = SHARED / "data/china-admin-divisions/hubei_42_all.csv.gz"
MAPS = SHARED / "data/china-boundaries"
COUNTIES = {"4205": "yichang_420500_counties", "42": "hubei_420000_counties"}
WHOLES = {"4205": "yichang_420500_city", "42": "hubei_420000_province"}
NUMBER = {"4205": 13, "42": 103}
REMOVED, MOVED = "420506", "420528"  # 夷陵区, inside both; 长阳土家族自治县, inside both
# Two counties of Hubei's statistics, 421071 and 421171, have no boundary.
BOOK = """
book: fire/borders
domain: fire
grid: "{code}"
levels: {{zone: {level}, grid: county, basic: town}}
charter:
  - id: tiled
    for: {{grid: {level}}}
    partition:
      into: {{grid: county, when: {{code: 'not("421071", "421171")'}}}}
      max_overlap: 0 m2
      max_gap: 0 m2
"""
Change = Callable[[dict[str, Any]], dict[str, Any]]


def features(name: str) -> list[dict[str, Any]]:
    path = MAPS / f"{name}.geojson.gz"
    if not path.exists() or not TREE.exists():
        pytest.skip(f"no real data: {path.name} is not beside the repository")
    return list(json.loads(gzip.decompress(path.read_bytes()))["features"])


@pytest.fixture(params=["4205", "42"], ids=["Yichang", "Hubei"])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Wuding]]:
    """The tree, and the boundary of the whole."""
    code = str(request.param)
    features(WHOLES[code])
    book = tmp_path / "borders.yaml"
    book.write_text(BOOK.format(code=code, level="city" if code == "4205" else "province"), encoding="utf-8")
    url = f"sqlite:///{tmp_path}/borders.db"
    with Wuding.open(url, books=[book], plugins=[wuding_fire.plugin]) as w:
        w.import_grids(TREE, root=code)
        w.import_boundaries(MAPS / f"{WHOLES[code]}.geojson.gz")
        yield code, w


def imported(w: Wuding, code: str, folder: Path, change: Change | None = None) -> Finding:
    """What the charter says after the counties' boundaries were imported, each as `change` made it."""
    made = [change(one) if change else one for one in features(COUNTIES[code])]
    path = folder / "counties.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": made}), encoding="utf-8")
    receipt, unmatched = w.import_boundaries(path)
    assert (receipt.last_seq - receipt.first_seq + 1, unmatched) == (NUMBER[code], ())
    (finding,) = w.check(as_of="2024-07-01", save=False).findings(rule="tiled", holder=code)
    return finding


def problems(w: Wuding, code: str, without: str = "") -> list[Problem]:
    """What the partition check says of the boundaries in the ledger."""
    shapes = boundaries(w.ledger, w.ledger.head().seq, 19_800)
    children = {c: s for c, s in shapes.items() if c not in (code, without)}
    return check_partition(shapes[code], children)


def moved(one: dict[str, Any]) -> dict[str, Any]:
    """The county 200 m further east."""
    if one["properties"]["code"] != MOVED:
        return one
    shape = shapely.geometry.shape(one["geometry"])
    east = 200 / (6_378_137 * math.radians(1) * math.cos(math.radians(shape.centroid.y)))
    return {**one, "geometry": shapely.geometry.mapping(affinity.translate(shape, east))}


def shape_of(code: str, county: str) -> shapely.Geometry:
    found = next(one for one in features(COUNTIES[code]) if one["properties"]["code"] == county)
    return shapely.geometry.shape(found["geometry"])


def test_the_real_counties_tile_their_parent(whole: tuple[str, Wuding], tmp_path: Path) -> None:
    code, w = whole
    assert imported(w, code, tmp_path).status == "fixed"
    assert problems(w, code) == []


def test_a_county_without_a_boundary_leaves_it_open(whole: tuple[str, Wuding], tmp_path: Path) -> None:
    code, w = whole
    (finding,) = w.check(as_of="2024-07-01", save=False).findings(rule="tiled", holder=code)
    assert (finding.status, finding.missing) == ("undetermined", ("boundary",))


def test_a_county_removed_is_a_gap_with_its_place_and_area(whole: tuple[str, Wuding], tmp_path: Path) -> None:
    """It is gone from tree and map alike: the charter asks for those that the tree has."""
    code, w = whole
    assert imported(w, code, tmp_path).status == "fixed"
    hole = shape_of(code, REMOVED)
    (found,) = problems(w, code, without=REMOVED)
    assert found.kind == "gap"
    assert found.area_m2 == pytest.approx(float(areas_m2([hole])[0]), rel=1e-9)
    assert hole.contains(shapely.Point(found.lon, found.lat))

    gone = [grid.code for grid in registry(w.ledger).grids if grid.code.startswith(REMOVED)]
    w.ledger.append([close_grid(c, 19_700, w.ledger.clock()) for c in sorted(gone, key=len, reverse=True)])
    (finding,) = w.check(as_of="2024-07-01", save=False).findings(rule="tiled", holder=code)
    assert finding.status == "gap"
    (fault,) = finding.detail["faults"]  # type: ignore[misc, attr-defined]
    assert (fault["kind"], fault["area_m2"]) == ("gap", pytest.approx(found.area_m2, abs=0.1))
    assert hole.contains(shapely.Point(fault["lon"], fault["lat"]))


def test_a_county_shifted_by_200_m_overlaps_and_leaves_a_gap(whole: tuple[str, Wuding], tmp_path: Path) -> None:
    code, w = whole
    finding = imported(w, code, tmp_path, moved)
    found = problems(w, code)
    assert {p.kind for p in found} >= {"overlap", "gap"}
    old = shape_of(code, MOVED)
    near = old.buffer(0.01)
    for problem in found:
        assert MOVED in problem.codes
        assert problem.area_m2 >= 1
        assert near.contains(shapely.Point(problem.lon, problem.lat))
    # What it left is what it took: the land it moved onto is covered twice, or lies outside.
    left = sum(p.area_m2 for p in found if p.kind == "gap")
    taken = sum(p.area_m2 for p in found if p.kind != "gap")
    assert left == pytest.approx(taken, rel=1e-3)
    assert finding.status == "gap"
    told = [(f["kind"], tuple(f["codes"]), f["area_m2"]) for f in finding.detail["faults"]]  # type: ignore[attr-defined]
    assert told == [(p.kind, p.codes, round(p.area_m2, 1)) for p in found]
