"""A simulated year in the place of every shipped book, on its real tree where the shared data has it, checked in one
run: each section of each book says different things of different holders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.nine_places import AS_OF, YEAR, load, outcome, plan_books, tree_of
from tests.rules.shipped import BOOKS, Book

from wuding import CheckResult, Wuding
from wuding.domain.finding import STATUSES
from wuding_rules.demo.simulated import simulate

SHARED = Path(os.environ.get("WUDING_SHARED", Path(__file__).parents[3] / "shared"))
TREES = sorted((SHARED / "data/china-admin-divisions").glob("*_[0-9]*.csv*"))
SECTIONS = {section for section in STATUSES if section != "step"}
Places = tuple[Wuding, CheckResult, dict[str, tuple[int, int, bool]]]


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    with Wuding.open("sqlite://") as w:
        told = load(w, TREES, 2024)
        yield w, w.check(as_of=AS_OF, books=list(told), save=False), told


def test_every_book_has_its_year(places: Places) -> None:
    w, result, told = places
    assert set(told) == {str(book) for book in BOOKS} == set(plan_books(w))
    assert set(result.books) == set(told)
    assert all(facts > 100 for _, facts, _ in told.values())
    assert w.verify() == []


@pytest.mark.parametrize("book", BOOKS, ids=str)
def test_every_section_tells_holders_apart(places: Places, book: Book) -> None:
    frame = places[1].frame.filter(book=str(book))
    for section in SECTIONS & {section for section, _ in book.rules.values()}:
        statuses = set(frame.filter(section=section).get_column("status"))
        # A veto speaks only where it strikes, or cannot tell.
        assert len(statuses) > (0 if section == "veto" else 1), f"{section}: {statuses}"


@pytest.mark.parametrize(("book", "partitions"), [(b, 2 + n % 4) for n, b in enumerate(BOOKS)], ids=str)
def test_a_check_in_parts_equals_the_whole(places: Places, book: Book, partitions: int) -> None:
    w, result, _ = places
    parts = w.check(as_of=AS_OF, books=[str(book)], save=False, partitions=partitions)
    split = parts.editions[0].split
    assert split is not None and split.parts > 1 and len(split.whole) < len(parts.editions[0].concluded.frames)
    order = ["id", "status", "at"]
    assert parts.frame.sort(order).equals(result.frame.filter(book=str(book)).sort(order))


def test_what_is_printed_names_every_book_and_what_was_breached(places: Places) -> None:
    w, result, told = places
    lines = list(outcome(w, result, told))
    for book in BOOKS:
        assert any(str(book) in line for line in lines)
    assert sum("✗" in line for line in lines) >= 2 * len(BOOKS)


def test_equal_seeds_give_equal_years() -> None:
    with Wuding.open("sqlite://") as w:
        program = w.shelf.program(str(BOOKS[0]))
        tree, real = tree_of(program, ())
        years = [simulate(program, tree, seed, YEAR) for seed in (1, 1, 2)]
    assert not real
    assert years[0] == years[1]
    assert years[0].facts != years[2].facts
