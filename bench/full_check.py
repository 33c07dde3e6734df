"""Full check against hand-written DuckDB SQL over the same Parquet, side by side, with equal answers.

    python bench/full_check.py --facts 1000000 --leaves 10000

Each runs in a process of its own, in turns: from the Parquet files of a year to the findings in Parquet. Wall time is
counted without the start of Python and its libraries, memory is the most that the process ever had. Prints both for
each and their ratios. Answers that differ end it with exit code 1. `--memory` is a limit for DuckDB, which takes what
it gets; by default it may have what it wants.
"""

# ruff: noqa: E402 - the allocator listens before Polars is loaded
from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from wuding.allocator import be_frugal

be_frugal()  # as the command does, before Polars is there

import polars as pl
import polars.selectors as cs

sys.path.insert(0, str(Path(__file__).parent))

import sql
from importing import peak
from world import SHARES, write_world

from wuding.assess import pour
from wuding.book.load import load_domain, load_program
from wuding.engines.base import FactFrames, Snapshot
from wuding.program.model import Program
from wuding.store.findings import writing_findings

HERE = Path(__file__).parent
WINDOW = 19_723  # 2024-01-01
TABLES = ("monthly", "typhoon", "hazard", "chief", "veto", "score", "taught")


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


# ── the two, each in its process ─────────────────────────────────────────────────────────────────
def ours(folder: Path, out: Path, memory: str | None) -> None:
    book = program()
    with writing_findings(out, sql.AS_OF, 0) as writer:
        pour(book, snapshot(folder, book), partial(writer.write, book.book))


def theirs(folder: Path, out: Path, memory: str | None) -> None:
    sql.run(folder, out, memory).close()


ARMS: dict[str, Callable[[Path, Path, str | None], None]] = {"wuding": ours, "duckdb": theirs}


def alone(arm: str, folder: Path, out: Path, memory: str | None) -> tuple[float, float]:
    """Seconds and GiB of one of them in a process of its own."""
    out.mkdir(exist_ok=True)
    command = [sys.executable, __file__, "--arm", arm, "--from", str(folder), "--to", str(out)]
    ran = subprocess.run(
        [*command, *(["--memory", memory] if memory else [])], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise SystemExit(f"{arm} ended with {ran.returncode}:\n{ran.stderr}")
    seconds, most = json.loads(ran.stdout)
    return seconds, most / 2**30


# ── answers ──────────────────────────────────────────────────────────────────────────────────────
def answers(theirs: Path, ours: Path) -> list[str]:
    """Where the two differ, in words; nothing when they agree."""
    high = pl.col("score") * 1_000_000
    pairs = [
        ("monthly", "", "monthly", ["holder", "label", "status"], ["holder", "period", "status"]),
        ("typhoon", "", "typhoon", ["holder", "label", "status"], ["holder", "period", "status"]),
        ("hazard", "fixed", "hazard", ["id", "status"], ["case", "status"]),
        ("hazard", "chief", "chief", ["id", "status"], ["case", "status"]),
        ("large-fire", "", "veto", ["holder", "status", "at"], ["holder", "status", "at"]),
        ("score", "", "score", ["holder", "label", high, "band", "rank"],
         ["holder", "period", "value_low", "band", "rank"]),
        ("taught", "", "taught", ["holder", (pl.col("share") * 1_000_000).round()], ["holder", "value_low"]),
    ]  # fmt: skip
    wrong = []
    for rule, step, table, asked, columns in pairs:
        a = pl.scan_parquet(theirs / f"{table}.parquet").select(asked).collect()
        of = pl.scan_parquet(ours / f"{rule}.parquet").with_columns(cs.categorical().cast(pl.String))
        b = of.filter(pl.col("step") == step).select(columns).collect()
        a.columns = columns
        a = a.cast(dict(b.schema))  # type: ignore[arg-type]
        if not a.sort(columns).equals(b.sort(columns)):
            odd = pl.concat([a.join(b, on=columns, how="anti").head(3), b.join(a, on=columns, how="anti").head(3)])
            wrong.append(f"{rule}.{step}: SQL {len(a)} rows, Wuding {len(b)} rows; differ in {odd.rows()}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--leaves", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", help="what DuckDB may take, such as 4GB")
    parser.add_argument("--arm", choices=list(ARMS), help=argparse.SUPPRESS)
    parser.add_argument("--from", dest="folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--to", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.arm:
        begin = time.perf_counter()
        ARMS[given.arm](given.folder, given.to, given.memory)
        print(json.dumps([time.perf_counter() - begin, peak()]))
        return 0
    took: dict[str, list[tuple[float, float]]] = {arm: [] for arm in ARMS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_world(folder / "world", given.facts, given.leaves)
        for n in range(given.rounds):
            for arm in ARMS if n % 2 else reversed(ARMS):
                took[arm].append(alone(arm, folder / "world", folder / arm, given.memory))
        wrong = answers(folder / "duckdb", folder / "wuding" / "bench/county")
        rows = sum(pl.scan_parquet(f).select(pl.len()).collect().item() for f in (folder / "wuding").rglob("*.parquet"))
    (a, b), (m, k) = ([statistics.median(one[i] for one in took[arm]) for arm in ("wuding", "duckdb")] for i in (0, 1))
    print(f"{given.facts:,} facts, {given.leaves:,} leaf grids, {rows:,} findings, median of {given.rounds}")
    print(f"time: wuding {a:.2f} s   duckdb {b:.2f} s   ratio {a / b:.2f}")
    print(f"memory: wuding {m:.2f} GiB   duckdb {k:.2f} GiB   ratio {m / k:.2f}")
    for line in wrong:
        print("DIFFERENT", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
