"""Trees from CSV files, and what is wrong with trees that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wuding.domain.grid import Grid
from wuding.domain.period import to_date
from wuding.errors import Rejected, WudingError
from wuding.intake.grids import check_tree, read_tree

HEAD = "code,name,parent,level\n"


@pytest.fixture
def tree(tmp_path):
    def read(text, **more):
        path = tmp_path / "tree.csv"
        path.write_text(text, encoding="utf-8")
        return read_tree(path, **more)

    return read


def mistakes(tree, text, **more) -> list[tuple[str, int]]:
    with pytest.raises(Rejected) as caught:
        tree(text, **more)
    assert all(str(d.span.path).endswith("tree.csv") for d in caught.value.diagnostics)
    assert "{" not in str(caught.value)
    return [(d.code, d.span.line) for d in caught.value.diagnostics]


def test_a_tree_parents_first(tree):
    grids = tree(
        "code,name,parent,level,kinds,from,to,note\n"
        "11,a,1,town,urban; new,2024-01-01,2024-12-31,x\n"
        "1, 南城县 ,,county,,,,\n"
        "111,b,11,village,,2024-03-01,2024-03-01,\n"
    )
    assert [g.code for g in grids] == ["1", "11", "111"]
    assert grids[0] == Grid("1", "南城县", None, "county")
    assert grids[1].kinds == ("urban", "new")
    assert [to_date(d).isoformat() for d in (grids[1].start, grids[1].end)] == ["2024-01-01", "2025-01-01"]
    assert grids[2].end - grids[2].start == 1


def test_all_mistakes_are_told_at_once_each_at_its_row(tree):
    text = HEAD + "1,a,,county\n2,b,9,town\n1,c,,county\n,d,1,town\n4,,1,\n5,e,6,town\n6,f,5,town\n7,g,5,town\n8,h\n"
    assert mistakes(tree, text) == [
        ("WD450", 3), ("WD452", 4), ("WD453", 5), ("WD453", 6), ("WD453", 6), ("WD451", 7), ("WD428", 10),
    ]  # fmt: skip


def test_columns(tree):
    assert mistakes(tree, "code,name,parent\n1,a,\n") == [("WD454", 1)]
    assert mistakes(tree, "code,name,parent,level,kind\n1,a,,x,y\n") == [("WD456", 1)]


def test_days(tree):
    head = "code,name,parent,level,from,to\n"
    assert mistakes(tree, head + "1,a,,x,2024-02-30,\n2,b,,x,2024-05-02,2024-05-01\n") == [("WD402", 2), ("WD457", 3)]
    assert mistakes(tree, head + "1,a,,x,2024-01-01,\n2,b,1,y,2023-12-31,\n") == [("WD458", 3)]
    assert mistakes(tree, head + "1,a,,x,,2024-01-31\n1,a,,x,2024-02-02,\n2,b,1,y,,\n") == [("WD458", 4)]
    assert mistakes(tree, head + "1,a,,x,,2024-01-31\n1,a,,x,2024-01-31,\n") == [("WD452", 3)]
    assert len(tree(head + "1,a,,x,,2024-01-31\n1,b,,x,2024-02-01,\n2,c,1,y,,\n")) == 3


def test_parents_outside_the_file_must_be_known(tree):
    text = HEAD + "11,a,1,town\n"
    assert mistakes(tree, text) == [("WD450", 2)]
    assert tree(text, known={"1"})[0].parent == "1"


def test_a_subtree(tree):
    text = HEAD + "1,a,,county\n11,b,1,town\n12,c,1,town\n111,d,11,village\n1111,e,111,group\n9,f,8,lost\n"
    assert [(g.code, g.parent) for g in tree(text, root="11")] == [("11", None), ("111", "11"), ("1111", "111")]
    assert tree(text, root="11", known={"1"})[0].parent == "1"
    with pytest.raises(WudingError) as caught:
        tree(text, root="13")
    assert caught.value.code == "WD455"


def test_a_subtree_cut_out_of_a_cycle_is_a_tree(tree):
    text = HEAD + "1,a,2,x\n2,b,1,x\n3,c,2,y\n"
    assert mistakes(tree, text) == [("WD451", 2)]
    assert [(g.code, g.parent) for g in tree(text, root="1")] == [("1", None), ("2", "1"), ("3", "2")]
    assert [d.code for d in check_tree([Grid("1", "a", "1", "x")])] == ["WD451"]


def test_cycles_are_told_once_with_all_their_grids():
    ring = [Grid(str(n), "x", str((n + 1) % 4), "x") for n in range(4)] + [Grid("9", "hangs below", "2", "x")]
    (found,) = check_tree(ring)
    assert (found.code, found.span.path, found.args["codes"]) == ("WD451", "grid 0", "0 → 1 → 2 → 3 → 0")


def test_a_cycle_must_stand_at_one_time():
    a, b = Grid("a", "", "b", "x", start=0, end=10), Grid("b", "", None, "x", start=0, end=10)
    later = [Grid("a", "", None, "x", start=10), Grid("b", "", "a", "x", start=10)]
    assert check_tree([a, b, *later]) == []
    overlapping = [
        Grid("a", "", None, "x", start=10),
        Grid("b", "", None, "x", start=0, end=5),
        Grid("b", "", "a", "x", start=5),
    ]
    assert [d.code for d in check_tree([a, *overlapping])] == ["WD451"]


PARENTS = st.integers(1, 8).flatmap(lambda n: st.lists(st.one_of(st.none(), st.integers(0, n)), min_size=n, max_size=n))


@given(PARENTS)
def test_a_tree_is_clean_when_every_grid_climbs_to_a_root(parents):
    grids = [Grid(f"g{i}", "x", None if p is None else f"g{p}", "x") for i, p in enumerate(parents)]

    def climbs(i: int) -> bool:
        seen = set()
        while i is not None and i < len(parents) and i not in seen:
            seen.add(i)
            i = parents[i]
        return i is None

    found = check_tree(grids)
    assert (not found) == all(climbs(i) for i in range(len(parents)))
    assert sum(d.code == "WD450" for d in found) == sum(p == len(parents) for p in parents)


@pytest.mark.parametrize(
    ("name", "count"),
    [("hubei_42_all", 28_652), ("jiangxi_fuzhou_nancheng_361021", 190), ("sichuan_yaan_baoxing_511827", 48)],
)
def test_real_trees_are_clean(data, name, count):
    grids = read_tree(data / "china-admin-divisions" / f"{name}.csv.gz")
    assert len(grids) == count and check_tree(grids) == []
    place = {g.code: i for i, g in enumerate(grids)}
    assert all(g.parent is None or place[g.parent] < i for i, g in enumerate(grids))
    assert all(g.parent is None or g.code.startswith(g.parent) for g in grids)


def test_a_county_out_of_its_province(data):
    path = data / "china-admin-divisions" / "hubei_42_all.csv.gz"
    grids = read_tree(path, root="420506")
    assert grids[0].code == "420506" and grids[0].parent is None and grids[0].name == "夷陵区"
    assert {g.level for g in grids} == {"county", "town", "village"}
    alone = read_tree(data / "china-admin-divisions" / "hubei_yichang_yiling_420506.csv.gz", root="420506")
    assert {g.code for g in alone} == {g.code for g in grids}


def test_counties_without_their_parents_are_orphans(data, tmp_path):
    import csv
    import gzip

    path = data / "china-admin-divisions" / "sichuan_yaan_baoxing_511827.csv.gz"
    rows = [
        r for r in csv.reader(gzip.decompress(path.read_bytes()).decode("utf-8-sig").splitlines()) if r[0] != "511827"
    ]
    cut = tmp_path / "cut.csv"
    cut.write_text("\n".join(",".join(row) for row in rows), encoding="gb18030")
    with pytest.raises(Rejected) as caught:
        read_tree(cut)
    assert {d.code for d in caught.value.diagnostics} == {"WD450"}
    assert len(caught.value.diagnostics) == sum(row[2] == "511827" for row in rows)
