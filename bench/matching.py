"""Matching of twenty conditions: the columnar engine against the engines for Python that judge one fact at a time.

    python bench/matching.py --facts 1000000 --few 20000

Needs the extra `bench`. Every engine is told the conditions of `books/matching/book.yaml`. Ours matches `--facts`
facts, the others the first `--few` of them, their conditions compiled beforehand. The facts are in memory in the way
that an engine wants them: columns for ours, dictionaries for the others. What they answer must be what ours answers.
Each runs in a process of its own; one that is not installed, that crashes or whose answers differ is named with the
reason and left out.

`--facts` should be large, for an engine of columns has a fixed cost: its rate for the same few facts is printed too,
and its rate when it reads the facts from Parquet first.
"""

from __future__ import annotations

import argparse
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from others import ENGINES, Fact, Hits, plain

from wuding.assess.assessors import SIDE_BY_SIDE
from wuding.book.load import load_domain, load_program
from wuding.engines.base import Snapshot
from wuding.engines.columnar.context import open_context
from wuding.engines.columnar.facts import facts_of
from wuding.engines.columnar.things import judged, own, things
from wuding.engines.frames import grid_frame, post_frame
from wuding.program.model import Patrol, Program, Selector

HERE = Path(__file__).parent
START = 1_704_038_400_000_000  # 2024-01-01T00:00+08:00 in microseconds UTC
YEAR = 366 * 86_400_000_000
MONEY = 10**6  # how the columns hold money


def program() -> Program:
    """The book of the benchmark, linked."""
    texts = {n: (HERE / f"books/matching/{n}.yaml").read_text(encoding="utf-8") for n in ("domain", "book")}
    domain, _ = load_domain(texts["domain"], "domain.yaml")
    assert domain is not None
    found, _ = load_program(texts["book"], "book.yaml", {domain.name: domain}, lambda _: None)
    assert found is not None
    return found


def write(path: Path, n: int, seed: int = 2024) -> None:
    """Visits by the thousand, as the mirror of a ledger holds them. No field is missing."""
    random = np.random.default_rng(seed)

    def one_of(*values: str) -> pl.Series:
        return pl.Series(values).gather(random.integers(0, len(values), n))

    price = random.integers(1, 100_000, n)
    near = np.maximum(1, price + random.integers(-500, 500, n))
    at = pl.Series(START + np.sort(random.integers(0, YEAR, n)))
    person = one_of(*(f"p{i}" for i in range(500)))
    pl.DataFrame(
        {
            "seq": pl.int_range(1, n + 1, dtype=pl.Int64, eager=True),
            "grid": one_of(*(f"G{i}" for i in range(1000))),
            "subject": pl.Series([None] * n, dtype=pl.String),
            "actor": person,
            "at": at,
            "recorded": at,
            "f.kind": one_of("fire", "flood", "fall", "road", "noise", "waste"),
            "f.severity": one_of("minor", "minor", "minor", "larger", "major"),
            "f.street": one_of(*(f"S{i}" for i in range(40))),
            "f.people": pl.Series(random.integers(0, 50, n)),
            "f.children": pl.Series(random.integers(0, 6, n)),
            "f.score": pl.Series(random.integers(0, 101, n)),
            "f.price": pl.Series(price * (MONEY // 100)),
            "f.market_price": pl.Series(near * (MONEY // 100)),
            "f.filed": pl.Series(random.random(n) < 0.8),
            "f.accepted": pl.Series(random.random(n) < 0.6),
        }
    ).write_parquet(path)


def dictionaries(path: Path, few: int) -> list[Fact]:
    """The first facts as an engine that judges one at a time is given them."""
    frame = pl.read_parquet(path, n_rows=few).select("seq", pl.col("^f\\..*$").name.replace("f.", "", literal=True))
    return list(frame.with_columns(pl.col("price", "market_price") / MONEY).iter_rows(named=True))


def selectors(book: Program) -> list[Selector]:
    found = [rule.do for rule in book.rules if isinstance(rule, Patrol)]
    return [sel for sel in found if sel is not None]


def columnar(path: Path, book: Program, most: int | None = None) -> tuple[float, float, list[pl.Series]]:
    """Seconds to read the facts from the file; seconds from these columns to the numbers of the facts that match; and
    these numbers, for each condition. Rules are matched side by side, as a check does it."""
    begin = time.perf_counter()
    facts = pl.scan_parquet(path, n_rows=most)
    nobody, nowhere = post_frame([]), grid_frame([])
    snap = Snapshot(nowhere, {}, nobody, {("visits", "visit"): facts}, START + YEAR, book.zone, 19_723)
    ctx = open_context(book, snap)
    wanted = selectors(book)
    facts_of(ctx, "visit")
    read = time.perf_counter()

    def matched(sel: Selector) -> pl.Series:
        found = judged(ctx, things(ctx, sel), own(sel))
        return found.get_column("seq").filter(found.get_column("ok"))

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        hits = list(pool.map(matched, wanted))
    return read - begin, time.perf_counter() - read, hits


def other(engine: str, given: bytes) -> tuple[float, Hits] | str:
    """Seconds and answers of an engine in a process of its own, or why there are none."""
    ran = subprocess.run(
        [sys.executable, str(HERE / "others.py"), engine], input=given, capture_output=True, check=False
    )
    if ran.returncode == 0:
        found: tuple[float, Hits] = pickle.loads(ran.stdout)
        return found
    said = ran.stderr.decode(errors="replace").strip().splitlines() or [""]
    return f"ended with {ran.returncode}: {said[-1]}"


def differing(ours: Sequence[pl.Series], theirs: Hits) -> list[int]:
    """The conditions, counted from 1, on which the answers are not the same."""
    pairs = enumerate(zip(ours, theirs, strict=True), 1)
    return [n for n, (a, b) in pairs if a.sort().to_list() != b]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "visit.parquet"
        write(path, given.facts)
        book = program()
        conds = [plain(sel.when) for sel in selectors(book) if sel.when is not None]
        facts = pickle.dumps((conds, dictionaries(path, given.few)))
        small = columnar(path, book, given.few)[-1]
        ours, few, rates, left_out = [], [], {}, {}
        times: dict[str, list[float]] = {engine: [] for engine in ENGINES}
        for _ in range(given.rounds):  # in turns: the machine may be busier at one time than at another
            ours.append(columnar(path, book)[:2])
            few.append(columnar(path, book, given.few)[1])
            for engine in ENGINES:
                if engine in left_out:
                    continue
                found = other(engine, facts)
                if isinstance(found, str):
                    left_out[engine] = found
                elif wrong := differing(small, found[1]):
                    left_out[engine] = f"answers differ for conditions {wrong}"
                else:
                    times[engine].append(found[0])
    for engine, spent in times.items():
        if engine not in left_out:
            rates[engine] = given.few / statistics.median(spent)
    rate = given.facts / statistics.median(matching for _, matching in ours)
    whole = given.facts / statistics.median(map(sum, ours))
    print(f"{len(conds)} conditions, {given.facts:,} facts (the others {given.few:,}), median of {given.rounds}")
    for engine, per_second in sorted(rates.items(), key=lambda pair: -pair[1]):
        print(f"    {engine:<28} {per_second:>12,.0f} facts/s   {rate / per_second:,.0f} times")
    print(f"    {'columnar, the same few':<28} {given.few / statistics.median(few):>12,.0f} facts/s")
    print(f"    {'columnar, reading too':<28} {whole:>12,.0f} facts/s")
    for engine, why in left_out.items():
        print(f"    {engine:<28} left out: {why}")
    if not rates:
        print("NONE of the other engines answered: is the extra `bench` installed?")
        return 1
    fastest = max(rates, key=lambda engine: rates[engine])
    print(f"columnar {rate:,.0f} facts/s   {fastest} {rates[fastest]:,.0f} facts/s   ratio {rate / rates[fastest]:.2f}")
    return int(any("differ" in why for engine, why in left_out.items() if engine != "durable-rules"))


if __name__ == "__main__":
    raise SystemExit(main())
