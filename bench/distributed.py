"""A check on Spark beside the same check here, over the same exported columns, with equal findings.

    python bench/distributed.py --facts 1000000 --leaves 10000 --on local[2]

Facts are written as `wuding columns export` writes them (by month and by branch). Then the check runs whole, part by
part in this process, and as tasks on Spark, each in a process of its own, whose peak memory is told; the Spark session
is begun before the clock. Findings that differ end it with exit code 1. The line with `ratio` is Spark's wall time
divided by that of the whole check.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from full_check import program, snapshot
from importing import peak
from world import SHARES, write_world

from wuding.app.parting import branches_of, in_parts
from wuding.assess.check import conclude
from wuding.assess.parted import Parted, without_branches
from wuding.engines.base import Snapshot
from wuding.program.model import Program
from wuding.store.export import folder_of, write_facts

ORDER = ["id", "status", "at"]


def write(folder: Path, facts: int, leaves: int, branches: int) -> None:
    """The seeded county, its facts by branch and month."""
    write_world(folder, facts, leaves)
    parts = branches_of(pl.read_parquet(folder / "grids.parquet"), branches)
    parts.with_columns(pl.col("branch").map_elements(folder_of, pl.String)).write_parquet(folder / "branches.parquet")
    for name in SHARES:
        plain = folder / f"{name}.parquet"
        write_facts(pl.scan_parquet(plain), folder / name, parts, program().zone, whole=False)
        plain.unlink()


def seen(folder: Path, book: Program) -> Snapshot:
    """The snapshot of a check, with the facts kept by branch."""
    hive = {"branch": pl.String(), "month": pl.String()}
    facts = {("bench", n): pl.scan_parquet(folder / n / "**/*.parquet", hive_schema=hive).drop("month") for n in SHARES}
    return snapshot(folder, book, facts, pl.read_parquet(folder / "branches.parquet"))


def one(folder: Path, way: str, partitions: int, out: Path) -> None:
    """Runs one way in this process; prints seconds, peak memory in MB, parts, findings."""
    book = program()
    on = None if way in ("whole", "parts") else way
    with in_parts(None if way == "whole" else partitions, on) as parted:
        begin = time.perf_counter()
        frame, parts = _checked(parted, book, seen(folder, book))
        wall = time.perf_counter() - begin
    most = peak() / 2**20
    frame.sort(ORDER).write_parquet(out)
    print(json.dumps({"seconds": wall, "peak": most, "parts": parts, "findings": frame.height}))


def file_of(way: str) -> str:
    """Where a way leaves its findings; `local[2]` would be read as a pattern."""
    return f"{'spark' if way not in ('whole', 'parts') else way}.findings"


def _checked(
    parted: Callable[[Program, Snapshot], Parted] | None, book: Program, snap: Snapshot
) -> tuple[pl.DataFrame, int]:
    if parted is None:
        return conclude(book, without_branches(snap)).frame, 1
    found = parted(book, snap)
    return found.concluded.frame, found.parts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--leaves", type=int, default=10_000)
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--branches", type=int, default=16)
    parser.add_argument("--on", default="local[2]")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        one(given.folder, given.way, given.partitions, given.folder / file_of(given.way))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, given.facts, given.leaves, given.branches)
        told = {}
        for way in ("whole", "parts", given.on):
            words = ["--folder", name, "--way", way, "--partitions", str(given.partitions)]
            ran = subprocess.run([sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True, check=True)
            told[way] = json.loads(ran.stdout.splitlines()[-1])
        frames = [pl.read_parquet(folder / file_of(way)) for way in told]
    whole, parts, spark = told.values()
    print(f"{given.facts:,} facts, {given.leaves:,} leaf grids, {whole['findings']:,} findings, {parts['parts']} parts")
    for way, one_ in told.items():
        print(f"  {way:10} {one_['seconds']:6.2f} s   peak {one_['peak']:,.0f} MB")
    here = (f"{way} {one_['seconds']:.2f} s, {one_['peak']:,.0f} MB" for way, one_ in told.items())
    print("   ".join(here) + f"   ratio {spark['seconds'] / whole['seconds']:.2f}")
    same = all(frame.equals(frames[0]) for frame in frames)
    if not same:
        print("DIFFERENT", [frame.height for frame in frames])
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
