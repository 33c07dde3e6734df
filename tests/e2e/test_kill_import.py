"""An import that is killed at any moment leaves all of the file or nothing of it, and a whole ledger (issue 2).

A nursery, a process that has loaded Wuding and done nothing else, forks the importer and kills it with SIGKILL:
fifty new interpreters would spend a minute in loading alone.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import wuding_fire.plugin
from wuding import Grid, Wuding, WudingError

KILLS = 50
ROWS = 12_000
NURSERY = """
import json, os, signal, sys, time
import polars, pyarrow, sqlalchemy.dialects.sqlite, adbc_driver_sqlite.dbapi
import wuding.app, wuding.book.load, wuding.intake.importing, wuding.intake.known, wuding.intake.mapping
import wuding.store.columns, wuding.store.registry, wuding_fire.plugin

for line in sys.stdin:
    order = json.loads(line)
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            with wuding.app.Wuding.open(order["url"], create=False, plugins=[wuding_fire.plugin]) as w:
                w.import_facts(order["file"], fact="inspection", domain="fire")
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    if order["after"] is not None:
        time.sleep(order["after"])
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps({"status": status, "seconds": time.perf_counter() - started}), flush=True)
"""
Import = Callable[[str, Path, float | None], tuple[int, float]]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Import]:
    """Imports a file, and kills the importer after so many seconds (None: never): its exit code, how long it lived."""
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    )

    def run(url: str, file: Path, after: float | None) -> tuple[int, float]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"url": url, "file": str(file), "after": after}) + "\n")
        process.stdin.flush()
        told = json.loads(process.stdout.readline())
        return told["status"], told["seconds"]

    with process:
        yield run
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "inspections.csv"
    start = datetime(2024, 1, 1, 8)
    lines = (f"{start + timedelta(minutes=17 * n)},B{n % 20},true,{n}" for n in range(ROWS))
    path.write_text("at,grid,filed,remark\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def ledger_of(path: Path) -> Wuding:
    return Wuding.open(f"sqlite:///{path}", plugins=[wuding_fire.plugin])


def new_ledger(path: Path) -> Path:
    with ledger_of(path) as w:
        w.add_grids([Grid("Z", "zone", None, "zone"), *(Grid(f"B{n}", f"cell {n}", "Z", "basic") for n in range(20))])
    return path


def state(path: Path) -> str:
    """Opens what is left: it must be whole, and hold all of the file or nothing of it."""
    with ledger_of(path) as w:
        assert w.verify() == []
        known = Counter(fact.type for fact in w.ledger.facts())
        assert known["grid"] == 21
        assert (known["inspection"], known["import"]) in ((0, 0), (ROWS, 1))
        assert w.ledger.head().seq == sum(known.values())
        return "all" if known["import"] else "nothing"


def test_killing_an_import_leaves_all_or_nothing(nursery: Import, file: Path, tmp_path: Path) -> None:
    path = new_ledger(tmp_path / "dry.db")
    status, seconds = nursery(f"sqlite:///{path}", file, None)
    assert (status, state(path)) == (0, "all")
    with ledger_of(path) as w, pytest.raises(WudingError, match="WD409"):
        w.import_facts(file, fact="inspection", domain="fire")

    chance = random.Random(2024)
    delays = [chance.uniform(0, 1.1 * seconds) for _ in range(KILLS)]
    outcomes: Counter[tuple[int, str]] = Counter()
    path = new_ledger(tmp_path / "0.db")
    for n, delay in enumerate(delays):
        status, _ = nursery(f"sqlite:///{path}", file, delay)
        outcome = state(path)
        outcomes[status, outcome] += 1
        assert status in (0, -signal.SIGKILL)
        assert outcome == "all" or status != 0, "it ended well and recorded nothing"
        if outcome == "all":  # else the next importer begins with what this one left behind
            path = new_ledger(tmp_path / f"{n + 1}.db")
    assert outcomes[-signal.SIGKILL, "nothing"] >= KILLS // 4, outcomes

    status, _ = nursery(f"sqlite:///{path}", file, None)
    assert (status, state(path)) == (0, "all")
