"""Full check against hand-written DuckDB SQL over the same Parquet, side by side, with equal answers.

    python bench/full_check.py --facts 1000000 --leaves 10000

Prints the wall time of both, in turns, and their ratio. Answers that differ end it with exit code 1.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

import sql
from world import SHARES, write_world

from wuding.assess import check
from wuding.book.load import load_domain, load_program
from wuding.engines.base import FactFrames, Snapshot
from wuding.program.model import Program

HERE = Path(__file__).parent
WINDOW = 19_723  # 2024-01-01


def program() -> Program:
    """The book of the benchmark, linked."""
    domain, _ = load_domain((HERE / "books/domain.yaml").read_text(encoding="utf-8"), "domain.yaml")
    assert domain is not None
    found, _ = load_program(
        (HERE / "books/book.yaml").read_text(encoding="utf-8"), "book.yaml", {domain.name: domain}, lambda _: None
    )
    assert found is not None
    return found


def snapshot(
    folder: Path, book: Program, facts: FactFrames | None = None, kept_by: pl.DataFrame | None = None
) -> Snapshot:
    """The Parquet files as a check sees them; `facts` and how they are kept, when they are not one file per type."""
    if facts is None:
        facts = {("bench", name): pl.scan_parquet(folder / f"{name}.parquet") for name in SHARES}
    grids, posts = (pl.read_parquet(folder / f"{name}.parquet") for name in ("grids", "posts"))
    return Snapshot(grids, {}, posts, facts, sql.AS_OF, book.zone, WINDOW, kept_by=kept_by)


def answers(con: duckdb.DuckDBPyConnection, found: pl.DataFrame) -> list[str]:
    """Where the two differ, in words; nothing when they agree."""
    pairs = [
        ("monthly", "select holder, label, status from monthly", ["holder", "period", "status"], ""),
        ("typhoon", "select holder, label, status from typhoon", ["holder", "period", "status"], ""),
        ("hazard", "select id, status from hazard", ["case", "status"], "fixed"),
        ("hazard", "select id, status from chief", ["case", "status"], "chief"),
        ("large-fire", "select holder, status, \"at\" from veto", ["holder", "status", "at"], ""),
        ("score", "select holder, label, cast(score * 1000000 as bigint), band, cast(rank as integer) from score",
         ["holder", "period", "value_low", "band", "rank"], ""),
        ("taught", "select holder, cast(round(share * 1000000) as bigint) from taught", ["holder", "value_low"], ""),
    ]  # fmt: skip
    wrong = []
    for rule, query, columns, step in pairs:
        theirs = pl.DataFrame(con.sql(query).to_arrow_table())
        ours = found.filter((pl.col("rule") == rule) & (pl.col("step") == step)).select(columns)
        theirs.columns = columns
        theirs = theirs.cast(dict(ours.schema))
        if not theirs.sort(columns).equals(ours.sort(columns)):
            odd = pl.concat(
                [theirs.join(ours, on=columns, how="anti").head(3), ours.join(theirs, on=columns, how="anti").head(3)]
            )
            wrong.append(f"{rule}.{step}: SQL {len(theirs)} rows, Wuding {len(ours)} rows; differ in {odd.rows()}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--leaves", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_world(folder, given.facts, given.leaves)
        book = program()
        ours, theirs = [], []
        for _ in range(given.rounds):
            begin = time.perf_counter()
            con = sql.run(folder)
            theirs.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            found = check(book, snapshot(folder, book))
            ours.append(time.perf_counter() - begin)
        wrong = answers(con, found)
    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"{given.facts:,} facts, {given.leaves:,} leaf grids, {len(found):,} findings, median of {given.rounds}")
    print(f"wuding {a:.2f} s   duckdb {b:.2f} s   ratio {a / b:.2f}")
    for line in wrong:
        print("DIFFERENT", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
