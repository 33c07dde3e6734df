"""`wuding test` asks about the books that lie beside the tests, whatever is installed under their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from wuding.cli import run

RULES = Path(__file__).parents[3] / "rules" / "wuding_rules" / "fire"
ENV = {"WUDING_LANG": "en"}


@pytest.mark.parametrize("named", [".", "chigang.test.yaml"])
def test_an_edited_book_is_what_is_tested(tmp_path: Path, capsys: pytest.CaptureFixture[str], named: str) -> None:
    for name in ("chigang.yaml", "chigang.test.yaml"):
        (tmp_path / name).write_text((RULES / name).read_text(encoding="utf-8"), encoding="utf-8")
    path = str(tmp_path / named)
    assert run(["test", path], ENV) == 0
    book = tmp_path / "chigang.yaml"
    text = book.read_text(encoding="utf-8")
    changed = text.replace("urging-days: {assumed: true, clause: p5.5, values: {2024-01-01: 7d}}",
                           "urging-days: {assumed: true, clause: p5.5, values: {2024-01-01: 1d}}")  # fmt: skip
    assert changed != text
    book.write_text(changed, encoding="utf-8")
    assert run(["test", path], ENV) == 1
    assert "urge.urged" in capsys.readouterr().out
