"""Books that a morality bank may not have are refused, in their place, by every way in which a book is read; and each
code of the plugin has its page, whose example triggers it and whose remedy does not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from wuding.cli import run
from wuding.errors import Diagnostic, Rejected
from wuding.plugins import plugin_manager, shelf

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "docs" / "diagnostics"
TEXTS = json.loads((ROOT / "plugins/morality/wuding_morality/texts.json").read_text(encoding="utf-8"))
CODES = sorted(key for key in TEXTS if re.fullmatch(r"WD\d{3}", key))
BOOK = "book: morality/here\ntitle: {zh: 本村, en: Here}\ndomain: morality\nextends: morality/village-bank\n"
SHELF = shelf((), plugin_manager())


def problems(text: str) -> list[Diagnostic]:
    try:
        SHELF.load(text, "here.yaml")
    except Rejected as error:
        return list(error.diagnostics)
    return []


def codes(text: str) -> list[str]:
    return [problem.code for problem in problems(text)]


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("patrol: [{id: only-points, off: true}]", "WD250"),
        ("patrol: [{id: only-points, mode: trial}]", "WD250"),
        ("patrol: [{id: only-points, valid: {from: 2025-01-01}}]", "WD250"),
        ("patrol: [{id: only-points, must: {touches: [points, collective-income]}}]", "WD250"),
        ("patrol: [{id: only-points, must: {touches: not(rights)}}]", "WD250"),
        ("patrol: [{id: only-points, for: {fact: penalty, when: {touches: points}}}]", "WD250"),
        ("accounts: [{id: points, in: {fact: [entered, penalty]}}]", "WD204"),  # a penalty has no points
        ("veto: [{id: breach, effect: {bar: [subsidy]}}]", "WD216"),  # not among what can be taken at all
        (
            "scoring: [{id: average, rewards: [{when: {rank: '<= 10'}, give: {subsidy: -1}, list: honour-roll}]}]",
            "WD216",
        ),
        ("scoring: [{id: average, rewards: [{when: {rank: '<= 10'}, give: {prize: -1}, list: honour-roll}]}]", "WD252"),
        ("parameters: {roll-size: {values: {2024-01-01: 11}}}", "WD257"),
        ("parameters: {roll-size: {values: {2024-01-01: 5, 2025-01-01: 4}}}", "WD257"),
        ("scoring: [{id: average, rewards: [{when: {total: '> 0'}, list: honour-roll}]}]", "WD257"),
    ],
)
def test_a_book_that_tries_is_refused(rules: str, code: str) -> None:
    assert set(codes(BOOK + rules + "\n")) == {code}


@pytest.mark.parametrize(
    "rules",
    [
        "patrol: [{id: only-points, must: {touches: points}}]",
        "parameters: {roll-size: {values: {2024-01-01: 5, 2025-01-01: 10}}}",
    ],
)
def test_what_is_allowed_stays_allowed(rules: str) -> None:
    assert codes(BOOK + rules + "\n") == []


def test_other_domains_are_left_alone() -> None:
    assert SHELF.program("fire/nancheng").rules


def test_lint_tells_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "here.yaml"
    file.write_text(BOOK + "patrol: [{id: only-points, off: true}]\n", encoding="utf-8")
    assert run(["lint", str(file), "--lang", "zh"], {}) == 1
    assert "WD250  没有规定惩戒只及于积分和荣誉" in capsys.readouterr().out


# ── pages ────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("code", CODES)
def test_a_page_has_the_fixed_headings(code: str) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert re.match(rf"# {code}: .+\n", page)
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == ["What it means", "Why it matters", "Example", "Use instead"]
    assert f"{code}.help" in TEXTS


@pytest.mark.parametrize("code", [code for code in CODES if code < "WD300"])
def test_the_example_triggers_it_and_the_remedy_does_not(code: str) -> None:
    bad, good = re.findall(r"```yaml\n(.*?)```", (PAGES / f"{code}.md").read_text(encoding="utf-8"), re.DOTALL)
    assert codes(bad) == [code]
    assert codes(good) == []
