"""The fire domain: names in both languages, and books that hold together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BOOKS = ROOT / "plugins/fire/wuding_fire/books"
RULES = ROOT / "rules/wuding_rules/fire"
HAN = re.compile(r"[\u4e00-\u9fff]")


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


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
