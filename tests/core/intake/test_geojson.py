"""Boundaries from GeoJSON."""

import json

import pytest
import shapely

from wuding.errors import Rejected, WudingError
from wuding.intake.geojson import match_code, read_boundaries
from wuding.intake.grids import read_tree

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
BOW = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}


@pytest.fixture
def boundaries(tmp_path):
    def run(features, codes=("1", "2"), **more):
        path = tmp_path / "b.geojson"
        content = (
            features if isinstance(features, str) else json.dumps({"type": "FeatureCollection", "features": features})
        )
        path.write_text(content, encoding="utf-8")
        return read_boundaries(path, codes, **more)

    return run


def feature(code, geometry=SQUARE, key="code"):
    return {"type": "Feature", "properties": {key: code}, "geometry": geometry}


def mistakes(boundaries, features, **more) -> list[tuple[str, int]]:
    with pytest.raises(Rejected) as caught:
        boundaries(features, **more)
    assert "{" not in str(caught.value) and all(
        d.span.path.endswith("b.geojson feature") for d in caught.value.diagnostics
    )
    return [(d.code, d.span.line) for d in caught.value.diagnostics]


def test_codes_match_with_and_without_padding():
    tree = {"42", "4205", "420506", "4290"}
    assert match_code("420506", tree) == "420506"
    assert match_code("420500", tree) == "4205"
    assert match_code("420000", tree) == "42"
    assert match_code("420506000000", tree) == "420506"
    assert match_code("429000", tree) == "4290"
    assert match_code("420700", tree - {"42"}) is None
    assert match_code("420599", tree) is None
    assert match_code("000000", tree) is None
    assert match_code("420500", {*tree, "420500"}) == "420500"


def test_a_city_that_the_tree_lacks_does_not_fall_to_its_province():
    assert match_code("420700", {"42"}) is None
    assert match_code("420000", {"42"}) == "42"


def test_shapes_by_grid_and_the_codes_that_no_grid_has(boundaries):
    multi = {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]}
    found = boundaries([feature("1"), feature(2, multi), feature("77")])
    assert set(found.wkb) == {"1", "2"} and found.unmatched == ("77",) and found.fixed == ()
    assert shapely.from_wkb(found.wkb["1"]).area == 0.5
    assert set(boundaries([feature("1", key="adcode")], key="adcode").wkb) == {"1"}
    height = {"type": "Polygon", "coordinates": [[[0, 0, 5], [1, 0, 5], [1, 1, 5], [0, 0, 5]]]}
    assert not shapely.from_wkb(boundaries([feature("1", height)]).wkb["1"]).has_z


def test_everything_wrong_is_told_at_once(boundaries):
    features = [
        feature("1"), feature("1"), {"properties": {"name": "x"}, "geometry": SQUARE}, feature("2", BOW),
    ]  # fmt: skip
    assert mistakes(boundaries, features) == [("WD462", 2), ("WD461", 3), ("WD463", 4)]
    for geometry, code in [
        ({"type": "Point", "coordinates": [0, 0]}, "WD464"),
        (None, "WD464"),
        ({"type": "Polygon", "coordinates": []}, "WD464"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, "WD463"),
        ({"type": "Polygon", "coordinates": [[["a", 0], [1, 1], [1, 0], ["a", 0]]]}, "WD463"),
        (
            {
                "type": "Polygon",
                "coordinates": [[[38500000, 3400000], [38500001, 3400000], [38500001, 3400001], [38500000, 3400000]]],
            },
            "WD465",
        ),
    ]:
        assert mistakes(boundaries, [feature("1", geometry)]) == [(code, 1)]


def test_where_a_shape_is_broken(boundaries):
    with pytest.raises(Rejected) as caught:
        boundaries([feature("1", BOW)])
    (found,) = caught.value.diagnostics
    assert (found.args["reason"], found.args["lon"], found.args["lat"]) == ("self-intersection", "1", "1")


def test_repair_only_when_asked(boundaries):
    found = boundaries([feature("1", BOW), feature("2")], fix=True)
    assert found.fixed == ("1",)
    assert shapely.from_wkb(found.wkb["1"]).is_valid and shapely.from_wkb(found.wkb["1"]).area == 2


@pytest.mark.parametrize("text", ["{", "[]", '{"features": 1}', '{"features": [1]}'])
def test_files_that_are_no_collection(boundaries, text):
    with pytest.raises(WudingError) as caught:
        boundaries(text)
    assert caught.value.code == "WD460"


@pytest.mark.parametrize(
    ("name", "count"),
    [("hubei_420000_province", 1), ("hubei_420000_prefectures", None), ("hubei_420000_counties", 103)],
)
def test_real_boundaries_find_their_grids(data, name, count):
    tree = {g.code: g for g in read_tree(data / "china-admin-divisions" / "hubei_42_all.csv.gz")}
    found = read_boundaries(data / "china-boundaries" / f"{name}.geojson.gz", tree)
    assert count is None or len(found.wkb) + len(found.unmatched) == count
    assert found.fixed == () and found.unmatched == ()
    level = {"province": "province", "prefectures": "city", "counties": "county"}[name.rpartition("_")[2]]
    assert {tree[code].level for code in found.wkb} <= {level, "county"}
