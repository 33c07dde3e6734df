"""Grids, subjects, posts and books: their days, their past, and that tables and replay are one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wuding.domain.grid import Grid
from wuding.domain.period import to_day
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.errors import WudingError
from wuding.store.corrections import correction_fact
from wuding.store.entries import Book, Entry, versions
from wuding.store.ledger import Ledger, NewFact, open_ledger
from wuding.store.registry import (
    book_fact,
    boundaries,
    boundary_fact,
    close_grid,
    close_post,
    close_subject,
    grid_fact,
    post_fact,
    registry,
    registry_frames,
    subject_fact,
)


def grid(start: int | None, end: int | None = None, name: str = "one", code: str = "G") -> Grid:
    return Grid(code, name, None, "zone", ("urban", "old"), start, end)


def spans(ledger: Ledger, known: int | None = None) -> list[tuple[str, int | None, int | None]]:
    return [(one.name, one.start, one.end) for one in registry(ledger, known).grids]


def test_everything_comes_back(ledger: Ledger) -> None:
    shop = Subject("S", "shop", "G", "Shop", {"area": "12.50", "open": True}, 10, 20)
    post = Post("", "li", "chief", "G", None, "principal", 10, None)
    deputy = Post("own-id", "wang", "chief", "G", "S", "B", None, 30)
    ledger.append([grid_fact(grid(None), 1), subject_fact(shop, 1), post_fact(post, 1), post_fact(deputy, 1),
                   book_fact("fire/x", "book: fire/x\n", 1, start=5)])  # fmt: skip
    for known in (None, 5):
        found = registry(ledger, known)
        assert found.grids == (grid(None),)
        assert found.subjects == (shop,)
        assert found.posts == (Post("li:chief@G", "li", "chief", "G", None, "principal", 10, None), deputy)
        (book,) = found.books
        assert book == Book("fire/x", "book: fire/x\n", book.digest, 5, 5)
        assert len(book.digest) == 64
    frames = registry_frames(ledger)
    assert frames.grids.columns == ["code", "name", "parent", "level", "kinds", "start", "end", "seq"]
    assert frames.grids["kinds"].to_list() == [["urban", "old"]]
    assert frames.subjects["fields"].to_list() == ['{"area":"12.50","open":true}']
    assert frames.posts["seq"].to_list() == [3, 4]
    assert ledger.verify() == []


def test_a_new_version_ends_the_earlier_one(ledger: Ledger) -> None:
    ledger.append([grid_fact(grid(None), 1)])
    ledger.append([grid_fact(grid(100, name="two"), 1)])
    assert spans(ledger) == [("one", None, 100), ("two", 100, None)]
    ledger.append([grid_fact(grid(50, name="between"), 1)])
    assert spans(ledger) == [("one", None, 50), ("between", 50, 100), ("two", 100, None)]
    ledger.append([grid_fact(grid(100, name="again"), 1)])
    assert spans(ledger) == [("one", None, 50), ("between", 50, 100), ("again", 100, None)]


def test_closing_and_opening_again(ledger: Ledger) -> None:
    ledger.append([grid_fact(grid(0), 1), close_grid("G", 100, 1)])
    assert spans(ledger) == [("one", 0, 100)]
    ledger.append([grid_fact(grid(200, name="two"), 1)])
    assert spans(ledger) == [("one", 0, 100), ("two", 200, None)]
    ledger.append([grid_fact(grid(50, name="between"), 1)])
    assert spans(ledger) == [("one", 0, 50), ("between", 50, 100), ("two", 200, None)]


def test_posts_and_subjects_end(ledger: Ledger) -> None:
    ledger.append([post_fact(Post("p", "li", "chief", "G"), 1), subject_fact(Subject("S", "shop", "G"), 1)])
    ledger.append([close_post("p", 7, 1), close_subject("S", 8, 1)])
    found = registry(ledger)
    assert (found.posts[0].end, found.subjects[0].end) == (7, 8)


def test_a_subject_moves(ledger: Ledger) -> None:
    ledger.append([subject_fact(Subject("S", "shop", "G1", start=0), 1)])
    ledger.append([subject_fact(Subject("S", "shop", "G2", start=9), 1)])
    assert [(one.grid, one.start, one.end) for one in registry(ledger).subjects] == [("G1", 0, 9), ("G2", 9, None)]


def test_days_are_inclusive_outside(ledger: Ledger) -> None:
    from datetime import date

    ledger.append([grid_fact(grid(to_day(date(2024, 1, 1)), to_day(date(2025, 1, 1))), 1)])
    (fact,) = ledger.facts()
    assert (fact.fields["from"], fact.fields["to"]) == ("2024-01-01", "2024-12-31")


def test_the_past_is_as_it_was_known(ledger: Ledger) -> None:
    ledger.append([grid_fact(grid(0), 1)])
    ledger.append([NewFact("fire", "visit", 1)])
    ledger.append([close_grid("G", 5, 1)])
    still, ended = [("one", 0, None)], [("one", 0, 5)]
    assert [spans(ledger, known) for known in (0, 1, 2, 3)] == [[], still, still, ended]


def test_corrections_reach_the_registry(ledger: Ledger) -> None:
    ledger.append([grid_fact(grid(0), 1), grid_fact(grid(50, name="mistake"), 1)])
    ledger.append([correction_fact(2, 1, None)])
    assert spans(ledger) == [("one", 0, None)]
    assert ledger.verify() == []
    ledger.append([correction_fact(2, 1, grid_fact(grid(70, name="meant"), 1))])
    assert spans(ledger) == [("one", 0, 70), ("meant", 70, None)]
    ledger.append([correction_fact(4, 1, None)])
    assert spans(ledger) == [("one", 0, None)], "the correction is void, the one before it stands"
    ledger.append([correction_fact(3, 1, None)])
    assert spans(ledger) == [("one", 0, 50), ("mistake", 50, None)]
    assert spans(ledger, 4) == [("one", 0, 70), ("meant", 70, None)]
    assert ledger.verify() == []


def test_private_fields_of_subjects(ledger: Ledger) -> None:
    ledger.append([subject_fact(Subject("S", "household", "G", fields={"members": 3}), 1, {"phone": "138"})])
    assert registry(ledger).subjects[0].fields == {"members": 3, "phone": "138"}
    assert ledger.verify() == []
    ledger.erase(1, "phone")
    assert registry(ledger).subjects[0].fields == {"members": 3}
    assert registry(ledger, 1).subjects[0].fields == {"members": 3}
    assert [one.kind for one in ledger.verify()] == ["erased"]


@pytest.mark.parametrize(
    ("code", "fact"),
    [
        ("WD507", NewFact("core", "grid", 1, fields={"name": "x", "level": "zone"})),
        ("WD507", NewFact("core", "grid", 1, fields={"code": "x", "name": "x", "level": "zone", "from": "2024-02-30"})),
        ("WD507", NewFact("core", "grid", 1, fields={"code": "x", "name": "x", "level": 5})),
        ("WD507", grid_fact(grid(5, 5), 1)),
        ("WD507", NewFact("core", "grid-closed", 1, fields={"code": "x"})),
        ("WD507", NewFact("core", "subject", 1, subject="S", fields={"id": "S", "type": "shop"})),
        ("WD507", post_fact(Post("p", "li", "chief", "G", capacity="C"), 1)),
        ("WD507", NewFact("core", "book", 1, fields={"id": "b"})),
        ("WD507", NewFact("core", "correction", 1, fields={"fact": "1"})),
        ("WD507", NewFact("core", "correction", 1, fields={"fact": 1})),
        ("WD507", NewFact("core", "correction", 1, fields={"fact": 1, "at": "2024-01-01T00:00:00"})),
        ("WD507", correction_fact(1, 1, NewFact("core", "grid", 1, fields={"code": "only"}))),
        ("WD508", correction_fact(2, 1, None)),
        ("WD508", correction_fact(0, 1, None)),
    ],
)
def test_refuses(ledger: Ledger, code: str, fact: NewFact) -> None:
    ledger.append([grid_fact(grid(0), 1)])
    with pytest.raises(WudingError) as caught:
        ledger.append([NewFact("fire", "visit", 1), fact])
    assert caught.value.code == code
    assert "{" not in str(caught.value)
    assert ledger.head().seq == 1
    assert spans(ledger) == [("one", 0, None)]
    assert ledger.verify() == []


days = st.none() | st.integers(0, 12)


@st.composite
def changes(draw: st.DrawFn) -> NewFact:
    code = draw(st.sampled_from("AB"))
    kind = draw(st.sampled_from(["make", "make", "close", "void"]))
    if kind == "close":
        return close_grid(code, draw(st.integers(1, 12)), 1)
    if kind == "void":
        return correction_fact(draw(st.integers(1, 4)), 1, draw(st.none() | st.just(grid_fact(grid(3, code=code), 1))))
    start, end = draw(days), draw(days)
    if end is not None and start is not None and end <= start:
        end = start + 1
    return grid_fact(grid(start, end, draw(st.sampled_from("xyz")), code), 1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(changes(), min_size=1, max_size=3), max_size=6))
def test_tables_equal_a_replay_at_every_step(batches: list[list[NewFact]]) -> None:
    """Whatever is recorded: the tables are what a replay gives, and the past is what the tables were then."""
    with open_ledger("sqlite://") as ledger:
        seen = {}
        for batch in batches:
            try:
                ledger.append(batch)
            except WudingError as error:
                assert error.code in ("WD507", "WD508")
            seen[ledger.head().seq] = registry(ledger)
            assert ledger.verify() == []
        for known, then in seen.items():
            assert registry(ledger, known) == then


@given(st.lists(st.tuples(days, days, st.booleans()), max_size=8))
def test_on_every_day_the_latest_beginning_holds(said: list[tuple[int | None, int | None, bool]]) -> None:
    """`versions` against its definition, day by day."""
    entries = [
        Entry("grid", "G", seq, start, None if closed else end, None if closed else (seq,))
        for seq, (start, end, closed) in enumerate(said, 1)
        if closed or start is None or end is None or end > start
    ]
    found = versions(entries)
    for day in range(-1, 15):
        begun = [one for one in entries if one.start is None or one.start <= day]
        last = max(begun, key=lambda one: (-1 if one.start is None else one.start, one.seq), default=None)
        holds = [last.row] if last and last.row and (last.end is None or day < last.end) else []
        open_ = [one for one in found if one.row and (one.start is None or one.start <= day)]
        valid = [one.row for one in open_ if one.end is None or day < one.end]
        assert valid == holds


def test_boundaries(ledger: Ledger) -> None:
    from shapely import box, from_wkb, to_geojson, to_wkb

    one, two = box(0, 0, 1, 1), box(0, 0, 2, 2)
    ledger.append([boundary_fact("A", to_geojson(one), 1), boundary_fact("B", to_wkb(one), 1, start=5)])
    ledger.append(
        [boundary_fact("A", {"type": "Polygon", "coordinates": [list(map(list, two.exterior.coords))]}, 1, 10)]
    )
    assert {code: from_wkb(found).area for code, found in boundaries(ledger).items()} == {"A": 4, "B": 1}
    assert {code: from_wkb(found).area for code, found in boundaries(ledger, day=9).items()} == {"A": 1, "B": 1}
    assert boundaries(ledger, day=4).keys() == {"A"}
    assert {code: from_wkb(found).area for code, found in boundaries(ledger, 2).items()} == {"A": 1, "B": 1}
    ledger.append([correction_fact(3, 1, None)])
    assert {code: from_wkb(found).area for code, found in boundaries(ledger).items()} == {"A": 1, "B": 1}


def test_a_province_loads_fast(tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path}/l.db") as ledger:
        ledger.append([
            grid_fact(Grid(f"{n:09}", f"村{n}", f"{n // 10:09}" if n else None, "village", ("rural",)), 1)
            for n in range(28_700)
        ])  # fmt: skip
        began = time.process_time()
        frames = registry_frames(ledger)
        took = time.process_time() - began
        assert frames.grids.height == 28_700
        assert took < 1.0
