"""The domain of parks, its books, and a finder that knows them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from wuding.book.cases import load_tests
from wuding.book.clauses import load_clauses
from wuding.book.load import load_domain, load_program
from wuding.errors import Diagnostic
from wuding.program.model import Domain, Program

HERE = Path(__file__).parent
OTHER = "book: other/base\ndomain: other\n"
HEADER = "book: park/city\ntitle: {zh: 城市公园养护规则, en: City parks}\ndomain: park\n"
Check = Callable[[str], list[Diagnostic]]


def read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def park() -> Domain:
    domain, problems = load_domain(read("park.domain.yaml"), "park.domain.yaml")
    assert domain is not None, problems
    return domain


@pytest.fixture(scope="session")
def linked(park: Domain) -> Callable[..., tuple[Program | None, list[Diagnostic]]]:
    """Loads the text of a book; a text without headers is given some."""

    def load(text: str, **more: str) -> tuple[Program | None, list[Diagnostic]]:
        text = text if re.search(r"^book:", text, re.MULTILINE) else HEADER + text
        books = {"park/base": read("park.base.yaml"), "other/base": OTHER, "park/loop": text, **more}

        def find(name: str) -> tuple[str, str] | None:
            return (books[name], f"{name}.yaml") if name in books else None

        return load_program(text, "book.yaml", {"park": park}, find)

    return load


@pytest.fixture(scope="session")
def checked(park: Domain) -> Check:
    """Every diagnostic of a text, whatever its kind: a book, a domain, a test."""

    def check(text: str) -> list[Diagnostic]:
        books = {"park/base": read("park.base.yaml"), "other/base": OTHER, "park/loop": text}
        first = next((line for line in text.split("\n") if not line.startswith("#")), "")

        def find(name: str) -> tuple[str, str] | None:
            return (books[name], f"{name}.yaml") if name in books else None

        if first.startswith("domain:"):
            return load_domain(text, "file.yaml")[1]
        if first.startswith(("plans:", "clauses:")):
            return load_clauses([(text, "file.yaml")])[1]
        if first.startswith("test:"):
            return load_tests(text, "file.yaml", {"park": park}, find)[1]
        return load_program(text, "file.yaml", {"park": park}, find)[1]

    return check
