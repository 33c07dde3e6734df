"""One fact's arrival: from `record()` to its answer, durably committed, with a year of a county behind it.

    python bench/arrival.py
    python bench/arrival.py --facts 2000 --seed 2024

A simulated year of the county that the demonstration has is recorded up to the facts that came last; those then arrive
one by one, in their order and at their time. In turns with each a bare durable insert of one row into SQLite is timed.
What time alone changes (a new day, a limit that passes) is fired before the fact arrives, as `wuding watch` does, and
timed apart. At the end the state that was carried along is compared with a full check.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from polars.testing import assert_frame_equal

from wuding import Wuding
from wuding.domain.instants import parse_instant
from wuding.intake.grids import read_tree
from wuding_rules.demo.county import county
from wuding_rules.demo.deeds import deeds
from wuding_rules.demo.nancheng import BOOK, written

ZONE = "Asia/Shanghai"
PLACES = ("grid", "subject", "actor", "at")
KEY = ["rule", "variant", "holder", "period", "case", "episode", "step"]
P50, P99 = 8.0, 25.0  # milliseconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--kinds", action="store_true", help="say what each type of fact took")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder), given.facts, given.seed, given.kinds)


def run(folder: Path, count: int, seed: int, kinds: bool) -> int:
    clock = [0]
    with Wuding.open(f"sqlite:///{folder / 'county.db'}", clock=lambda: clock[0]) as w:
        coming, before = filled(w, folder, count, seed, clock)
        bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
        bare.execute("PRAGMA journal_mode=WAL")
        bare.execute("PRAGMA synchronous=FULL")
        bare.execute("CREATE TABLE fact (seq INTEGER PRIMARY KEY, body TEXT)")
        w.tick()
        taken: dict[str, list[float]] = defaultdict(list)
        cpus: dict[str, list[float]] = defaultdict(list)
        inserts, ticks, changed = [], [], 0
        for moment, name, row in coming:
            clock[0] = moment
            wakes = w.arrivals().wakes_at()
            if wakes is not None and wakes <= moment:
                begun = time.perf_counter()
                w.tick()
                ticks.append(time.perf_counter() - begun)
            fields = {key: value for key, value in row.items() if key not in PLACES}
            begun, cpu = time.perf_counter(), time.process_time()
            answer = w.record(f"fire/{name}", **{key: row.get(key) or None for key in PLACES}, **fields)
            taken[name].append(time.perf_counter() - begun)
            cpus[name].append(time.process_time() - cpu)
            changed += len(answer.changes)
            begun = time.perf_counter()
            bare.execute("INSERT INTO fact (body) VALUES (?)", (json.dumps(row, default=str),))
            inserts.append(time.perf_counter() - begun)
        state = w.arrivals().frame()
        whole = w.check(as_of=w.arrivals().as_of, save=False).frame
        assert_frame_equal(state.sort(KEY), whole.sort(KEY))
    every = sorted(one for some in taken.values() for one in some)
    p50, p99 = (1_000 * at(every, part) for part in (0.5, 0.99))
    plain = 1_000 * at(sorted(inserts), 0.5)
    print(f"{len(every):,} arrivals after {before:,} facts, SQLite")
    print(f"p50 {p50:.2f} ms  p99 {p99:.2f} ms  a bare durable insert {plain:.2f} ms  ratio {p50 / plain:.2f}")
    work = sorted(one for some in cpus.values() for one in some)
    low, high = (1_000 * at(work, part) for part in (0.5, 0.99))
    print(
        f"CPU p50 {low:.2f} ms, p99 {high:.2f} ms; {changed:,} findings changed; goals: p50 {P50:g} ms, p99 {P99:g} ms"
    )
    if ticks:
        some = sorted(ticks)
        print(f"{len(ticks)} ticks: median {1_000 * at(some, 0.5):.0f} ms, longest {1_000 * some[-1]:.0f} ms")
    if kinds:
        for name, some in sorted(taken.items()):
            told = [1_000 * at(sorted(one), part) for one in (some, cpus[name]) for part in (0.5, 0.99)]
            print("  {:20} {:6,}  p50 {:7.2f}  p99 {:7.2f} ms  CPU {:7.2f} {:7.2f}".format(name, len(some), *told))
    return 0


def at(values: Sequence[float], part: float) -> float:
    """The value below which this part of the sorted values lies."""
    return values[min(len(values) - 1, int(part * len(values)))]


def filled(
    w: Wuding, folder: Path, count: int, seed: int, clock: list[int]
) -> tuple[list[tuple[int, str, dict[str, Any]]], int]:
    """The county with its year but for the last facts, which are still to come: each its moment, type and fields."""
    rng = random.Random(seed)
    with as_file(files("wuding_rules").joinpath("demo/data/nancheng.csv")) as path:
        tree = read_tree(path)
    place = county(tree, rng)
    year = deeds(place, rng)
    times = sorted(
        (parse_instant(str(row["at"]), ZONE), name, n) for name, rows in year.items() for n, row in enumerate(rows)
    )
    coming = times[-count:]
    late = {(name, n) for _, name, n in coming}
    clock[0] = coming[0][0]
    w.put_in_force(BOOK)
    w.add_grids([*tree, *place.cells])
    w.add_subjects(place.subjects)
    w.appoint(place.posts)
    early = {name: [row for n, row in enumerate(rows) if (name, n) not in late] for name, rows in year.items()}
    for name, path in written(early, folder):
        w.import_facts(path, fact=f"fire/{name}")
    return [(moment, name, dict(year[name][n])) for moment, name, n in coming], w.ledger.head().seq


if __name__ == "__main__":
    raise SystemExit(main())
