"""The columns: they follow the ledger, apply corrections, and can be lost, shared and deleted."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from wuding.domain.corrections import corrected, rulings
from wuding.domain.fact import Fact
from wuding.domain.instants import iso_z
from wuding.domain.number import plain, to_scaled
from wuding.engines.frames import frame_of, schema_of
from wuding.errors import WudingError
from wuding.program.builtin import FACTS
from wuding.program.model import FieldType, Label
from wuding.store import parts
from wuding.store.columns import Columns
from wuding.store.corrections import correction_fact
from wuding.store.ledger import Ledger, NewFact, open_ledger
from wuding.store.watch import Watch

NONE = Label("", "")


def fields(**types: str) -> dict[str, FieldType]:
    return {name: FieldType(name, type_, NONE) for name, type_ in types.items()}


VISIT = fields(n="int", cost="money", ok="bool", day="date", when="time", long="duration", who="person", note="text")
TYPES = {("fire", "visit"): VISIT}


def visit(n: int, at: int = 0, **more: Any) -> NewFact:
    return NewFact("fire", "visit", at, f"G{n % 3}", "S", "li", {"n": n, "cost": f"{n}.25", **more})


def rows(columns: Columns, known: int | None = None) -> list[tuple[Any, ...]]:
    found = columns.scan("fire", "visit", known).select("seq", "grid", "at", "f.n").collect().sort("seq")
    return found.rows()


# ── decoding ─────────────────────────────────────────────────────────────────────────────────────
def one(type_: str, value: object) -> Any:
    fact = Fact(1, "fire", "x", None, None, None, 0, 0, {} if value is None else {"v": value})
    return frame_of([fact], fields(v=type_))["f.v"][0]


@pytest.mark.parametrize(
    ("type_", "value", "cell"),
    [
        ("text", "中文\n\"quoted\" \\ \t", "中文\n\"quoted\" \\ \t"), ("text", "", ""), ("text", None, None),
        ("text", "null", "null"), ("enum", "a", "a"),
        ("int", 5, 5), ("int", "-7", -7), ("int", "1.5", None),
        ("int", "9223372036854775807", 2**63 - 1), ("int", "9223372036854775808", None),
        ("number", "12.50", 12_500_000), ("number", 3, 3_000_000), ("number", "0.1", 100_000),
        ("number", "-0.000001", -1), ("number", "0.0000005", 1), ("number", "-0.0000005", -1),
        ("number", "0.00000049", 0), ("number", "2.9999995", 3_000_000), ("number", "+1", 1_000_000),
        ("number", "1e3", None), ("number", "１", None), ("number", "", None), ("number", "NaN", None),
        ("money", "9223372036853.999999", 9223372036853999999), ("money", "99999999999999999999", None),
        ("bool", True, True), ("bool", False, False), ("bool", "x", None),
        ("date", "2024-05-03", 19846), ("date", "1969-12-31", -1),
        ("date", "2024-02-30", None), ("date", "2024-5-3", None),
        ("time", "2024-05-03T01:00:00Z", 1714698000_000_000), ("time", "1969-12-31T23:59:59.999999Z", -1),
        ("time", "2024-05-03T01:00:00.000001Z", 1714698000_000_001),
        ("time", "2024-05-03T25:00:00Z", None), ("time", "2024-05-03T01:00:00", None),
        ("duration", "48h", 172_800_000_000), ("duration", "90 min", 5_400_000_000), ("duration", "1d", 86_400_000_000),
        ("duration", "2 workdays", None), ("duration", "99999999999999d", None),
        ("int", [1, "x"], None), ("date", {"a": 1}, None),
    ],
)  # fmt: skip
def test_values(type_: str, value: object, cell: object) -> None:
    assert one(type_, value) == cell


@given(st.fractions(-(10**12), 10**12, max_denominator=10**6).filter(lambda x: (x * 10**6).denominator == 1))
def test_numbers_are_exact(value: Fraction) -> None:
    assert one("number", plain(value)) == to_scaled(value)


@given(st.decimals(-(10**11), 10**11, places=9))
def test_more_places_round_half_away(value: Any) -> None:
    assert one("number", format(value, "f")) == to_scaled(Fraction(value))


@given(st.integers(-8_500_000_000_000_000, 8_500_000_000_000_000))
def test_instants_are_exact(at: int) -> None:
    assert one("time", iso_z(at)) == at


def test_a_field_may_be_called_as_a_column() -> None:
    fact = Fact(7, "fire", "x", "G", None, None, 0, 0, {"seq": "q", "grid": "x", "value": "v", "fields": "f"})
    found = frame_of([fact], fields(seq="text", grid="text", value="text", fields="text")).to_dicts()[0]
    assert (found["seq"], found["grid"]) == (7, "G")
    assert [found[f"f.{name}"] for name in ("seq", "grid", "value", "fields")] == ["q", "x", "v", "f"]


# ── following ────────────────────────────────────────────────────────────────────────────────────
def test_follows_the_ledger(ledger: Ledger) -> None:
    columns = Columns(ledger)
    assert columns.sync(TYPES) == 0
    assert columns.scan("fire", "visit").collect().schema == pl.Schema(schema_of(VISIT))
    ledger.append([visit(1, 5), NewFact("fire", "other", 0), visit(2, 6)])
    assert columns.sync(TYPES) == 3
    ledger.append([visit(3, 7)])
    with pytest.raises(LookupError):
        columns.scan("fire", "visit", 4)
    with pytest.raises(LookupError):
        columns.scan("fire", "other")
    columns.sync(TYPES)
    assert rows(columns) == [(1, "G1", 5, 1), (3, "G2", 6, 2), (4, "G0", 7, 3)]
    assert rows(columns, 3) == [(1, "G1", 5, 1), (3, "G2", 6, 2)]
    assert rows(columns, 2) == [(1, "G1", 5, 1)]
    assert rows(columns, 0) == []
    again = Columns(ledger)
    again.sync(TYPES)
    assert rows(again) == rows(columns)


def test_equals_the_facts_read_one_by_one(ledger: Ledger) -> None:
    """Through the large path and the small one, with private fields, nulls first and values later."""
    late = {"ok": True, "day": "2024-05-03", "when": "2024-05-03T01:00:00Z", "long": "1h", "note": '字"\\'}
    new = [NewFact("fire", "visit", n, fields={"n": n}) for n in range(3000)]
    new += [
        NewFact("fire", "visit", n, f"G{n}", f"S{n}", f"p{n}", {"n": n, "cost": "0.10", **late}, {"who": f"w{n}"})
        for n in range(3000)
    ]
    ledger.append(new)
    expected = frame_of(list(ledger.facts()), VISIT)
    columns = Columns(ledger)
    columns.sync(TYPES)
    assert_frame_equal(columns.scan("fire", "visit").collect(), expected)
    assert expected["f.who"].null_count() == 3000


def test_windows_and_many_parts_are_joined(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wuding.store.columns.WINDOW", 7)
    columns = Columns(ledger)
    ledger.append([visit(n) for n in range(30)])
    for n in range(30, 70):
        ledger.append([visit(n)])
        columns.sync(TYPES)
    assert [row[3] for row in rows(columns)] == list(range(70))
    assert [row[3] for row in rows(columns, 33)] == list(range(33))
    manifest = parts.read_manifest(columns.folder)
    assert manifest and len(manifest.types["fire.visit"].parts) <= parts.MANY + 1


def test_a_new_field_makes_the_type_anew(ledger: Ledger) -> None:
    ledger.append([visit(1, extra="more")])
    Columns(ledger).sync(TYPES)
    columns = Columns(ledger)
    columns.sync({("fire", "visit"): VISIT | fields(extra="text")})
    assert columns.scan("fire", "visit").collect()["f.extra"].to_list() == ["more"]


def test_types_may_come_one_after_the_other(ledger: Ledger) -> None:
    columns = Columns(ledger)
    ledger.append([visit(1), NewFact("fire", "other", 3, fields={"x": "a"})])
    columns.sync(TYPES)
    ledger.append([visit(2), NewFact("fire", "other", 4, fields={"x": "b"})])
    columns.sync({("fire", "other"): fields(x="text")})
    assert columns.scan("fire", "other").collect()["f.x"].to_list() == ["a", "b"]
    columns.sync(TYPES)
    assert [row[3] for row in rows(columns)] == [1, 2]


def test_rulings_have_columns(ledger: Ledger) -> None:
    waiver = NewFact("core", "waiver", 1, fields={"rule": "r", "holder": "G", "from": "2024-01-01", "approver": "li"})
    ledger.append([waiver])
    columns = Columns(ledger)
    columns.sync({("core", name): thing.fields for name, thing in FACTS.items()})
    assert columns.scan("core", "waiver").collect()["f.from"].to_list() == [19723]
    assert columns.scan("core", "absence").collect().height == 0


def test_may_be_deleted_at_any_time(ledger: Ledger) -> None:
    ledger.append([visit(1), visit(2)])
    columns = Columns(ledger)
    columns.sync(TYPES)
    before = rows(columns)
    shutil.rmtree(columns.folder)
    columns.sync(TYPES)
    assert rows(columns) == before
    next(columns.folder.glob("fire.visit/*.parquet")).unlink()
    columns.sync(TYPES)
    assert rows(columns) == before
    (columns.folder / parts.MANIFEST).write_text('{"format": 1, "types"')
    columns.sync(TYPES)
    assert rows(columns) == before


def test_another_ledger_is_noticed(tmp_path: Path) -> None:
    """A ledger of another id, and one that was put back to a copy and went on differently."""
    file, folder = tmp_path / "l.db", tmp_path / "columns"
    with open_ledger(f"sqlite:///{file}") as ledger:
        ledger.append([visit(1)])
    copy = file.read_bytes()
    for n in (2, 3):
        file.write_bytes(copy)
        with open_ledger(f"sqlite:///{file}") as ledger:
            ledger.append([visit(n), visit(n)])
            columns = Columns(ledger, folder)
            columns.sync(TYPES)
            assert [row[3] for row in rows(columns)] == [1, n, n]
    file.unlink()
    with open_ledger(f"sqlite:///{file}") as ledger:
        ledger.append([visit(9)])
        columns = Columns(ledger, folder)
        columns.sync(TYPES)
        assert [row[3] for row in rows(columns)] == [9]


SYNC = """
import sys
from pathlib import Path
from wuding.program.model import FieldType, Label
from wuding.store.columns import Columns
from wuding.store.ledger import NewFact, open_ledger
with open_ledger(sys.argv[1]) as ledger:
    columns = Columns(ledger, Path(sys.argv[2]))
    types = {("fire", "visit"): {"n": FieldType("n", "int", Label("", ""))}}
    for n in range(8):
        ledger.append([NewFact("fire", "visit", n, fields={"n": n}) for _ in range(2000)])
        upto = columns.sync(types)
        found = columns.scan("fire", "visit").collect()
        assert found.height == upto == found["seq"].n_unique(), (found.height, upto)
"""


def test_processes_may_record_and_sync_at_once(url: str, tmp_path: Path) -> None:
    """Also with ADBC in each of them: every fact that was acknowledged is there."""
    folder = tmp_path / "columns"
    with open_ledger(url) as ledger:
        running = [subprocess.Popen([sys.executable, "-c", SYNC, url, str(folder)]) for _ in range(3)]
        assert [one.wait(120) for one in running] == [0, 0, 0]
        assert ledger.head().seq == 48_000
        assert ledger.verify() == []
        columns = Columns(ledger, folder)
        columns.sync({("fire", "visit"): fields(n="int")})
        assert columns.scan("fire", "visit").collect()["seq"].sort().to_list() == list(range(1, 48_001))


def test_files_no_longer_named_are_swept_in_time(ledger: Ledger) -> None:
    ledger.append([visit(1)])
    columns = Columns(ledger)
    columns.sync(TYPES)
    old = set(columns.folder.glob("*/*.parquet"))
    ledger.append([visit(2, extra="x")])
    columns.sync({("fire", "visit"): VISIT | fields(extra="text")})
    assert old <= set(columns.folder.glob("*/*.parquet")), "somebody may still be reading it"
    for file in old:
        os.utime(file, (0, 0))
    ledger.append([visit(3)])
    columns.sync({("fire", "visit"): VISIT | fields(extra="text")})
    assert not old & set(columns.folder.glob("*/*.parquet"))
    assert [row[3] for row in rows(columns)] == [1, 2, 3]


# ── corrections ──────────────────────────────────────────────────────────────────────────────────
def test_corrections_as_known_then(ledger: Ledger) -> None:
    ledger.append([visit(1, 10), visit(2, 20), visit(3, 30)])
    ledger.append([correction_fact(1, 99, None)])  # 4
    ledger.append([correction_fact(2, 99, NewFact("fire", "visit", 77, "G9", fields={"n": 22}))])  # 5
    ledger.append(
        [correction_fact(2, 99, NewFact("fire", "visit", 78, None, fields={"n": 23}, private={"who": "w"}))]
    )  # 6
    ledger.append([correction_fact(4, 99, None)])  # 7: the first correction is void
    columns = Columns(ledger)
    columns.sync(TYPES)
    first, second, third = (1, "G1", 10, 1), (2, "G2", 20, 2), (3, "G0", 30, 3)
    assert rows(columns, 3) == [first, second, third]
    assert rows(columns, 4) == [second, third]
    assert rows(columns, 5) == [(2, "G9", 77, 22), third]
    assert rows(columns, 6) == [(2, None, 78, 23), third]
    assert rows(columns) == [first, (2, None, 78, 23), third]
    changed = columns.scan("fire", "visit").filter(pl.col("seq") == 2).collect().to_dicts()[0]
    assert (changed["f.who"], changed["f.cost"], changed["subject"], changed["actor"]) == ("w", None, None, None)
    assert changed["recorded"] == next(ledger.facts(1)).recorded


def test_an_untouched_type_stays_a_pure_scan(ledger: Ledger) -> None:
    ledger.append([visit(1), NewFact("fire", "other", 1)])
    ledger.append([correction_fact(2, 1, None)])
    columns = Columns(ledger)
    columns.sync(TYPES | {("fire", "other"): fields(x="text")})
    assert "JOIN" not in columns.scan("fire", "visit").explain()
    assert "JOIN" in columns.scan("fire", "other").explain()
    assert columns.scan("fire", "other").collect().height == 0


@st.composite
def histories(draw: st.DrawFn) -> list[list[NewFact]]:
    size = st.integers(1, 3)
    change = st.tuples(st.integers(1, 8), st.none() | st.integers(100, 103))
    later = draw(st.lists(st.lists(change, min_size=1, max_size=3), max_size=4))
    first = [visit(n, n) for n in range(draw(size))] + [NewFact("fire", "other", 1)]
    news = [[correction_fact(seq, 1, None if n is None else visit(n, n)) for seq, n in batch] for batch in later]
    return [first, *news]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
def test_corrections_equal_their_definition(batches: list[list[NewFact]]) -> None:
    """By columns, and fact by fact, at every head."""
    with open_ledger("sqlite://") as ledger:
        columns, heads = Columns(ledger), [0]
        for batch in batches:
            try:
                heads.append(ledger.append(batch).last_seq)
            except WudingError as error:  # no such fact; a correction replaced by what is no correction
                assert error.code in ("WD507", "WD508")
        columns.sync(TYPES)
        everything = list(ledger.facts())
        for known in heads:
            seen = [fact for fact in everything if fact.seq <= known]
            ruled = rulings(fact for fact in seen if fact.type == "correction")
            kept = [corrected(fact, ruled.get(fact.seq)) for fact in seen if fact.type == "visit"]
            expected = frame_of([fact for fact in kept if fact], VISIT)
            assert_frame_equal(columns.scan("fire", "visit", known).collect().sort("seq"), expected)


# ── erasure ──────────────────────────────────────────────────────────────────────────────────────
def test_what_is_erased_leaves_the_columns_at_once(ledger: Ledger) -> None:
    ledger.append([NewFact("fire", "visit", n, fields={"n": n}, private={"who": f"secret-{n}"}) for n in range(3)])
    columns = Columns(ledger)
    columns.sync(TYPES)
    new = NewFact("fire", "visit", 9, private={"who": "secret-corrected"})
    ledger.append([correction_fact(3, 9, new)])
    columns.sync(TYPES)
    ledger.erase(2, "who")
    ledger.erase(3, "who")
    columns.sync(TYPES)
    found = columns.scan("fire", "visit").collect().sort("seq")
    assert found["f.who"].to_list() == ["secret-0", None, None]
    for file in columns.folder.rglob("*.parquet"):
        assert "secret-1" not in pl.read_parquet(file)["f.who"].to_list()


# ── the gate ─────────────────────────────────────────────────────────────────────────────────────
def test_what_follows_an_adbc_read_is_not_lost(tmp_path: Path) -> None:
    """ADBC closes the file; another process comes and goes; what is then committed must still be there."""
    file = tmp_path / "l.db"
    with open_ledger(f"sqlite:///{file}") as ledger:
        ledger.append([visit(n) for n in range(6000)])
        Columns(ledger).sync(TYPES)
        count = "c.execute('SELECT count(*) FROM fact').fetchone()[0]"
        other = f"import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print({count})"
        ask = [sys.executable, "-c", other, str(file)]
        assert subprocess.check_output(ask, text=True) == "6000\n"
        ledger.append([visit(1)])
        assert subprocess.check_output(ask, text=True) == "6001\n"
        connection = sqlite3.connect(file)
        assert connection.execute("SELECT max(last_seq) FROM batch").fetchone() == (6001,)
        connection.close()


def test_a_guard_may_read_columns_without_waiting_for_itself(tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path}/l.db") as ledger:
        ledger.append([visit(n) for n in range(6000)])
        columns = Columns(ledger)

        ledger.watches = lambda: [
            Watch(frozenset({("fire", "visit")}), lambda _, new: seen.append(columns.sync(TYPES)))
        ]
        seen: list[int] = []
        ledger.append([visit(1)])
        assert seen == [6000]
        columns.sync(TYPES)
        assert len(rows(columns)) == 6001


def test_the_manifest_is_readable(ledger: Ledger) -> None:
    ledger.append([visit(1)])
    columns = Columns(ledger)
    columns.sync(TYPES)
    told = json.loads((columns.folder / "manifest.json").read_text())
    assert (told["ledger"], told["seq"], told["link"]) == (ledger.id, 1, ledger.head().link)
