"""Whatever is done to the tables behind the ledger's back shows, and where."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from wuding.domain.grid import Grid
from wuding.store.ledger import Head, Ledger, NewFact, open_ledger
from wuding.store.registry import grid_fact

COLUMNS = ("seq", "batch", "domain", "type", "grid", "subject", "actor", "occurred_at", "recorded_at", "body", "hash")


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    """Facts 1..3, 4, 5..9 in three batches, and a grid (10)."""
    for n in (3, 1, 5):
        ledger.append(
            [NewFact("fire", "visit", i, f"G{i}", fields={"n": i}, private={"who": f"p{i}"}) for i in range(n)]
        )
    ledger.append([grid_fact(Grid("G1", "one", None, "zone"), 1)])
    assert ledger.verify() == []
    return ledger


def do(ledger: Ledger, *statements: str) -> None:
    with ledger.database.write() as conn:
        for statement in statements:
            conn.execute(text(statement))


def kinds(ledger: Ledger, noted: Head | None = None) -> list[tuple[str, int | None, int | None]]:
    return [(one.kind, one.seq, one.last) for one in ledger.verify(noted)]


def byte(ledger: Ledger, seq: int, column: str, index: int) -> None:
    """Flip a bit of one byte."""
    with ledger.database.write() as conn:
        value = bytearray(conn.execute(text(f"SELECT {column} FROM fact WHERE seq = {seq}")).scalar_one())
        value[index % len(value)] ^= 1
        conn.execute(text(f"UPDATE fact SET {column} = :v WHERE seq = {seq}"), {"v": bytes(value)})


@pytest.mark.parametrize("column", ["body", "hash"])
@pytest.mark.parametrize("seq", [1, 4, 7, 9])
def test_a_changed_byte(full: Ledger, seq: int, column: str) -> None:
    byte(full, seq, column, 20)
    assert kinds(full) == [("changed", seq, None)]


@pytest.mark.parametrize(
    ("column", "value"),
    [("domain", "'x'"), ("type", "'x'"), ("grid", "'x'"), ("grid", "NULL"), ("subject", "'x'"), ("actor", "'x'"),
     ("occurred_at", "77"), ("recorded_at", "77"), ("batch", "1")],
)  # fmt: skip
def test_a_changed_column(full: Ledger, column: str, value: str) -> None:
    do(full, f"UPDATE fact SET {column} = {value} WHERE seq = 6")
    (problem,) = full.verify()
    assert (problem.kind, problem.seq, problem.field) == ("column", 6, column)


@pytest.mark.parametrize(("where", "first", "last"), [("seq = 6", 6, 6), ("seq IN (5, 6)", 5, 6), ("seq = 9", 9, 9)])
def test_a_removed_fact(full: Ledger, where: str, first: int, last: int) -> None:
    do(full, f"DELETE FROM fact WHERE {where}")
    assert kinds(full) == [("removed", first, last)]


def test_a_removed_fact_with_the_gap_closed(full: Ledger) -> None:
    do(full, "DELETE FROM fact WHERE seq = 6", *(f"UPDATE fact SET seq = {n - 1} WHERE seq = {n}" for n in (7, 8, 9)))
    assert ("changed", 6, None) in kinds(full)
    assert ("removed", 9, 9) in kinds(full)


@pytest.mark.parametrize(("one", "two"), [(5, 6), (5, 9), (1, 2), (2, 6)])
def test_reordered_facts(full: Ledger, one: int, two: int) -> None:
    do(full, f"UPDATE fact SET seq = -1 WHERE seq = {one}", f"UPDATE fact SET seq = {one} WHERE seq = {two}",
       f"UPDATE fact SET seq = {two} WHERE seq = -1")  # fmt: skip
    found = kinds(full)
    if (one, two) == (2, 6):  # the same place in two batches: their roots tell, and the batch columns
        assert {seq for kind, seq, _ in found if kind == "batch"} == {1, 5}
        assert {seq for kind, seq, _ in found if kind == "column"} == {2, 6}
    else:
        assert {seq for kind, seq, _ in found if kind == "changed"} == {one, two}


def test_an_added_fact(full: Ledger) -> None:
    others = ", ".join(COLUMNS[1:])
    do(full, f"INSERT INTO fact (seq, {others}) SELECT 11, {others} FROM fact WHERE seq = 1")
    assert kinds(full) == [("extra", 11, None)]


def test_a_fact_changed_with_its_hash(full: Ledger) -> None:
    from wuding.store.canonical import row_hash

    with full.database.write() as conn:
        body = conn.execute(text("SELECT body FROM fact WHERE seq = 6")).scalar_one().replace(b'"n":1', b'"n":8')
        conn.execute(text("UPDATE fact SET body = :b, hash = :h WHERE seq = 6"), {"b": body, "h": row_hash(1, body)})
    assert kinds(full) == [("batch", 5, 9)]


def test_a_changed_or_removed_batch(full: Ledger) -> None:
    do(full, "UPDATE batch SET recorded_at = recorded_at + 1 WHERE id = 2")
    assert ("batch", 4, 4) in kinds(full)
    do(full, "UPDATE batch SET recorded_at = recorded_at - 1 WHERE id = 2")
    assert kinds(full) == []
    do(full, "DELETE FROM batch WHERE id = 2")
    assert [(one.kind, one.seq, one.batch) for one in full.verify()] == [("chain", None, 3), ("extra", 4, None)]


def test_a_cut_tail_shows_against_a_noted_head(full: Ledger) -> None:
    noted = full.head()
    full.append([NewFact("fire", "visit", 1)])
    assert kinds(full, noted) == []
    do(full, "DELETE FROM fact WHERE seq > 9", "DELETE FROM batch WHERE id > 3", "DELETE FROM grid")
    assert kinds(full) == [], "without a noted head nothing can show"
    assert kinds(full, noted) == [("cut", 10, 10)]
    full.append([NewFact("fire", "visit", 2)])
    assert kinds(full, noted) == [("forked", 10, None)]


def test_changed_meta_shows(full: Ledger, url: str) -> None:
    do(full, "UPDATE meta SET value = 'Europe/Paris' WHERE name = 'zone'")
    with open_ledger(url) as again:
        assert [(one.kind, one.batch) for one in again.verify()] == [("chain", 1)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE private SET value = '\"p9\"' WHERE seq = 2",
        "UPDATE private SET value = NULL WHERE seq = 2",
        "DELETE FROM private WHERE seq = 2",
        "UPDATE private SET field = 'whom' WHERE seq = 2",
    ],
)
def test_changed_private_values(full: Ledger, statement: str) -> None:
    do(full, statement)
    assert {(one.kind, one.seq) for one in full.verify()} == {("private", 2)}


@pytest.mark.parametrize(
    "statement", ["UPDATE grid SET level = 'basic'", "DELETE FROM grid", "UPDATE grid SET closed = NOT closed"]
)
def test_changed_projections(full: Ledger, statement: str) -> None:
    do(full, statement)
    assert [(one.kind, one.field) for one in full.verify()] == [("projection", "grid")]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.data())
def test_any_flipped_bit_is_located(clock: Callable[[], int], sizes: list[int], data: st.DataObject) -> None:
    with open_ledger("sqlite://", clock=clock) as ledger:
        for n in sizes:
            ledger.append([NewFact("fire", "x", i, "G", fields={"n": f"字{i}"}) for i in range(n)])
        assert ledger.verify() == []
        total = sum(sizes)
        if total:
            seq = data.draw(st.integers(1, total))
            byte(ledger, seq, data.draw(st.sampled_from(["body", "hash"])), data.draw(st.integers(0, 500)))
            assert kinds(ledger) == [("changed", seq, None)]
