"""The rule books of fire safety cover their plans, and their tests exercise every rule both ways."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BOOKS = {"chigang": [f"p5.{n}" for n in range(1, 10)], "nancheng": [f"p8.{n}" for n in range(1, 14)]}
SECTIONS = ("charter", "patrol", "scoring", "veto", "escalation", "targets")
KEPT = {"charter": {"fixed"}, "patrol": {"met"}, "targets": {"reached"}, "escalation": {"closed"}}
BROKEN = {"charter": {"gap"}, "patrol": {"missed"}, "targets": {"missed"}, "escalation": {"late"}, "veto": {"struck"}}
STEP_DONE = {"done", "told"}
STEP_BROKEN = {"late", "overdue", "unstaffed", "failed"}


def read(path: str) -> Any:
    """A YAML file of the repository, every scalar as text."""
    return yaml.load((ROOT / path).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def rules_of(book: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    return {rule["id"]: (section, rule) for section in SECTIONS for rule in book.get(section, [])}


def effective(name: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """The rules in force in a book: its base's, with those of the same id laid over them."""
    found = rules_of(read("plugins/fire/wuding_fire/books/base.yaml"))
    for key, (section, rule) in rules_of(read(f"rules/wuding_rules/fire/{name}.yaml")).items():
        found[key] = (section, {**found.get(key, (section, {}))[1], **rule})
    return {key: entry for key, entry in found.items() if entry[1].get("off") != "true"}


def cited(rule: dict[str, Any]) -> list[str]:
    clause = rule.get("clause", [])
    return [clause] if isinstance(clause, str) else clause


def cases(name: str) -> list[dict[str, Any]]:
    return read(f"rules/wuding_rules/fire/{name}.test.yaml")["cases"]


def expectations(name: str) -> Iterator[dict[str, str]]:
    for case in cases(name):
        yield from case.get("expect", [])


def statuses(name: str, rule: str) -> set[str]:
    return {e["status"] for e in expectations(name) if e["rule"] == rule and "status" in e}


@pytest.mark.parametrize("name", BOOKS)
def test_every_clause_of_the_plan_is_cited(name: str) -> None:
    found = {clause for _, rule in effective(name).values() for clause in cited(rule)}
    assert [clause for clause in BOOKS[name] if clause not in found] == []


@pytest.mark.parametrize("name", BOOKS)
def test_every_rule_cites_a_clause_of_its_plan(name: str) -> None:
    known = set(BOOKS[name])
    assert [key for key, (_, rule) in effective(name).items() if not known & set(cited(rule))] == []


def test_only_known_clauses_are_cited() -> None:
    known = {clause for clauses in BOOKS.values() for clause in clauses}
    rules = [rule for name in BOOKS for _, rule in effective(name).values()]
    assert {clause for rule in rules for clause in cited(rule)} <= known


@pytest.mark.parametrize("name", BOOKS)
def test_every_number_that_a_plan_leaves_open_is_marked(name: str) -> None:
    parameters = read(f"rules/wuding_rules/fire/{name}.yaml")["parameters"]
    assert [key for key, value in parameters.items() if value.get("assumed") != "true" or not value.get("clause")] == []


@pytest.mark.parametrize("name", BOOKS)
def test_every_rule_is_expected_kept_and_broken(name: str) -> None:
    for key, (section, _) in effective(name).items():
        found = statuses(name, key)
        if section in KEPT:
            assert found & KEPT[section], f"{key}: never kept"
        if section in BROKEN:
            assert found & BROKEN[section], f"{key}: never broken"


@pytest.mark.parametrize("name", BOOKS)
def test_every_step_is_expected_done_and_not_done(name: str) -> None:
    for key, (section, rule) in effective(name).items():
        for step in rule["steps"] if section == "escalation" else ():
            found = statuses(name, f"{key}.{step['id']}")
            assert found & STEP_DONE, f"{key}.{step['id']}: never done"
            assert found & STEP_BROKEN, f"{key}.{step['id']}: never broken"


@pytest.mark.parametrize("name", BOOKS)
def test_every_band_is_expected(name: str) -> None:
    for key, (section, rule) in effective(name).items():
        if section == "scoring":
            assert {e.get("band") for e in expectations(name) if e["rule"] == key} >= set(rule["bands"])


@pytest.mark.parametrize("name", BOOKS)
def test_every_veto_is_expected_silent_somewhere(name: str) -> None:
    silent = {key for case in cases(name) for key in case.get("none", [])}
    exact = {e["rule"] for case in cases(name) if case.get("exactly") for e in case["expect"]}
    vetoes = [key for key, (section, _) in effective(name).items() if section == "veto"]
    assert [key for key in vetoes if key not in silent | exact] == []


@pytest.mark.parametrize("name", BOOKS)
def test_expectations_name_rules_and_values_that_exist(name: str) -> None:
    rules = effective(name)
    steps = {f"{key}.{step['id']}" for key, (_, rule) in rules.items() for step in rule.get("steps", [])}
    known = set(rules) | steps
    named = [e["rule"] for e in expectations(name)] + [key for case in cases(name) for key in case.get("none", [])]
    assert sorted(set(named) - known) == []
    for expected in expectations(name):
        each = rules.get(expected["rule"], ("", {}))[1].get("each_of")
        assert ("each" in expected) == bool(each), expected
        if each:
            assert expected["each"] in next(iter(each.values())), expected


@pytest.mark.parametrize("name", BOOKS)
def test_cases_are_named_in_both_languages_and_differ(name: str) -> None:
    names = [(case["name"]["zh"], case["name"]["en"]) for case in cases(name)]
    assert len(set(names)) == len(names)
