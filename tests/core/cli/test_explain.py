"""`wuding explain`, `wuding charter`, and the command that `wuding check` names."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any


def test_the_command_that_check_names_works_to_the_letter(wuding: Any, ledger: Path) -> None:
    assert wuding("import", "facts.csv", "--fact", "inspection").code == 0
    checked = wuding("check", "--book", "little.yaml", "--as-of", "2024-07-01")
    line = next(one for one in checked.out.splitlines() if one.startswith("why: "))
    words = shlex.split(line.removeprefix("why: "))
    found = wuding(*words[1:])
    assert (found.code, found.err) == (0, "")
    assert words[2] in found.out and "little.yaml:6:5" in found.out and "by clause p5.3" in found.out
    told = wuding(*words[1:], "--format", "json", "--lang", "zh")
    assert json.loads(told.out)["status"] == "missed" and "未完成" in json.loads(told.out)["verdict"]


def test_it_works_on_another_ledger(wuding: Any, ledger: Path) -> None:
    ledger.rename(ledger.with_name("other one.db"))
    url = "sqlite:///other one.db"
    wuding("import", "facts.csv", "--fact", "inspection", "--db", url)
    checked = wuding("check", "--book", "little.yaml", "--as-of", "2024-07-01", "--db", url)
    words = shlex.split(checked.out.splitlines()[-1].partition("why: ")[2])
    assert wuding(*words[1:]).code == 0


def test_an_unknown_finding_says_what_is_near(wuding: Any, ledger: Path) -> None:
    wuding("import", "facts.csv", "--fact", "inspection")
    wuding("check", "--book", "little.yaml", "--as-of", "2024-07-01")
    found = wuding("explain", "fire/little#monthly@B9/2024-06", "--book", "little.yaml")
    assert found.code == 2
    assert "WD825" in found.err and "holder `B9`" in found.err and "fire/little#monthly@B" in found.err
    assert "wuding findings --check 1" in found.err


def test_no_check_and_no_such_check(wuding: Any, ledger: Path) -> None:
    found = wuding("explain", "fire/little#monthly@B1/2024-06", "--book", "little.yaml")
    assert found.code == 2 and "WD805" in found.err


def test_the_charter_in_every_form(wuding: Any, ledger: Path) -> None:
    words = ("charter", "B1", "--book", "little.yaml", "--as-of", "2024-07-01")
    text = wuding(*words).out
    assert "Charter of five fixed things" in text and "at least 1 every month" in text and "there is no gap" in text
    html = wuding(*words, "--format", "html", "--lang", "zh").out
    assert html.startswith("<!DOCTYPE html>") and '<html lang="zh-CN">' in html and "甲格" in html
    (page,) = json.loads(wuding(*words, "--format", "json").out)
    assert (page["grid"], page["name"], page["tasks"][0]["clauses"]) == ("B1", "甲格", ["p5.3"])
    unknown = wuding("charter", "B7", "--book", "little.yaml")
    assert unknown.code == 2 and "WD813" in unknown.err
