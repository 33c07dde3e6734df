"""Exported columns: what a check elsewhere needs, and nothing that it must not overwrite."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.core.assess import county

from wuding import Grid, Wuding, WudingError, check_columns
from wuding.store.export import folder_of, open_export

ORDER = ["id", "status", "at"]


@pytest.fixture(scope="module")
def w(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wuding]:
    with county.opened(tmp_path_factory.mktemp("county")) as opened:
        yield opened


def test_a_check_of_the_export_equals_one_of_the_ledger_whole_or_in_parts(w: Wuding, tmp_path: Path) -> None:
    w.put_in_force("fire/county")
    made = w.export_columns(tmp_path / "out", branches=2)
    whole = w.check(as_of=county.AS_OF, save=False).frame.sort(ORDER)
    assert (made.seq, made.branches, made.rows["fire.hazard"]) == (w.ledger.head().seq, 3, 12)
    here = check_columns(tmp_path / "out", as_of=county.AS_OF)  # by the books in force
    assert here.frame.sort(ORDER).equals(whole)
    book = w.ledger.database.path.with_name("county.yaml")
    for wanted in (2, 4):
        parts = check_columns(tmp_path / "out", as_of=county.AS_OF, books=[book], partitions=wanted)
        assert parts.frame.sort(ORDER).equals(whole)
        assert parts.editions[0].split.parts > 1
        assert set(parts.editions[0].split.whole) >= {"league"}


def test_a_check_in_parts_is_one_to_go_on_from(tmp_path: Path) -> None:
    with county.opened(tmp_path) as w:
        w.check(as_of=county.AS_OF, partitions=2)
        w.record("hazard", grid="T1V2B1", at="2024-03-03T10:00", hazard_id="new", severity="major")
        again = w.check(as_of=county.AS_OF, save=False, since=w.last_check(), partitions=2)
        whole = w.check(as_of=county.AS_OF, save=False)
        assert again.editions[0].split is None  # what changed was assessed, nothing else
        assert again.frame.sort(ORDER).equals(whole.frame.sort(ORDER))


def test_facts_lie_by_branch_and_month(w: Wuding, tmp_path: Path) -> None:
    w.export_columns(tmp_path / "out", branches=2)
    files = {
        str(f.relative_to(tmp_path / "out/facts/fire.inspection"))
        for f in tmp_path.glob("out/facts/fire.inspection/*/*/*")
    }
    assert files == {f"branch=T{t}/month=2024-0{m}/part.parquet" for t in (0, 1) for m in (1, 2, 3)}
    assert not list(tmp_path.glob(".*"))


def test_an_export_is_replaced_and_anything_else_is_not(w: Wuding, tmp_path: Path) -> None:
    w.export_columns(tmp_path / "out", branches=6)
    w.export_columns(tmp_path / "out", branches=2)
    assert open_export(tmp_path / "out").manifest.branches == 3
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(WudingError) as error:
        w.export_columns(tmp_path / "mine")
    assert error.value.code == "WD888"
    assert [f.name for f in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_corrections_hold_in_an_export_and_what_was_not_yet_known_is_not_there(tmp_path: Path) -> None:
    with county.opened(tmp_path) as w:
        before = w.ledger.head().seq
        seq = next(iter(w.ledger.facts(domain="fire", type="fire"))).seq
        w.correct(seq, void=True, reason="an error")
        w.export_columns(tmp_path / "out")
        assert open_export(tmp_path / "out").manifest.rows["fire.fire"] == 0
        assert w.ledger.head().seq > before
        found = check_columns(tmp_path / "out", as_of=county.AS_OF, books=[tmp_path / "county.yaml"], partitions=2)
        assert found.frame.filter(rule="large-fire").is_empty()


@pytest.mark.parametrize("code", ["甲/1 %", "..", "none", "A=B"])
def test_any_code_names_a_folder(code: str, tmp_path: Path) -> None:
    with county.opened(tmp_path) as w:
        w.add_grids([Grid(code, "n", "C", "zone"), Grid(code + "b", "n", code, "basic")])
        w.record("hazard", grid=code + "b", at="2024-03-03T10:00", hazard_id="odd", severity="major")
        w.export_columns(tmp_path / "out", branches=3)
        whole = w.check(as_of=county.AS_OF, save=False).frame.sort(ORDER)
        parts = check_columns(tmp_path / "out", as_of=county.AS_OF, books=[tmp_path / "county.yaml"], partitions=3)
        assert parts.frame.sort(ORDER).equals(whole)
        assert (tmp_path / f"out/facts/fire.hazard/branch={folder_of(code)}").is_dir()


def test_columns_that_cannot_be_read_say_why(w: Wuding, tmp_path: Path) -> None:
    with pytest.raises(WudingError) as nothing:
        check_columns(tmp_path)
    w.export_columns(tmp_path / "out")
    told = json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))
    told["types"]["fire.hazard"] = "0"
    (tmp_path / "out/manifest.json").write_text(json.dumps(told), "utf-8")
    with pytest.raises(WudingError) as other:
        check_columns(tmp_path / "out", books=["fire/chigang"])
    assert (nothing.value.code, other.value.code) == ("WD886", "WD887")
