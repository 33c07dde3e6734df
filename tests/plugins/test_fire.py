"""The fire domain: names in both languages, and books that hold together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import wuding_fire.plugin
import wuding_rules.plugin
from wuding.book.cases import load_tests
from wuding.book.load import load_domain, load_program
from wuding.errors import Diagnostic
from wuding.plugins import read_resource
from wuding.program.model import Domain, Program

ROOT = Path(__file__).parents[2]
BOOKS = ROOT / "plugins/fire/wuding_fire/books"
RULES = ROOT / "rules/wuding_rules/fire"
HAN = re.compile(r"[\u4e00-\u9fff]")


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def loaded_domain() -> Domain:
    (resource,) = wuding_fire.plugin.wuding_domains()
    domain, diagnostics = load_domain(*read_resource(resource))
    assert diagnostics == []
    assert domain is not None
    return domain


def loaded(name: str) -> tuple[Program | None, list[Diagnostic]]:
    """The program of a book that the two plugins offer, and everything that the loader says of it."""
    texts = offered()
    return load_program(*texts[name], {"fire": loaded_domain()}, texts.get)


def offered() -> dict[str, tuple[str, str]]:
    resources = [*wuding_fire.plugin.wuding_books(), *wuding_rules.plugin.wuding_books()]
    return {read(ROOT / folder(r[0]) / r[1])["book"]: read_resource(r) for r in resources}


def folder(package: str) -> str:
    return {"wuding_fire": "plugins/fire/wuding_fire", "wuding_rules": "rules/wuding_rules"}[package]


def labels() -> Iterator[tuple[str, Any]]:
    """Every place of the domain that people read, with what is written there."""
    domain = read(BOOKS / "domain.yaml")
    yield "domain", domain.get("title")
    for group in ("levels", "duties"):
        for name, label in domain[group].items():
            yield f"{group}.{name}", label
    for name, role in domain["roles"].items():
        yield f"roles.{name}", role.get("title")
    for group in ("subjects", "facts"):
        for name, thing in domain[group].items():
            yield f"{group}.{name}", thing.get("title")
            for field, kind in thing.get("fields", {}).items():
                yield f"{group}.{name}.{field}", kind.get("title")
                for value in kind.get("values", []):
                    yield f"{group}.{name}.{field}={value}", kind.get("labels", {}).get(value)


@pytest.mark.parametrize(("place", "label"), list(labels()))
def test_every_name_of_the_domain_is_in_both_languages(place: str, label: Any) -> None:
    assert isinstance(label, dict), place
    assert set(label) == {"zh", "en"}, place
    assert HAN.search(label["zh"]), place
    assert not HAN.search(label["en"]), place
    assert re.search(r"[a-z]", label["en"]), place


def test_the_domain_loads_clean() -> None:
    domain = loaded_domain()
    assert list(domain.levels) == ["zone", "grid", "basic"]
    assert domain.roles["fire-manager"].sees == "subtree"
    assert domain.facts["hazard"].key == ("hazard_id",)
    assert domain.facts["volunteer-brigade"].holds == ("formed", "disbanded")
    assert domain.effects == {"bars": ("annual-award",), "lists": ("accountability",), "gives": ("bonus",)}


@pytest.mark.parametrize(("name", "own"), [("fire/base", 3), ("fire/chigang", 12), ("fire/nancheng", 31)])
def test_the_books_load_without_a_word(name: str, own: int) -> None:
    program, diagnostics = loaded(name)
    assert diagnostics == []
    assert program is not None
    assert len({rule.head.id for rule in program.rules}) == own
    assert all(rule.head.clauses for rule in program.rules)


@pytest.mark.parametrize("name", ["chigang", "nancheng"])
def test_the_tests_beside_the_books_load_without_a_word(name: str) -> None:
    path = RULES / f"{name}.test.yaml"
    tests, diagnostics = load_tests(
        path.read_text(encoding="utf-8"), path.name, {"fire": loaded_domain()}, offered().get
    )
    assert diagnostics == []
    assert tests is not None
    assert len(tests.cases) == len(read(path)["cases"])


def test_a_book_may_rename_the_levels() -> None:
    program, _ = loaded("fire/nancheng")
    assert program is not None
    assert program.grid == "361021"
    assert program.levels == {"zone": ("town",), "grid": ("village",), "basic": ("cell",)}


def test_a_book_keeps_what_it_does_not_change_of_its_base() -> None:
    base, chigang = loaded("fire/base")[0], loaded("fire/chigang")[0]
    assert base is not None
    assert chigang is not None
    of = {rule.head.id: rule for rule in base.rules}["hazard"]
    own = {rule.head.id: rule for rule in chigang.rules}["hazard"]
    assert own.opens.names == of.opens.names  # type: ignore[union-attr]
    assert [step.id for step in of.steps] == ["fixed", "chase"]  # type: ignore[union-attr]
    assert [step.id for step in own.steps] == ["taken-up", "leader", "chief", "fixed", "chase"]  # type: ignore[union-attr]
    assert own.head.clauses == ("p5.6", "p5.7", "p5.9")


def test_the_rules_package_offers_every_book_and_no_test() -> None:
    found = [path for _, path in wuding_rules.plugin.wuding_books()]
    fire = [f"fire/{path.name}" for path in RULES.glob("*.yaml") if ".test." not in path.name]
    assert [path for path in found if path.startswith("fire/")] == sorted(fire)
    assert [path for path in found if ".test." in path] == []


def test_no_enum_labels_a_value_that_it_lacks() -> None:
    domain = read(BOOKS / "domain.yaml")
    for group in ("subjects", "facts"):
        for name, thing in domain[group].items():
            for field, kind in thing.get("fields", {}).items():
                assert set(kind.get("labels", {})) <= set(kind.get("values", [])), f"{name}.{field}"


def test_every_duty_is_some_role_s() -> None:
    domain = read(BOOKS / "domain.yaml")
    held = {duty for role in domain["roles"].values() for duty in role["duties"]}
    assert held == set(domain["duties"])


@pytest.mark.parametrize(
    "path", [BOOKS / "base.yaml", RULES / "chigang.yaml", RULES / "nancheng.yaml"], ids=lambda p: p.stem
)
def test_titles_of_books_and_rules_are_in_both_languages_chinese_first(path: Path) -> None:
    book = read(path)
    rules = [rule for value in book.values() if isinstance(value, list) for rule in value if isinstance(rule, dict)]
    assert rules
    for thing in [book, *rules]:
        assert list(thing["title"]) == ["zh", "en"], thing.get("id", path.name)
        assert HAN.search(thing["title"]["zh"])
        assert not HAN.search(thing["title"]["en"])


@pytest.mark.parametrize("path", [*BOOKS.glob("*.yaml"), *RULES.glob("*.yaml")], ids=lambda p: p.name)
def test_nothing_is_more_than_three_braces_deep(path: Path) -> None:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        depth = 0
        for char in re.sub(r"\"[^\"]*\"|'[^']*'", "", line):
            depth += (char == "{") - (char == "}")
            assert depth <= 3, f"{path.name}:{number}"
