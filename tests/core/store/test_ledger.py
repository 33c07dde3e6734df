from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from wuding.domain.fact import Fact
from wuding.errors import WudingError
from wuding.store.ledger import Head, Ledger, NewFact, open_ledger
from wuding.store.standing import Standing
from wuding.store.watch import Watch

INSPECTIONS = frozenset({("fire", "inspection")})


def facts(n: int, start: int = 0) -> list[NewFact]:
    fields: list[dict[str, Any]] = [{"n": i, "h": "1.50"} for i in range(start, start + n)]
    return [NewFact("fire", "inspection", one["n"], f"G{one['n'] % 7}", actor="li", fields=one) for one in fields]


def test_append_and_read(ledger: Ledger) -> None:
    assert ledger.head().seq == 0
    receipt = ledger.append(facts(3))
    assert (receipt.first_seq, receipt.last_seq) == (1, 3)
    assert ledger.head() == Head(3, receipt.link, receipt.recorded_at)
    again = ledger.append(facts(2, 3))
    assert (again.first_seq, again.last_seq) == (4, 5)
    found = list(ledger.facts())
    assert [fact.seq for fact in found] == [1, 2, 3, 4, 5]
    assert found[3] == Fact(4, "fire", "inspection", "G3", None, "li", 3, again.recorded_at, {"n": 3, "h": "1.50"})
    assert [fact.seq for fact in ledger.facts(after=1, upto=3)] == [2, 3]
    assert list(ledger.facts(domain="core")) == []
    assert [f.seq for f in ledger.facts(type="inspection", domain="fire", after=4)] == [5]
    assert ledger.verify() == []


def test_pages_do_not_lose_facts(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wuding.store.ledger.PAGE", 3)
    ledger.append(facts(10))
    assert [fact.seq for fact in ledger.facts()] == list(range(1, 11))


def test_appending_nothing_leaves_no_trace(ledger: Ledger) -> None:
    before = ledger.append(facts(1))
    receipt = ledger.append([])
    assert (receipt.first_seq, receipt.last_seq, receipt.link) == (2, 1, before.link)
    assert ledger.verify() == []


def test_recorded_at_never_goes_back(url: str) -> None:
    ticks = iter([100, 50, 200])
    with open_ledger(url, clock=lambda: next(ticks)) as ledger:
        assert [ledger.append(facts(1)).recorded_at for _ in range(3)] == [100, 100, 200]
        assert [ledger.recorded_seq(at) for at in (99, 100, 199, 200, 10**15)] == [0, 2, 2, 3, 3]
        assert [ledger.head_at(seq).seq for seq in (0, 1, 2, 9)] == [0, 1, 2, 3]


def test_reopening_finds_the_same(url: str, clock: Callable[[], int]) -> None:
    with open_ledger(url, zone="Asia/Urumqi", clock=clock, ids=lambda: "the-id") as ledger:
        head = ledger.append(facts(2))
    with open_ledger(url, create=False, clock=clock) as ledger:
        assert (ledger.id, ledger.zone, ledger.head().link) == ("the-id", "Asia/Urumqi", head.link)
        ledger.append(facts(1))
        assert ledger.verify(Head(2, head.link, head.recorded_at)) == []


def test_a_guard_refuses_and_nothing_is_written(ledger: Ledger) -> None:
    ledger.append(facts(1))
    seen: list[Any] = []

    def guard(standing: Standing, new: Sequence[Fact]) -> None:
        seen.append((len(standing.before.facts(INSPECTIONS)), len(new)))
        raise WudingError("WD999")

    ledger.watches = lambda: [Watch(INSPECTIONS, guard)]
    with pytest.raises(WudingError, match="WD999"):
        ledger.append(facts(2))
    ledger.watches = tuple
    assert seen == [(1, 2)]
    assert ledger.head().seq == 1
    assert ledger.append(facts(1)).first_seq == 2


def test_a_guard_is_serialised(ledger: Ledger) -> None:
    """Ten writers at once, of whom a guard lets three pass: exactly three facts."""

    def at_most_three(standing: Standing, _: Sequence[Fact]) -> None:
        if len(standing.before.facts(INSPECTIONS)) >= 3:
            raise WudingError("WD999")

    def attempt(_: int) -> bool:
        try:
            ledger.append(facts(1))
        except WudingError:
            return False
        return True

    ledger.watches = lambda: [Watch(INSPECTIONS, at_most_three)]
    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(attempt, range(10))) == 3
    assert ledger.head().seq == 3
    assert ledger.verify() == []


def test_writers_in_parallel_make_one_chain(ledger: Ledger) -> None:
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda n: ledger.append(facts(n % 5 + 1)), range(40)))
    assert sorted(s for r in receipts for s in range(r.first_seq, r.last_seq + 1)) == list(range(1, 121))
    assert ledger.verify() == []


def test_processes_in_parallel_make_one_chain(ledger: Ledger, url: str) -> None:
    program = (
        "import sys; from wuding.store.ledger import *\n"
        "with open_ledger(sys.argv[1]) as ledger:\n"
        "    for i in range(15): ledger.append([NewFact('fire', 'x', i)] * 3)"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(3)]
    assert [one.wait(60) for one in running] == [0, 0, 0]
    assert ledger.head().seq == 135
    assert ledger.verify() == []


# ── private fields ───────────────────────────────────────────────────────────────────────────────
def test_private_fields_are_kept_apart_and_can_be_erased(ledger: Ledger) -> None:
    ledger.append([NewFact("fire", "visit", 1, "G1", fields={"n": 1}, private={"who": "张三", "tel": "138"})])
    with ledger.database.read() as conn:
        body = conn.execute(text("SELECT body FROM fact")).scalar_one()
    assert "张三".encode() not in body
    assert next(ledger.facts()).fields == {"n": 1, "who": "张三", "tel": "138"}
    ledger.erase(1, "who", actor="clerk", reason="on request")
    assert next(ledger.facts()).fields == {"n": 1, "tel": "138"}
    erasure = list(ledger.facts())[-1]
    assert (erasure.type, erasure.actor) == ("erasure", "clerk")
    assert erasure.fields == {"fact": 1, "field": "who", "reason": "on request"}
    (problem,) = ledger.verify()
    assert (problem.kind, problem.seq, problem.field, problem.broken) == ("erased", 1, "who", False)


def test_erasing_what_is_not_there(ledger: Ledger) -> None:
    ledger.append([NewFact("fire", "visit", 1, fields={"n": 1}, private={"who": "x"})])
    for seq, field in ((1, "n"), (1, "nope"), (7, "who")):
        with pytest.raises(WudingError) as caught:
            ledger.erase(seq, field)
        assert caught.value.code in ("WD508", "WD510")
    assert ledger.head().seq == 1
    assert ledger.verify() == []


def test_what_is_erased_is_gone_from_the_file(tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path}/l.db") as ledger:
        ledger.append([NewFact("fire", "visit", 1, private={"who": "a-very-private-name"})] * 3)
        assert any(b"a-very-private-name" in file.read_bytes() for file in tmp_path.iterdir())
        for seq in (1, 2, 3):
            ledger.erase(seq, "who")
        assert not any(b"a-very-private-name" in file.read_bytes() for file in tmp_path.iterdir())


# ── opening ──────────────────────────────────────────────────────────────────────────────────────
def test_opening_refuses(tmp_path: Path) -> None:
    not_a_database = tmp_path / "text.db"
    not_a_database.write_text("not a database, but long enough to be looked at as one " * 100)
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE something (x)")
    connection.close()
    for code, url, given in (
        ("WD501", f"sqlite:///{not_a_database}", {}),
        ("WD501", f"sqlite:///{tmp_path}/no/such/folder/l.db", {}),
        ("WD502", f"sqlite:///{tmp_path}/none.db", {"create": False}),
        ("WD502", f"sqlite:///{other}", {"create": False}),
        ("WD504", "mysql://localhost/x", {}),
        ("WD504", "no address", {}),
        ("WD505", "sqlite://", {"zone": "Asia/Nowhere"}),
    ):
        with pytest.raises(WudingError) as caught:
            open_ledger(url, **given)  # type: ignore[arg-type]
        assert caught.value.code == code, url
        assert not str(caught.value).startswith(f"{code}  {code}"), "its text is missing"
    assert not (tmp_path / "none.db").exists()


def test_a_newer_ledger_is_refused(url: str) -> None:
    with open_ledger(url) as ledger, ledger.database.write() as conn:
        conn.execute(text("UPDATE wuding_version SET version_num = '9999'"))
    with pytest.raises(WudingError) as caught:
        open_ledger(url)
    assert caught.value.code == "WD503"


def test_a_ledger_without_a_name_is_gone_when_closed() -> None:
    with open_ledger("sqlite://") as one, open_ledger("sqlite://") as two:
        one.append(facts(2))
        assert (one.head().seq, two.head().seq) == (2, 0)
        folder = one.database.path.parent  # type: ignore[union-attr]
    assert not folder.exists()


# ── killing ──────────────────────────────────────────────────────────────────────────────────────
WRITER = """
import sys
from wuding.store.ledger import NewFact, open_ledger
with open_ledger(sys.argv[1]) as ledger:
    batch = [NewFact("fire", "x", i, "G", fields={"n": i, "text": "some text to make it longer"}) for i in range(4000)]
    print("ready", flush=True)
    while True:
        ledger.append(batch)
        print(ledger.head().seq, flush=True)
"""


def test_killed_midway_leaves_all_or_nothing(url: str) -> None:
    chance, survived = random.Random(5), 0
    with open_ledger(url) as ledger:
        for _ in range(4):
            writer = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True)
            assert writer.stdout and writer.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.0, 0.25))
            os.kill(writer.pid, signal.SIGKILL)
            said = [line for line in writer.stdout.read().splitlines() if line]
            writer.wait()
            writer.stdout.close()
            if "postgresql" in url:
                wait_for_backends(ledger)
            head = ledger.head()
            assert head.seq % 4000 == 0
            assert head.seq >= max([survived, *map(int, said)]), "what was acknowledged is gone"
            survived = head.seq
            with ledger.database.read() as conn:
                assert conn.execute(text("SELECT count(*) FROM fact")).scalar() == head.seq
            assert ledger.verify() == []
        assert ledger.append(facts(1)).first_seq == survived + 1


def wait_for_backends(ledger: Ledger) -> None:
    """A server notices late that its client is dead: until then what it was told may still be committed."""
    query = text("SELECT count(*) FROM pg_locks WHERE relation = 'fact'::regclass AND pid <> pg_backend_pid()")
    for _ in range(200):
        with ledger.database.read() as conn:
            if not conn.execute(query).scalar():
                return
        time.sleep(0.05)
    raise AssertionError("the killed writer still holds its locks")


def test_bodies_are_what_the_columns_say(ledger: Ledger) -> None:
    ledger.append([NewFact("fire", "visit", -5, "网格", "S1", "李", {"a": [1, {"b": None}]})])
    with ledger.database.read() as conn:
        row = conn.execute(text("SELECT * FROM fact")).one()
    told = json.loads(row.body)
    assert (told["at"], told["grid"], told["subject"], told["actor"]) == (-5, "网格", "S1", "李")
    assert (row.occurred_at, row.grid, row.subject, row.actor) == (-5, "网格", "S1", "李")
