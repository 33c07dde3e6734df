"""The same findings on Spark as here. Skipped, with the reason, where PySpark or Java 17 is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from operator import truediv
from pathlib import Path

import pytest
from tests.core.assess import county

from wuding import Wuding, WudingError, check_columns
from wuding.cli import run
from wuding.engines.spark import JAVA, Spark, check_ready, java_version
from wuding.store.export import open_export

ORDER = ["id", "status", "at"]
MISSING = "PySpark is not installed (extra `spark`)" if find_spec("pyspark") is None else ""
if not MISSING and (java_version() or 0) < JAVA:
    MISSING = f"no Java {JAVA}"
needs_spark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@pytest.fixture(scope="module")
def spark() -> Iterator[Spark]:
    """One session for all: each that is asked for later is this one."""
    with Spark("local[2]") as session:
        yield session


@pytest.fixture(scope="module")
def w(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wuding]:
    with county.opened(tmp_path_factory.mktemp("county")) as opened:
        yield opened


@needs_spark
def test_a_check_on_spark_equals_one_here(spark: Spark, w: Wuding, tmp_path: Path) -> None:
    whole = w.check(as_of=county.AS_OF, save=False).frame
    assert set(whole["status"]) >= {"met", "missed", "late", "overdue", "struck", "scored", "gap"}
    there = w.check(as_of=county.AS_OF, save=False, partitions=2, on="local[2]")
    assert there.frame.sort(ORDER).equals(whole.sort(ORDER))
    split = there.editions[0].split
    assert split is not None and split.parts == 2 and dict(split.whole) == {"league": "rank"}
    w.export_columns(tmp_path / "out", branches=2)
    book = tmp_path / "county.yaml"
    book.write_text(county.BOOK, encoding="utf-8")
    exported = check_columns(tmp_path / "out", as_of=county.AS_OF, books=[book], on="local[2]")
    assert exported.frame.sort(ORDER).equals(whole.sort(ORDER))


@needs_spark
def test_the_command_line(spark: Spark, w: Wuding, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    book = tmp_path / "county.yaml"
    book.write_text(county.BOOK, encoding="utf-8")
    given = ["--db", str(w.ledger.database.url), "--book", str(book)]
    assert run(["columns", "export", str(tmp_path / "out"), *given], {"WUDING_LANG": "en"}) == 0
    words = [
        "check",
        "--book",
        str(book),
        "--as-of",
        county.AS_OF,
        "--format",
        "csv",
        "--columns",
        str(tmp_path / "out"),
    ]
    capfd.readouterr()
    assert run(words, {"WUDING_LANG": "en"}) == 1
    here = capfd.readouterr().out
    assert run([*words, "--on", "local[2]", "--partitions", "2"], {"WUDING_LANG": "en"}) == 1
    there = capfd.readouterr()
    assert sorted(here.splitlines()) == sorted(there.out.splitlines())
    assert "checked in 2 parts; 1 rule assessed on everything: league (it ranks the whole book)" in there.err


@needs_spark
def test_what_is_wrong_in_a_task_is_said_as_it_is_here(spark: Spark) -> None:
    with pytest.raises(WudingError) as refused:
        spark.run(open_export, 2)  # type: ignore[arg-type]  # 0 and 1 are no folders
    with pytest.raises(WudingError) as failed:
        spark.run(partial(truediv, 1), 1)  # type: ignore[arg-type]
    assert (refused.value.code, failed.value.code) == ("WD886", "WD884")
    assert "ZeroDivisionError" in str(failed.value.args_["reason"])


@needs_spark
def test_a_master_that_does_not_answer() -> None:
    with pytest.raises(WudingError) as error:
        check_ready("spark://127.0.0.1:1")
    assert error.value.code == "WD882"


@needs_spark
def test_without_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(WudingError) as error:
        check_ready("local[2]")
    assert error.value.code == "WD881"


def test_without_pyspark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(WudingError) as error:
        check_ready("local[2]")
    assert error.value.code == "WD880"


@pytest.mark.parametrize("master", ["here", "local[two]", "http://host:7077", ""])
def test_what_is_no_master(master: str) -> None:
    with pytest.raises(WudingError) as error:
        check_ready(master)
    assert error.value.code == "WD885"
