"""Help and mistakes of the command line itself, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

MISTAKES = [
    (("chek",), "WD830", "check"),
    (("grid", "sho"), "WD830", "show"),
    (("check", "--asof", "2024"), "WD831", "--as-of"),
    (("import",), "WD832", "file"),
    (("explain",), "WD832", "ID"),
    (("findings", "--limit", "x"), "WD833", "--limit"),
    (("check", "--as-of"), "WD811", "--as-of"),
    (("check", "two", "words"), "WD835", "two words"),
]


@pytest.mark.parametrize(("words", "code", "named"), MISTAKES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_mistake_on_the_command_line_is_said_with_its_remedy(
    wuding: Any, words: tuple[str, ...], code: str, named: str, lang: str
) -> None:
    answer = wuding(*words, "--lang", lang) if code != "WD811" else wuding("--lang", lang, *words)
    assert answer.code == 2
    assert answer.err.startswith(code) and named in answer.err
    assert len(answer.err.strip().splitlines()) == 2  # what is wrong, and the remedy
    assert ("帮助" in answer.err) == (lang == "zh")


def test_help_is_chinese_where_chinese_is_asked_for(wuding: Any) -> None:
    out = wuding("grid", "import", "--help", "--lang", "zh").out
    assert "用法：" in out and "选项" in out and "显示这份说明" in out
    assert "Usage" not in out and "Options " not in out and "Show this" not in out


def test_no_command_at_all_shows_what_there_is(wuding: Any) -> None:
    for words in ((), ("grid",)):
        answer = wuding(*words, "--lang", "zh")
        assert answer.code == 2 and "命令" in answer.out + answer.err
