"""A check after a thousand new facts that goes on from the last one, against a check of everything: CPU time.

    python bench/incremental.py --facts 10000000 --leaves 100000

Time goes on by six hours, in which the new facts happen. Both begin with the Parquet columns; the one that goes on has
the findings of the last check as `Wuding.last_check` has them. What is measured is all CPU time of the process, so
that more threads gain nothing. The findings must be the same, row for row, or it ends with exit code 1.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

import sql
from full_check import program, snapshot
from world import SHARES, write_world

from wuding.assess import conclude
from wuding.engines.base import Changes, Snapshot
from wuding.store.changes import fact_changes

HOUR = 3_600_000_000
WAS = sql.AS_OF - 36 * HOUR  # noon of the last day but one of the year
NOW = WAS + 6 * HOUR


@dataclass(frozen=True)
class Parts:
    """The Parquet files as the planner asks the ledger's columns for them: what was known then, and what is new."""

    old: Path
    new: Path
    last: int

    def scan(self, domain: str, type: str, known: int, after: int = 0) -> pl.LazyFrame:
        files = [self.old] if known <= self.last else [self.new] if after >= self.last else [self.old, self.new]
        return pl.scan_parquet([folder / f"{type}.parquet" for folder in files])

    def holds(self, domain: str, type: str, after: int, upto: int) -> bool:
        return upto > self.last

    def corrections(self, known: int) -> dict[tuple[str, str], dict[int, Any]]:
        return {}


def write(folder: Path, facts: int, leaves: int, new: int) -> Parts:
    """The year up to the last check, and the new facts of the six hours after it, in two folders."""
    old, fresh = folder / "old", folder / "new"
    write_world(old, facts, leaves)
    write_world(fresh, new, leaves, seed=7)
    last = 0
    for name in SHARES:
        path = old / f"{name}.parquet"
        frame = pl.read_parquet(path).filter(pl.col("at") <= WAS)
        frame.write_parquet(path)
        last = max(last, frame.get_column("seq").max() or 0)  # type: ignore[type-var,assignment]
    first = last + 1
    for name in SHARES:
        path = fresh / f"{name}.parquet"
        frame = pl.read_parquet(path)
        share = 6 * HOUR / max(len(frame), 1)
        at = WAS + 1 + (pl.int_range(pl.len()) * share).cast(pl.Int64)
        frame = frame.with_columns(at=at, recorded=at, seq=pl.int_range(first, first + pl.len(), dtype=pl.Int64))
        if "f.hazard_id" in frame.columns:  # some of the old hazards are put right, and new ones found
            known = pl.read_parquet(old / "hazard.parquet", columns=["f.hazard_id"]).to_series()
            some = known.tail(len(frame)) if name == "rectified" else "N" + frame.get_column("f.hazard_id")
            frame = frame.with_columns(some.alias("f.hazard_id"))
        frame.write_parquet(path)
        first += len(frame)
    return Parts(old, fresh, last)


def at(parts: Parts, book: Any, moment: int, known: int) -> Snapshot:
    """What a check at a moment looks at."""
    facts = {("bench", name): parts.scan("bench", name, known) for name in SHARES}
    return replace(snapshot(parts.old, book), facts=facts, as_of=moment)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--leaves", type=int, default=10_000)
    parser.add_argument("--new", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    full, less = [], []
    with tempfile.TemporaryDirectory() as name:
        parts = write(Path(name), given.facts, given.leaves, given.new)
        book = program()
        past = conclude(book, at(parts, book, WAS, parts.last))
        for _ in range(given.rounds):
            begin = time.process_time()
            all_of_it = conclude(book, at(parts, book, NOW, parts.last + given.new))
            full.append(time.process_time() - begin)
            begin = time.process_time()
            moments = (WAS, parts.last), (NOW, parts.last + given.new)
            found = {("bench", kind): fact_changes(parts, ("bench", kind), *moments) for kind in SHARES}  # type: ignore[arg-type]
            known = {key: lazy for key, lazy in found.items() if lazy is not None}
            changes = Changes(known, added=frozenset(known))
            again = conclude(book, at(parts, book, NOW, parts.last + given.new), past, changes)
            less.append(time.process_time() - begin)
        order = ["rule", "variant", "step", "id"]
        same = all_of_it.frame.sort(order).equals(again.frame.sort(order))
    a, b = statistics.median(full), statistics.median(less)
    print(f"{given.facts:,} facts, {given.leaves:,} leaf grids, {given.new:,} new facts, median of {given.rounds}")
    print(f"full check {a:.2f} CPU s   going on {b:.3f} CPU s   ratio {a / b:.2f}")
    if not same:
        print("DIFFERENT findings")
    return int(not same)


if __name__ == "__main__":
    raise SystemExit(main())
