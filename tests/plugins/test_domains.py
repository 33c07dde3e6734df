"""Every domain plugin of this repository: names in both languages, words that are used, books that load clean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.rules.shipped import PLUGINS, ROOT, TEXTS, books_in, read, rules_of

from wuding.plugins import plugin_manager, shelf

HAN = re.compile(r"[\u4e00-\u9fff]")
FOLDERS = {name: ROOT / "plugins" / name / package / "books" for name, package in sorted(PLUGINS.items())}
SHELF = shelf((), plugin_manager())

each_domain = pytest.mark.parametrize("name", FOLDERS)


def domain_of(name: str) -> Any:
    return read(FOLDERS[name] / "domain.yaml")


def typed(domain: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of the domain with its place."""
    for group in ("subjects", "facts"):
        for thing, text in domain.get(group, {}).items():
            for field, kind in text.get("fields", {}).items():
                yield f"{group}.{thing}.{field}", kind


def labels(domain: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every place of the domain that people read, with what is written there."""
    yield "domain", domain.get("title")
    for group in ("levels", "duties"):
        yield from ((f"{group}.{name}", label) for name, label in domain[group].items())
    for group in ("roles", "subjects", "facts"):
        yield from ((f"{group}.{name}", thing.get("title")) for name, thing in domain.get(group, {}).items())
    for place, kind in typed(domain):
        yield place, kind.get("title")
        yield from ((f"{place}={value}", kind.get("labels", {}).get(value)) for value in kind.get("values", []))


@each_domain
def test_every_name_is_in_both_languages(name: str) -> None:
    for place, label in labels(domain_of(name)):
        assert isinstance(label, dict), place
        assert list(label) == ["zh", "en"], place
        assert HAN.search(label["zh"]), place
        assert re.search(r"[a-z]", label["en"]), place
        assert not HAN.search(label["en"]), place


@each_domain
def test_no_enum_labels_a_value_that_it_lacks(name: str) -> None:
    for place, kind in typed(domain_of(name)):
        assert set(kind.get("labels", {})) <= set(kind.get("values", [])), place


@each_domain
def test_every_duty_is_some_role_s(name: str) -> None:
    domain = domain_of(name)
    assert {duty for role in domain["roles"].values() for duty in role["duties"]} == set(domain["duties"])


@each_domain
def test_its_page_names_every_word(name: str) -> None:
    page = (ROOT / "plugins" / name / "README.md").read_text(encoding="utf-8")
    domain = domain_of(name)
    words = [word for group in ("roles", "subjects", "facts") for word in domain.get(group, {})]
    assert [word for word in words if not re.search(rf"(?<![\w-]){word}(?![\w-])", page)] == []


@pytest.mark.parametrize("book", TEXTS)
def test_titles_are_in_both_languages_chinese_first(book: str) -> None:
    for thing in (TEXTS[book], *(rule for _, rule in rules_of(TEXTS[book]).values())):
        if "title" in thing:
            assert list(thing["title"]) == ["zh", "en"], thing.get("id", book)
            assert HAN.search(thing["title"]["zh"])
            assert not HAN.search(thing["title"]["en"])


@pytest.mark.parametrize("book", sorted(SHELF.texts))
def test_the_books_load_without_an_error(book: str) -> None:
    assert SHELF.program(book).rules


@pytest.mark.parametrize("path", [p for f in FOLDERS.values() for p in sorted(f.glob("*.yaml"))], ids=str)
def test_nothing_is_more_than_three_braces_deep(path: Path) -> None:
    _shallow(path)


@pytest.mark.parametrize("path", list(books_in(ROOT / "rules")), ids=lambda p: p.name)
def test_no_book_is_more_than_three_braces_deep(path: Path) -> None:
    _shallow(path)


def _shallow(path: Path) -> None:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        depth = 0
        for char in re.sub(r"\"[^\"]*\"|'[^']*'", "", line):
            depth += (char == "{") - (char == "}")
            assert depth <= 3, f"{path.name}:{number}"
