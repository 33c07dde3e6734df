"""Every broken book gives exactly the diagnostics that its first line announces, with the caret under the place."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from wuding.catalogue import render
from wuding.errors import Diagnostic

BOOKS = sorted((Path(__file__).parent / "broken").glob("*.yaml"))


def announced(text: str) -> list[tuple[str, str]]:
    words = text.split("\n")[0].removeprefix("#").replace(",", " ").split()
    return list(zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_exactly_what_is_announced(path: Path, checked: Callable[[str], list[Diagnostic]]) -> None:
    text = path.read_text(encoding="utf-8")
    found = [(one.code, f"{one.span.line}:{one.span.column}") for one in checked(text)]
    assert found == announced(text)


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_caret_stands_under_the_place(path: Path, lang: str, checked: Callable[[str], list[Diagnostic]]) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    for one in checked(text):
        shown = render(one, lang, lines).split("\n")
        caret = shown[3].index("^")
        before = lines[one.span.line - 1][: one.span.column - 1]
        columns = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in before)
        assert caret == len(shown[3].split("|")[0]) + 2 + columns
        assert "{" not in shown[0].split("  ", 2)[2] or "{" in str(one.args)


def test_there_are_many_kinds_of_mistakes() -> None:
    assert len({code for path in BOOKS for code, _ in announced(path.read_text(encoding="utf-8"))}) >= 40
