"""A domain's skeleton is whole: it is really installed, beside Wuding, and used as an integrator would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.outside import Outside, outside

from wuding.cli import run
from wuding.cli.new import write_skeleton
from wuding.errors import WudingError

ENV = {"WUDING_LANG": "en"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A folder with `river-chief` in it, installed."""
    place = outside(tmp_path_factory.mktemp("outside"))
    written = place.run("wuding", "new-domain", "river-chief", "--zh", "河长制")
    assert written.code == 0, written.said
    place.must("pip", "install", "-e", "wuding-river-chief")
    return place


def test_what_is_written_lints_clean(installed: Outside) -> None:
    assert installed.must("wuding", "lint", "wuding-river-chief") == "1 domain, 2 books, 1 test file: 0 errors\n"


def test_its_tests_pass(installed: Outside) -> None:
    assert installed.must("wuding", "test", "wuding-river-chief").endswith("3 tests passed\n")


def test_its_python_tests_pass_and_hold_every_rule(installed: Outside) -> None:
    assert "5 passed" in installed.must("pytest", "wuding-river-chief")


def test_it_is_listed_at_once(installed: Outside) -> None:
    listed = json.loads(installed.must("wuding", "plugins", "--format", "json"))
    assert [row for row in listed if row["plugin"] == "river-chief"] == [
        {"plugin": "river-chief", "package": "wuding-river-chief", "version": "0.1.0", "domains": "river-chief",
         "books": "river-chief/base, river-chief/example"},
    ]  # fmt: skip


def test_its_name_is_taken_then(installed: Outside) -> None:
    refused = installed.run("wuding", "new-domain", "river-chief", "--in", "elsewhere")
    assert (refused.code, "WD841" in refused.said) == (2, True)
    assert not (installed.folder / "elsewhere").exists()


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wuding-lifts").mkdir()
    assert run(["new-domain", "lifts", "--in", str(tmp_path)], ENV) == 2
    assert "WD842" in capsys.readouterr().err
    assert list((tmp_path / "wuding-lifts").iterdir()) == []


@pytest.mark.parametrize("name", ["", "Fire", "2nd", "a_b", "a--b", "-a", "a-", "消防", "a/b", "../a", "a b"])
def test_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WudingError) as told:
        write_skeleton(name, tmp_path)
    assert told.value.code == "WD840"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WudingError) as told:
        write_skeleton("lifts", tmp_path / "file" / "below")
    assert told.value.code == "WD843"


@pytest.mark.parametrize("title", ['a "b": {c}, [d] # e', "it's $x @name \\", "true", "中文：“引号”", "100%"])
def test_any_title_stays_what_it_is(tmp_path: Path, title: str) -> None:
    target, _ = write_skeleton("lifts", tmp_path, title, title)
    domain = yaml.safe_load((target / "wuding_lifts/books/domain.yaml").read_text(encoding="utf-8"))
    assert domain["title"] == {"zh": title, "en": title}
    assert run(["lint", str(target)], ENV) == 0
