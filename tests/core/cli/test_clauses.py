"""`wuding clauses`: what is implemented, what is missing, in every format; broken lists."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

LIST = """plans:
  x1: {domain: fire, title: {zh: 小方案, en: Little plan}, jurisdiction: county}
clauses:
  - {id: x1.1, kind: patrol, says: {zh: 每月查一次。, en: Inspect every month.}}
  - {id: x1.2, kind: patrol, says: {zh: 每年讲一次。, en: Teach every year.}}
"""
BOOK = """book: fire/little
title: {zh: 小规则册, en: Little}
domain: fire
grid: Z
patrol:
  - {id: monthly, for: {grid: basic}, do: {fact: inspection}, every: month, clause: x1.1}
"""
TAUGHT = "  - {id: taught, for: {grid: basic}, do: {fact: education}, every: year, clause: [x1.2, 某法第三条]}\n"
TESTS = """test: fire/little
world: {grids: [{code: Z, level: zone}, {code: B, level: basic, parent: Z}]}
cases:
  - name: {zh: 查过, en: inspected}
    as_of: 2024-07-01
    facts: [{fact: inspection, grid: B, at: 2024-06-03T10:00, filed: true}]
    expect: [{rule: monthly, holder: B, period: 2024-06, status: met}]
"""
ASKS = "      - {rule: taught, holder: B, period: 2024, status: due}\n"


@pytest.fixture
def little(tmp_path: Path) -> Path:
    """A list, and a book that implements one of its two clauses, with its test beside it."""
    for name, text in (("list.yaml", LIST), ("little.yaml", BOOK), ("little.test.yaml", TESTS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def asked(wuding, *more: str):
    return wuding("clauses", "list.yaml", "--book", "little.yaml", *more)


def test_what_no_rule_implements_is_missing(wuding, little: Path) -> None:
    answer = asked(wuding)
    assert answer.code == 1
    assert "fire/little#monthly (1)" in answer.out
    assert "no rule cites it" in answer.out
    assert answer.out.rstrip().endswith("1 of 2 implemented, with tests that name every rule")
    chinese = asked(wuding, "--lang", "zh").out
    assert "每年讲一次。" in chinese
    assert chinese.rstrip().endswith("2 条条款中 1 条已落实并有测试")


def test_a_rule_that_no_case_names_is_missing_its_test(wuding, little: Path) -> None:
    (little / "little.yaml").write_text(BOOK + TAUGHT, encoding="utf-8")
    answer = asked(wuding)
    assert answer.code == 1
    assert "no case expects anything of fire/little#taught" in answer.out
    (little / "little.test.yaml").write_text(
        TESTS.replace("expect: [{", "expect:\n      - {").rstrip("]\n") + "\n" + ASKS
    )
    answer = asked(wuding, "--held")
    assert answer.code == 0, answer
    assert answer.out.rstrip().endswith("2 of 2 implemented and held by tests")
    assert answer.err == ""


def test_a_book_without_tests(wuding, little: Path) -> None:
    (little / "little.test.yaml").unlink()
    rows = json.loads(asked(wuding, "--format", "json").out)
    assert [row["missing"] for row in rows] == [
        ["no case expects anything of fire/little#monthly"],
        ["no rule cites it"],
    ]


def test_a_rule_that_is_named_and_not_held(wuding, little: Path) -> None:
    """Of a rule with variants each must be held: one that no case asks for is not."""
    each = BOOK.replace("every: month", "every: year, each_of: {audience: [office, home]}").replace(
        "{fact: inspection}", "{fact: education}"
    )
    (little / "little.yaml").write_text(each, encoding="utf-8")
    asks = "rule: monthly, each: office, holder: B, period: 2024, status: due"
    named = re.sub("rule: monthly.*status: met", asks, TESTS)
    (little / "little.test.yaml").write_text(named, encoding="utf-8")
    answer = asked(wuding, "--held", "--format", "json")
    assert answer.code == 1, answer.err
    first = json.loads(answer.out)[0]
    assert first["rules"] == [{"book": "fire/little", "rule": "monthly", "cases": 1, "held": False}]
    assert first["missing"] == ["no case fails without fire/little#monthly"]
    assert json.loads(asked(wuding, "--format", "json").out)[0]["missing"] == []


def test_formats(wuding, little: Path) -> None:
    rows = json.loads(asked(wuding, "--format", "json").out)
    assert rows[0] == {
        "plan": "x1", "clause": "x1.1", "kind": "patrol", "says": "Inspect every month.",
        "rules": [{"book": "fire/little", "rule": "monthly", "cases": 1, "held": None}], "missing": [],
    }  # fmt: skip
    flat = list(csv.DictReader(asked(wuding, "--format", "csv").out.splitlines()))
    assert [(row["clause"], row["rules"], row["missing"]) for row in flat] == [
        ("x1.1", "fire/little#monthly (1)", ""),
        ("x1.2", "", "no rule cites it"),
    ]


def test_a_citation_that_no_list_has_is_told_with_its_place(wuding, little: Path) -> None:
    (little / "little.yaml").write_text(BOOK + TAUGHT.replace("x1.2", "x1.3"), encoding="utf-8")
    answer = asked(wuding)
    assert "little.yaml:7:" in answer.err
    assert "WD720  advice: no list of clauses has `x1.3`" in answer.err
    assert "^^^^" in answer.err
    assert answer.err.count("WD720") == 1


def test_the_installed_lists(wuding) -> None:
    answer = wuding("clauses", "--plan", "p5", "--format", "json")
    rows = json.loads(answer.out)
    assert answer.code == 0
    assert [row["clause"] for row in rows] == [f"p5.{n}" for n in range(1, 10)]


def test_plans_and_files_that_are_not_there(wuding, little: Path) -> None:
    assert "WD827" in asked(wuding, "--plan", "x2").err
    assert asked(wuding, "--plan", "x2").code == 2
    assert "WD604" in wuding("clauses", "none.yaml").err


def test_a_broken_list_is_refused_with_places(wuding, little: Path) -> None:
    broken = LIST + "  - {id: x1.1, kind: patrol, says: {zh: 又一次。, en: Again.}, note: x}\n"
    (little / "list.yaml").write_text(broken + "  - {id: x1.2, kind: patrol, says: 又一次。}\n", encoding="utf-8")
    answer = asked(wuding)
    assert answer.code == 2
    assert "list.yaml:6:60  WD110  unknown key `note`" in answer.err
    assert "list.yaml:7:10  WD305  the id `x1.2` is used twice" in answer.err
    assert "it is used at list.yaml:5:10" in answer.err
    assert wuding("lint", "list.yaml").code == 1
