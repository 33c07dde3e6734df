"""The rule books that are shipped do what their tests say, and every rule of them is held by a test."""

from __future__ import annotations

from pathlib import Path

import pytest

import wuding_fire.plugin
import wuding_rules.plugin
from wuding.book.cases import Tests as Suite
from wuding.plugins import plugin_manager, shelf
from wuding.testing import held, load, run, says, untested

RULES = Path(__file__).parents[2] / "rules" / "wuding_rules"
SHELF = shelf((), plugin_manager([wuding_fire.plugin, wuding_rules.plugin]))
SUITES = {suite.program.book: suite for suite in load([RULES], SHELF)}
CASES = [(suite, number) for suite in SUITES.values() for number in range(len(suite.cases))]
KEYS = [(suite, rule.head.key) for suite in SUITES.values() for rule in suite.program.rules]


def name(value: object) -> str:
    return value.program.book if isinstance(value, Suite) else str(value)


@pytest.mark.parametrize(("suite", "number"), CASES, ids=name)
def test_the_case_follows(suite: Suite, number: int) -> None:
    (result,) = run([Suite(suite.program, (suite.cases[number],), suite.path)])
    assert result.passed, "\n" + says(result, "en")


@pytest.mark.parametrize(("suite", "key"), KEYS, ids=name)
def test_every_rule_is_held(suite: Suite, key: str) -> None:
    assert held(suite, key), f"no case of {suite.path} fails when {key} is left out"


def test_every_step_and_variant_is_asked_for() -> None:
    assert [f"{u.book} {u.name}" for u in untested(list(SUITES.values()))] == []


def test_every_book_has_tests() -> None:
    """A base is tested in the books that extend it: it governs no place of its own."""
    offered = [SHELF.program(book) for book in SHELF.texts]
    assert {p.book for p in offered if p.grid is not None} == set(SUITES)
    assert {p.book for p in offered if p.grid is None} == {"fire/base"}
