"""Command lines as a user types them, in a folder of their own, on real SQLite files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from wuding.cli import run

TREE = "code,name,parent,level\nZ,南城,,zone\nG1,一组,Z,grid\nB1,甲格,G1,basic\nB2,乙格,G1,basic\n"
BOOK = """book: fire/little
title: {zh: 小规则册, en: Little}
domain: fire
grid: Z
patrol:
  - {id: monthly, for: {grid: basic}, do: {fact: inspection, when: {filed: true}}, every: month, clause: p5.3}
"""


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Wuding = Callable[..., Answer]


@pytest.fixture
def wuding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wuding:
    """Runs a command line in English unless it says otherwise."""
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> Answer:
        code = run(words, {"WUDING_LANG": "en"})
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Answer(code, out, err)

    return command


@pytest.fixture
def ledger(wuding: Wuding, tmp_path: Path) -> Path:
    """A ledger with a small tree, beside a book and a file of facts."""
    (tmp_path / "tree.csv").write_text(TREE, encoding="utf-8")
    (tmp_path / "little.yaml").write_text(BOOK, encoding="utf-8")
    (tmp_path / "facts.csv").write_text(
        "at,grid,actor,filed\n2024-05-03T09:00,B1,li,true\n2024-06-04T09:00,B1,li,true\n2024-06-05,B2,wu,false\n",
        "utf-8",
    )
    assert wuding("init").code == 0
    assert wuding("grid", "import", "tree.csv").code == 0
    return tmp_path / "wuding.db"
