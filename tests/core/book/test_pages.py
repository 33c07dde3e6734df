"""Every code has texts in both languages and a page; the page's example triggers it, and its remedy does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from wuding.catalogue import choose_lang, own_texts, render, text, width
from wuding.errors import Diagnostic, Rejected, Span, WudingError

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "docs" / "diagnostics"
HEADER = "book: park/city\ntitle: {zh: 城市公园养护规则, en: City parks}\ndomain: park\n"
MINE = [
    *(f"WD{n}" for n in range(100, 400)),
    *(f"WD{n}" for n in range(710, 720)),
]
CODES = [key for key in MINE if key in own_texts()]


def blocks(page: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)


def whole(example: str) -> str:
    if re.match(r"(book|domain|test|plans):|#", example):
        return example
    header = HEADER.replace(HEADER.split("\n")[1] + "\n", "") if example.startswith("title:") else HEADER
    return header + example


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_the_fixed_headings(code: str) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert re.match(rf"# {code}: .+\n", page)
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == ["What it means", "Why it matters", "Example", "Use instead"]


@pytest.mark.parametrize("code", CODES)
def test_the_example_triggers_it_and_the_remedy_does_not(code: str, checked: Callable[[str], list[Diagnostic]]) -> None:
    bad, good = blocks((PAGES / f"{code}.md").read_text(encoding="utf-8"))
    assert [one.code for one in checked(whole(bad))] == [code]
    assert checked(whole(good)) == []


def test_all_codes_in_the_source_have_texts() -> None:
    rooms = [ROOT / "core" / "wuding" / room for room in ("lang", "book")]
    used = {
        code
        for room in rooms
        for path in room.glob("*.py")
        for code in re.findall(r'"(WD\d{3})"', path.read_text("utf-8"))
    }
    used = {code for code in used if not code.startswith("WD4")}  # caught here, raised by the domain
    assert used <= set(own_texts())
    assert used == set(CODES)


@pytest.mark.parametrize("key", [key for key in own_texts() if key.partition(".")[0] in CODES])
def test_both_languages_use_the_same_arguments(key: str) -> None:
    entry = own_texts()[key]
    names = {lang: set(re.findall(r"(?<!\{)\{(\w+)\}", entry[lang])) - {"hint"} for lang in ("zh", "en")}
    assert names["zh"] == names["en"]
    assert (
        entry["en"][:1] == entry["en"][:1].lower() and not entry["en"].endswith(".") and not entry["zh"].endswith("。")
    )


# ── rendering ────────────────────────────────────────────────────────────────────────────────────
def test_the_house_style() -> None:
    line = "    when: {serverity: major}"
    span = Span("rules/fire/chigang.yaml", 31, 12, 31, 21)
    args = {
        "name": "serverity",
        "kind": "fact",
        "of": "hazard",
        "allowed": ("severity", "hazard_id", "place", "found_by"),
    }
    assert render(Diagnostic("WD204", span, args), "en", [""] * 30 + [line]) == (
        "rules/fire/chigang.yaml:31:12  WD204  unknown field `serverity` of fact `hazard`\n"
        "   |\n"
        "31 |     when: {serverity: major}\n"
        "   |            ^^^^^^^^^\n"
        "   = help: did you mean `severity`? fields: severity, hazard_id, place, found_by"
    )
    assert "是不是“severity”？" in render(Diagnostic("WD204", span, args), "zh", [])


def test_the_caret_behind_chinese_text() -> None:
    line = "  标题: {zh: 你好，世界, x: 1}"
    column = line.index("x") + 1
    shown = render(Diagnostic("WD110", Span("a.yaml", 1, column, 1, column + 1), {"name": "x"}), "zh", [line]).split(
        "\n"
    )
    assert shown[3].index("^") == 5 + width(line[: column - 1])
    assert width("你好，x") == 7


def test_a_place_outside_the_file_is_no_trouble() -> None:
    assert render(Diagnostic("WD113", Span("none.yaml", 99, 9, 99, 9)), "en", ["a"]).startswith("none.yaml:99:9  WD113")
    assert "advice: " in render(Diagnostic("WD313", Span("a"), {"name": "x"}, severity="advice"), "en", [])


def test_exceptions_speak() -> None:
    assert "unknown domain" in str(WudingError("WD201", name="x", allowed=("y",)))
    assert "WD113" in str(Rejected([Diagnostic("WD113", Span("none.yaml"))]))
    assert text("WD001", "zh", count=3) == "输入中有 3 处问题"
    assert text("no such key", "en") == "no such key"


@pytest.mark.parametrize(
    ("option", "env", "lang"),
    [
        ("en", {"LANG": "zh_CN.UTF-8"}, "en"), (None, {"LANG": "zh_CN.UTF-8"}, "zh"), (None, {}, "en"),
        (None, {"WUDING_LANG": "zh", "LANG": "C"}, "zh"), (None, {"LC_ALL": "en_US", "LANG": "zh_CN"}, "en"),
    ],
)  # fmt: skip
def test_the_language_is_chosen(option: str | None, env: dict[str, str], lang: str) -> None:
    assert choose_lang(option, env) == lang
