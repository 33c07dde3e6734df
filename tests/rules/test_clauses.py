"""The rule books cover their plans, and their tests exercise every rule both ways."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.rules.shipped import BOOKS, CLAUSES, LIST, PLANS, Book, cited, variants

from wuding.plugins import plugin_manager, shelf
from wuding.program.model import steps_of
from wuding.testing.coverage import coverage, read_lists, shelved, unlisted

KEPT = {"charter": {"fixed"}, "patrol": {"met"}, "targets": {"reached"}}
BROKEN = {"charter": {"gap"}, "patrol": {"missed"}, "targets": {"missed"}, "veto": {"struck"}}
STEP_DONE = {"done", "told"}
STEP_BROKEN = {"late", "overdue", "unstaffed", "failed"}
# All that a step without a limit, or one that starts its case again when it fails, can be while it is not done.
STEP_OPEN = {"waiting", "dropped", "out-of-order"}

SHELF = shelf((), plugin_manager())

each_book = pytest.mark.parametrize("book", BOOKS, ids=str)


def limited(step: dict[str, Any]) -> bool:
    """Is it an expectation that can be late?"""
    return "expect" in step and ("within" in step or "until" in step)


def test_the_list_is_whole_and_in_both_languages() -> None:
    numbers = {plan: [int(c.partition(".")[2]) for c in CLAUSES if c.startswith(f"{plan}.")] for plan in PLANS}
    assert len(PLANS) == 9
    assert len(CLAUSES) == 106
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())
    said = [clause["says"] for clause in LIST["clauses"]]
    assert all(re.search("[\u4e00-\u9fff]", text["zh"]) and text["zh"].endswith("。") for text in said)
    assert all(not re.search("[\u4e00-\u9fff]", text["en"]) and text["en"].endswith(".") for text in said)


def test_the_books_implement_their_plans() -> None:
    """What `wuding clauses` says of the plans that have a book: nothing is missing, no citation leads nowhere."""
    at_hand = shelf((), plugin_manager())
    books = shelved(at_hand)
    clauses = read_lists(at_hand.clauses())
    followed = {plan for book in BOOKS for plan in book.plans}
    found = [one for one in coverage(clauses, books) if one.plan.id in followed]
    assert [one.clause.id for one in found] == [c for c in CLAUSES if c.partition(".")[0] in followed]
    assert [one.clause.id for one in found if not one.whole] == []
    assert [note.args["name"] for note in unlisted(clauses, books)] == []
    assert {str(book) for book in BOOKS} <= {rule.book for one in found for rule in one.rules}


@each_book
def test_it_follows_one_plan(book: Book) -> None:
    assert len(book.plans) == 1
    assert book.plans <= PLANS


@each_book
def test_every_clause_of_the_plan_is_cited(book: Book) -> None:
    found = {clause for _, rule in book.rules.values() for clause in cited(rule)}
    assert [clause for clause in book.clauses if clause not in found] == []


@each_book
def test_every_rule_cites_a_clause_of_its_plan(book: Book) -> None:
    known = set(book.clauses)
    assert [key for key, (_, rule) in book.rules.items() if not known & set(cited(rule))] == []


@each_book
def test_only_known_clauses_are_cited(book: Book) -> None:
    assert {clause for _, rule in book.rules.values() for clause in cited(rule)} <= set(CLAUSES)


@each_book
def test_every_number_says_whether_it_is_assumed(book: Book) -> None:
    """`assumed: true` for what the plan leaves open, `assumed: false` for what it gives; either with a clause."""
    unclear = {
        key: value
        for key, value in book.parameters.items()
        if value.get("assumed") not in ("true", "false") or not value.get("clause")
    }
    assert unclear == {}


@each_book
def test_every_rule_is_expected_kept_and_broken(book: Book) -> None:
    for key, (section, rule) in book.rules.items():
        kept, broken = KEPT.get(section), BROKEN.get(section)
        if section == "escalation":
            kept = {"open"} if rule.get("closes") == "none" else {"closed"}
            broken = {"late"} if any(map(limited, rule["steps"])) else None
        found = book.statuses(key)
        assert not kept or found & kept, f"{key}: never kept"
        assert not broken or found & broken, f"{key}: never broken"


@each_book
def test_every_step_is_expected_done_and_not_done(book: Book) -> None:
    for key, (section, rule) in book.rules.items():
        for step in rule["steps"] if section == "escalation" else ():
            found = book.statuses(f"{key}.{step['id']}")
            judged = limited(step) if "expect" in step else "back" not in step.get("else", {})
            broken = STEP_BROKEN if judged else STEP_OPEN
            assert found & STEP_DONE, f"{key}.{step['id']}: never done"
            assert found & broken, f"{key}.{step['id']}: never broken"


@each_book
def test_every_band_is_expected(book: Book) -> None:
    for key, (section, rule) in book.rules.items():
        if section == "scoring":
            assert {e.get("band") for e in book.expectations() if e["rule"] == key} >= set(rule.get("bands", ())), key


@each_book
def test_every_veto_is_expected_silent_somewhere(book: Book) -> None:
    silent = {key for case in book.cases for key in case.get("none", [])}
    exact = {e["rule"] for case in book.cases if case.get("exactly") for e in case["expect"]}
    vetoes = [key for key, (section, _) in book.rules.items() if section == "veto"]
    assert [key for key in vetoes if key not in silent | exact] == []


@each_book
def test_expectations_name_rules_and_values_that_exist(book: Book) -> None:
    steps = {f"{key}.{step['id']}" for key, (_, rule) in book.rules.items() for step in rule.get("steps", [])}
    parts = {f"{rule.head.id}.{part}" for rule in SHELF.program(str(book)).rules for part, _ in steps_of(rule)} - steps
    named = [e["rule"] for e in book.expectations()] + [key for case in book.cases for key in case.get("none", [])]
    assert sorted(set(named) - set(book.rules) - steps - parts) == []
    for expected in book.expectations():
        rule = expected["rule"].partition(".")[0] if expected["rule"] in parts else expected["rule"]
        each = variants(book.rules.get(rule, ("", {}))[1])
        assert ("each" in expected) == bool(each), expected
        if each:
            assert expected["each"] in each, expected


@each_book
def test_cases_are_named_in_both_languages_and_differ(book: Book) -> None:
    names = [(case["name"]["zh"], case["name"]["en"]) for case in book.cases]
    assert len(set(names)) == len(names)
