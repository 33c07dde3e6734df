"""Findings that go into files as they are found: the same as a check keeps, and nothing else is overwritten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.core.assess import county

from wuding import Wuding, WudingError, check_columns_to

ORDER = ["id", "status", "at"]


@pytest.fixture(scope="module")
def w(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wuding]:
    with county.opened(tmp_path_factory.mktemp("county")) as opened:
        yield opened


def test_what_is_written_is_what_a_check_keeps(w: Wuding, tmp_path: Path) -> None:
    whole = w.check(as_of=county.AS_OF, save=False)
    written = w.check_to(tmp_path / "out", county.AS_OF)
    found = written.lazy().collect()
    assert found.schema == whole.frame.schema
    assert found.sort(ORDER).equals(whole.frame.sort(ORDER))
    (rows,) = written.rows.values()
    assert rows == {key: len(frame) for key, frame in whole.editions[0].concluded.frames.items()}
    told = json.loads((tmp_path / "out/check.json").read_text("utf-8"))
    assert (told["known_seq"], told["rows"]) == (w.ledger.head().seq, written.rows)
    assert whole.write(tmp_path / "again") == len(whole.frame)
    files = {str(f.relative_to(tmp_path / "out")) for f in (tmp_path / "out").rglob("*.parquet")}
    assert files == {str(f.relative_to(tmp_path / "again")) for f in (tmp_path / "again").rglob("*.parquet")}
    one = tmp_path / "again/fire/county/hazard.parquet"
    assert pl.read_parquet(one).filter(pl.col("case") == "").is_empty()  # outside, no case is nothing


def test_exported_columns_are_checked_into_files_too(w: Wuding, tmp_path: Path) -> None:
    w.put_in_force("fire/county")
    w.export_columns(tmp_path / "columns", branches=2)
    written = check_columns_to(tmp_path / "out", tmp_path / "columns", as_of=county.AS_OF)
    whole = w.check(as_of=county.AS_OF, save=False).frame
    assert written.lazy().collect().sort(ORDER).equals(whole.sort(ORDER))


def test_a_check_is_replaced_and_anything_else_is_not(w: Wuding, tmp_path: Path) -> None:
    w.check_to(tmp_path / "out", county.AS_OF)
    w.check_to(tmp_path / "out", county.AS_OF)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear", "utf-8")
    with pytest.raises(WudingError, match="WD888"):
        w.check_to(tmp_path / "mine", county.AS_OF)
    assert [f.name for f in (tmp_path / "mine").iterdir()] == ["letter.txt"]
    assert not list(tmp_path.glob(".*"))


def test_findings_of_two_editions_of_a_book_lie_side_by_side(tmp_path: Path) -> None:
    with county.opened(tmp_path) as w:
        w.put_in_force("fire/county")
    book = tmp_path / "county.yaml"
    book.write_text(county.BOOK.replace("points: -5", "points: -6"), "utf-8")
    url = f"sqlite:///{tmp_path}/county.db"
    with Wuding.open(url, books=[book]) as w:
        w.put_in_force("fire/county", start="2024-02-10")
    with Wuding.open(url) as w:
        whole = w.check(as_of=county.AS_OF, save=False)
        assert len(whole.editions) == 2
        written = w.check_to(tmp_path / "out", county.AS_OF)
        assert written.lazy().collect().sort(ORDER).equals(whole.frame.sort(ORDER))
        assert len(list(tmp_path.glob("out/fire/county/*.2.parquet"))) == len(written.rows["fire/county"])
