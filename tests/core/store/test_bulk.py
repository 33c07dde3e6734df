"""Facts in columns are the same ledger as facts one by one: bytes, hashes, chain, projections."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from wuding.domain.grid import Grid
from wuding.errors import WudingError
from wuding.store.blocks import FactColumns, blocks
from wuding.store.bulk import ahead, rows_of
from wuding.store.canonical import SAFE, NewFact, prepare
from wuding.store.corrections import correction_fact
from wuding.store.ledger import Ledger, open_ledger
from wuding.store.registry import grid_fact, registry
from wuding.store.watch import Watch

plain = st.text(st.characters(codec="utf-8"), max_size=8)
awkward = st.sampled_from(['"', "\\", "a\\N", "\t\n\r", "\x00", "\x7f", "\u2028", "李", "𠀀", "", "\\x41", "null"])
texts = plain | awkward
names = st.none() | texts.map(lambda name: name.replace("\0", "")) | st.sampled_from(["G1", "张三", "\ue000", "𠀀"])
KINDS = {pl.String: texts, pl.Int64: st.integers(-SAFE, SAFE), pl.Boolean: st.booleans()}


@st.composite
def columns(draw: Callable[[Any], Any]) -> FactColumns:
    """Facts of one type, of every kind of field, some of them private, many values missing."""
    height = draw(st.integers(0, 5))
    some = draw(
        st.lists(st.sampled_from(["a", "b", "ab", "Z", "é", "\uff5e", "\U0001f600", "字"]), unique=True, max_size=4)
    )
    series = [
        pl.Series("at", draw(st.lists(st.integers(-SAFE, SAFE), min_size=height, max_size=height)), dtype=pl.Int64)
    ]
    who = st.lists(names, min_size=height, max_size=height)
    series += [pl.Series(name, draw(who), dtype=pl.String) for name in ("grid", "subject", "actor")]
    for name in some:
        kind = draw(st.sampled_from(list(KINDS)))
        values = st.lists(st.none() | KINDS[kind], min_size=height, max_size=height)
        series.append(pl.Series(f"f:{name}", draw(values), dtype=kind))
    private = tuple(name for name in some if draw(st.booleans()))
    return FactColumns("fire", "visit", pl.DataFrame(series), tuple(n for n in some if n not in private), private)


def salts() -> Callable[[], bytes]:
    numbers = count()
    return lambda: next(numbers).to_bytes(4, "big")


@settings(max_examples=150, deadline=None)
@given(st.lists(columns(), max_size=3))
def test_the_bytes_are_those_of_facts_one_by_one(parts: list[FactColumns]) -> None:
    slow = prepare(rows_of(parts), salts())
    quick = list(blocks(parts, salts()))
    frame = pl.concat([block.frame for block in quick]) if quick else pl.DataFrame(schema={"body": pl.String})
    assert [body.encode() for body in frame["body"].to_list()] == list(slow.bodies)
    if quick:
        assert frame["hash"].to_list() == list(slow.hashes)
        assert frame.select("domain", "type", "grid", "subject", "actor", "at").rows() == list(
            zip(slow.domains, slow.types, slow.grids, slow.subjects, slow.actors, slow.ats, strict=True)
        )
    assert [one for block in quick for one in block.private] == list(slow.private)


@pytest.mark.parametrize(
    ("column", "value", "dtype"),
    [("at", SAFE + 1, pl.Int64), ("at", None, pl.Int64), ("grid", "a\0b", pl.String), ("f:n", -SAFE - 1, pl.Int64)],
)
def test_what_no_ledger_holds_is_refused_at_its_place(column: str, value: object, dtype: Any) -> None:
    frame = pl.DataFrame({"at": [1, 1], "grid": ["G", "G"], "subject": ["S", "S"], "actor": ["p", "p"], "f:n": [1, 1]})
    bad = pl.Series(column, [frame[column][0], value], dtype=dtype)
    parts = [[NewFact("fire", "x", 1)] * 3, FactColumns("fire", "visit", frame.with_columns(bad), ("n",))]
    with pytest.raises(WudingError) as caught:
        list(blocks(parts, salts()))
    assert (caught.value.code, caught.value.args_["place"]) == ("WD506", 5)


def test_facts_of_the_registry_are_heard_in_columns_too() -> None:
    frame = pl.DataFrame(
        {"at": [1], "grid": ["G"], "subject": [None], "actor": [None], "f:code": ["G"], "f:to": ["2024-01-01"]}
    )
    (block,) = blocks([FactColumns("core", "grid-closed", frame, ("code", "to"))], salts())
    assert [(fact.type, fact.seq, fact.fields["code"]) for fact in block.core] == [("grid-closed", 0, "G")]


TABLES = ("batch", "fact", "private", "grid", "subject")


def contents(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    with ledger.database.read() as conn:
        return {
            table: [
                tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row)
                for row in conn.execute(text(f'SELECT * FROM "{table}" ORDER BY 1, 2'))
            ]
            for table in TABLES
        }


def many(n: int) -> list[Any]:
    """Parts as an import has them: new grids, facts in columns with what is hard to write, the import itself."""
    hard = ["plain", "t\tab", "back\\slash", "\\N", "line\nend\r", "李𠀀", "", '"'] * (n // 8 + 1)
    frame = pl.DataFrame(
        {
            "at": range(n), "grid": [f"G{i % 3}" for i in range(n)], "subject": [None, *hard][:n], "actor": hard[:n],
            "f:note": hard[:n], "f:n": [None if i % 5 else i for i in range(n)], "f:ok": [i % 2 == 0 for i in range(n)],
            "f:who": [None if i % 4 else f"p{i}" for i in range(n)],
        }
    )  # fmt: skip
    new = [grid_fact(Grid(f"G{i}", f"格{i}", None, "zone"), 5) for i in range(3)]
    return [new, FactColumns("fire", "visit", frame, ("note", "n", "ok"), ("who",)), [NewFact("core", "import", 9)]]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wuding.store.bulk.LARGE", 10)
    monkeypatch.setattr("wuding.store.blocks.SIZE", 16)


def opened(url: str, clock: Callable[[], int]) -> Ledger:
    return open_ledger(url, clock=clock, ids=lambda: "the-id", salt=salts())


def ticking() -> Callable[[], int]:
    ticks = count(1_000_000, 1_000)
    return lambda: next(ticks)


def test_the_ledger_is_the_same_row_for_row(url: str, small: None, tmp_path: Path) -> None:
    with opened(url, ticking()) as quick, opened(f"sqlite:///{tmp_path}/other.db", ticking()) as slow:
        for n in (40, 3, 70):
            a, b = quick.append_parts(many(n)), slow.append(rows_of(many(n)))
            assert a == b
        assert quick.head() == slow.head()
        assert contents(quick) == contents(slow)
        assert quick.verify() == []
        assert [grid.code for grid in registry(quick).grids] == ["G0", "G1", "G2"]
    assert list(tmp_path.glob("*.staged-*")) == []


def test_a_refusal_leaves_nothing(ledger: Ledger, small: None, tmp_path: Path) -> None:
    ledger.append_parts(many(20))
    before = contents(ledger)
    broken = [*many(40), [correction_fact(10_000, 1, None)]]
    with pytest.raises(WudingError, match="WD508"):
        ledger.append_parts(broken)
    with pytest.raises(WudingError, match="WD506"):
        ledger.append_parts([*many(40), [NewFact("fire", "../x", 1)]])
    assert contents(ledger) == before
    assert list(tmp_path.glob("*.staged-*")) == []
    assert ledger.append_parts(many(30)).first_seq == 25
    assert ledger.verify() == []


def test_guards_see_every_fact(ledger: Ledger, small: None) -> None:
    seen: list[int] = []
    kinds = frozenset({("fire", "visit"), ("core", "grid"), ("core", "import")})
    ledger.watches = lambda: [Watch(kinds, lambda _, new: seen.append(len(new)))]
    ledger.append_parts(many(20))
    assert seen == [24]


def test_files_that_nobody_writes_any_more_are_removed(small: None, tmp_path: Path) -> None:
    old, young = (tmp_path / f"l.db.staged-{name}" for name in ("old", "young"))
    for file in (old, young):
        file.touch()
    os.utime(old, (0, 0))
    with open_ledger(f"sqlite:///{tmp_path}/l.db") as ledger:
        ledger.append_parts(many(20))
    assert (old.exists(), young.exists()) == (False, True)


def test_several_bulk_writers_make_one_chain(url: str, small: None) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with open_ledger(url) as ledger:
        with ThreadPoolExecutor(3) as pool:
            receipts = list(pool.map(lambda n: ledger.append_parts(many(n)[1:]), (20, 30, 5, 40, 25, 12)))
        assert sorted(s for r in receipts for s in range(r.first_seq, r.last_seq + 1)) == list(range(1, 139))
        assert ledger.verify() == []


def test_what_fails_in_the_making_comes_out_where_it_is_used() -> None:
    def made() -> Iterator[Any]:
        yield 1
        raise WudingError("WD999")

    found = ahead(made())
    assert next(found) == 1
    with pytest.raises(WudingError, match="WD999"):
        next(found)
