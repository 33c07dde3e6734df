"""The rule books that are shipped do what their tests say, and every rule of them is held by a test."""

from __future__ import annotations

import pytest
from tests.rules.shipped import OFFERED, PLUGINS, RULES

from wuding.book.cases import Tests as Suite
from wuding.plugins import plugin_manager, shelf
from wuding.testing import held, load, run, says, untested

SHELF = shelf((), plugin_manager())
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


def test_every_plugin_is_installed() -> None:
    """After a plugin is added to pyproject.toml, the editable install must be made again."""
    assert set(PLUGINS) <= {name for name, _ in SHELF.manager.list_name_plugin()}


def test_every_book_is_offered_and_has_tests() -> None:
    assert {str(book) for book in OFFERED} <= set(SHELF.texts)
    assert {str(book) for book in OFFERED} == set(SUITES)


def test_every_base_is_tested_in_a_book_that_extends_it() -> None:
    bases = {book for book, (_, path) in SHELF.texts.items() if path.partition("/")[0] in PLUGINS.values()}
    assert bases == {base["book"] for book in OFFERED for base in book.bases}
