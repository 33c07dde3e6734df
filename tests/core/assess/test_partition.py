"""The partition check, on squares and on real counties."""

import gzip
import json
import math
import os
from fractions import Fraction
from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import Point, box, shape

from wuding.assess.partition import areas_m2, check_partition

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("WUDING_SHARED", ROOT.parent / "shared")) / "data" / "china-boundaries"
PLACES = {
    "Yichang": ("yichang_420500_city", "yichang_420500_counties", 13, 21_164.83),
    "Hubei": ("hubei_420000_province", "hubei_420000_counties", 103, 185_028.88),
    "Ya'an": ("yaan_511800_city", "yaan_511800_counties", 8, 14_961.03),
    "Fuzhou": ("fuzhou_jx_361000_city", "fuzhou_jx_361000_counties", 11, 18_749.46),
    "Putian": ("putian_350300_city", "putian_350300_counties", 5, 4_056.39),
}
SQUARE = box(0, 0, 2, 2)
TILES = {"sw": box(0, 0, 1, 1), "se": box(1, 0, 2, 1), "nw": box(0, 1, 1, 2), "ne": box(1, 1, 2, 2)}


def load(name: str) -> dict[str, shapely.Geometry]:
    path = DATA / f"{name}.geojson.gz"
    if not path.exists():
        pytest.skip(f"no real data: {path.name} is not beside the repository")
    features = json.loads(gzip.decompress(path.read_bytes()))["features"]
    return {f["properties"]["code"]: shape(f["geometry"]) for f in features}


def real(place: str):
    whole, parts, count, _ = PLACES[place]
    children = load(parts)
    assert len(children) == count
    return next(iter(load(whole).values())), children


def kinds(problems) -> list[tuple[str, tuple[str, ...]]]:
    return [(p.kind, p.codes) for p in problems]


# ── areas ────────────────────────────────────────────────────────────────────────────────────────
def test_the_area_of_the_whole_ellipsoid():
    assert areas_m2([box(-180, -90, 180, 90)])[0] == pytest.approx(510_065_621.724e6, rel=1e-9)  # WGS 84


@given(st.floats(-85, 85), st.floats(-179, 178))
def test_areas_agree_with_the_radii_of_curvature(lat, lon):
    """Independent of the projection: a small cell is M · N · cos(lat) · dlat · dlon."""
    a, e2, d = 6_378_137.0, 0.00669437999014, 1e-3
    middle = math.radians(lat + d / 2)
    w = 1 - e2 * math.sin(middle) ** 2
    m, n = a * (1 - e2) / w**1.5, a / math.sqrt(w)
    expected = m * n * math.cos(middle) * math.radians(d) ** 2
    assert areas_m2([box(lon, lat, lon + d, lat + d)])[0] == pytest.approx(expected, rel=1e-6)


# ── squares ──────────────────────────────────────────────────────────────────────────────────────
def test_tiles_are_clean_as_shapes_and_as_wkb():
    assert check_partition(SQUARE, TILES) == []
    assert check_partition(SQUARE.wkb, {code: tile.wkb for code, tile in TILES.items()}) == []


def test_a_missing_tile_is_a_gap_with_place_area_and_neighbours():
    rest = {code: tile for code, tile in TILES.items() if code != "se"}
    (gap,) = check_partition(SQUARE, rest)
    assert gap.kind == "gap" and gap.codes == ("ne", "nw", "sw")
    assert TILES["se"].contains(Point(gap.lon, gap.lat))
    assert gap.area_m2 == pytest.approx(areas_m2([TILES["se"]])[0])
    assert gap.share == pytest.approx(25, abs=0.1)


def test_an_overlap_names_both_and_is_measured_against_the_parent():
    children = {**TILES, "sw": box(0, 0, 1.1, 1)}
    (overlap,) = check_partition(SQUARE, children)
    assert (overlap.kind, overlap.codes) == ("overlap", ("sw", "se"))
    assert overlap.share == pytest.approx(2.5, abs=0.01) and 1 < overlap.lon < 1.1 and 0 < overlap.lat < 1


def test_land_outside_is_reported_at_the_child():
    children = {**TILES, "se": box(1, 0, 2.5, 1)}
    (outside,) = check_partition(SQUARE, children)
    assert (outside.kind, outside.codes) == ("outside", ("se",)) and outside.lon > 2
    assert outside.share == pytest.approx(12.5, abs=0.1)


def test_a_hole_of_the_parent_is_an_enclave():
    parent = SQUARE.difference(box(0.4, 0.4, 0.6, 0.6))
    children = {**TILES, "sw": TILES["sw"].difference(box(0.4, 0.4, 0.6, 0.6))}
    assert check_partition(parent, children) == []
    assert kinds(check_partition(SQUARE, children)) == [("gap", ("sw",))]
    assert kinds(check_partition(parent, TILES)) == [("outside", ("sw",))]


def test_limits_in_square_metres_and_percent():
    children = {**TILES, "sw": box(0, 0, 1.1, 1)}
    assert check_partition(SQUARE, children, max_overlap=(Fraction(5, 2), "%"))[:1] != []
    assert check_partition(SQUARE, children, max_overlap=(Fraction(26, 10), "%")) == []
    assert check_partition(SQUARE, children, max_overlap=(Fraction(10**12), "m2")) == []
    wide = {**TILES, "se": box(1, 0, 2.5, 1)}
    assert check_partition(SQUARE, wide, max_overlap=(Fraction(13), "%")) == []
    rest = {code: tile for code, tile in TILES.items() if code in ("nw", "se")}
    assert len(check_partition(SQUARE, rest, max_gap=(Fraction(30), "%"))) == 2  # 25 % each: 50 % together
    assert check_partition(SQUARE, rest, max_gap=(Fraction(51), "%")) == []
    with pytest.raises(ValueError):
        check_partition(SQUARE, children, max_overlap=(Fraction(1), "ha"))


def test_slivers_count_for_nothing_but_lines_may_touch():
    nudge = 1e-9  # a tenth of a millimetre by a degree: some 12 m2
    children = {**TILES, "sw": box(0, 0, 1 - nudge, 1)}
    assert check_partition(SQUARE, children, sliver_m2=100) == []
    assert kinds(check_partition(SQUARE, children, sliver_m2=1)) == [("gap", ("ne", "nw", "se", "sw"))]
    uneven = {"west": box(0, 0, 1, 2), "se": TILES["se"], "ne": TILES["ne"]}  # a vertex on one side only
    assert check_partition(SQUARE, uneven) == []


def test_shapes_that_are_not_valid_are_reported_alone_with_their_place():
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    (problem,) = check_partition(SQUARE, {**TILES, "sw": bow})
    assert (problem.kind, problem.codes, problem.lon, problem.lat) == ("invalid", ("sw",), 0.5, 0.5)
    assert "Self-intersection" in problem.reason
    assert kinds(check_partition(bow, TILES)) == [("invalid", ())]
    assert kinds(check_partition(SQUARE, {**TILES, "sw": Point(0, 0)})) == [("invalid", ("sw",))]
    assert kinds(check_partition(SQUARE, {"none": shapely.Polygon()})) == [("invalid", ("none",))]


def test_no_children_at_all_leave_one_gap():
    (gap,) = check_partition(SQUARE, {})
    assert gap.kind == "gap" and gap.codes == () and gap.share == pytest.approx(100)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 8)] * 4), max_size=6))
def test_areas_of_problems_agree_with_counting_cells(corners):
    """Random rectangles over a small grid: what is covered twice, not at all, and outside is counted cell by cell."""
    boxes = {f"r{i}": (min(a, c), min(b, d), max(a, c), max(b, d)) for i, (a, b, c, d) in enumerate(corners)}
    boxes = {k: v for k, v in boxes.items() if v[0] < v[2] and v[1] < v[3]}
    parent, unit = box(1, 1, 7, 7), 1.0
    cell = {(x, y): float(areas_m2([box(x, y, x + unit, y + unit)])[0]) for x in range(8) for y in range(8)}
    inside = {k for k in cell if 1 <= k[0] < 7 and 1 <= k[1] < 7}
    cover = {k: {(x, y) for x in range(v[0], v[2]) for y in range(v[1], v[3])} for k, v in boxes.items()}
    problems = check_partition(parent, {k: box(*v) for k, v in boxes.items()})

    def total(kind: str) -> float:
        return sum(p.area_m2 for p in problems if p.kind == kind)

    pairs = [(a, b) for a in cover for b in cover if a < b]
    assert total("gap") == pytest.approx(sum(cell[k] for k in inside - set().union(*cover.values())))
    assert total("overlap") == pytest.approx(sum(cell[k] for a, b in pairs for k in cover[a] & cover[b]))
    assert total("outside") == pytest.approx(sum(cell[k] for one in cover.values() for k in one - inside))


# ── real counties ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("place", PLACES)
def test_real_counties_tile_their_parent(place):
    parent, children = real(place)
    assert check_partition(parent, children) == []
    assert sum(areas_m2(list(children.values()))) == pytest.approx(areas_m2([parent])[0], rel=1e-9)
    assert areas_m2([parent])[0] / 1e6 == pytest.approx(PLACES[place][3], rel=0.006)


@pytest.mark.parametrize("place", PLACES)
def test_a_county_removed_is_a_gap_of_its_area(place):
    parent, children = real(place)
    code = sorted(children)[len(children) // 2]
    removed = children.pop(code)
    problems = check_partition(parent, children)
    assert {p.kind for p in problems} == {"gap"}
    assert removed.contains(Point(problems[0].lon, problems[0].lat))
    assert sum(p.area_m2 for p in problems) == pytest.approx(areas_m2([removed])[0], rel=0.005)
    assert all(code not in p.codes for p in problems)


@pytest.mark.parametrize("place", PLACES)
def test_a_county_shifted_by_200_m_overlaps_and_leaves_gaps(place):
    parent, children = real(place)
    code = sorted(children)[len(children) // 2]
    was = children[code]
    east = 200 / (111_320 * math.cos(math.radians(was.centroid.y)))
    children[code] = affinity.translate(was, east, 0)
    problems = check_partition(parent, children)
    assert {"overlap", "gap"} <= {p.kind for p in problems}
    near = was.buffer(2 * east)
    assert all(near.contains(Point(p.lon, p.lat)) for p in problems)
    assert all(code in p.codes for p in problems if p.kind != "gap")
    lost = float(areas_m2([was.difference(children[code])])[0])
    assert sum(p.area_m2 for p in problems if p.kind == "gap") == pytest.approx(lost, rel=1e-3)


def test_vertices_on_one_side_of_a_border_make_no_problem():
    """What editing tools do; it measures the noise that the sliver limit must stay above."""
    parent, children = real("Yichang")
    denser = {c: shapely.segmentize(s, 5e-4) if i % 2 else s for i, (c, s) in enumerate(children.items())}
    assert not shapely.coverage_is_valid(list(denser.values()))
    noise = check_partition(parent, denser, sliver_m2=0)
    assert noise and max(p.area_m2 for p in noise) < 1e-3
    assert check_partition(parent, denser) == []
