"""A simulated year in the place of every shipped rule book, checked in one run, and what came of it.

    python bench/nine_places.py [FOLDER] [--seed N]

FOLDER holds trees as CSV (`code,name,parent,level`, gzipped or not); a place that none of them has gets a small tree
that is made up. People and facts are simulated.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from wuding import CheckResult, Grid, Wuding
from wuding.intake.grids import read_tree
from wuding.program.model import Program
from wuding_rules.demo.simulated import record

YEAR, AS_OF = 2024, "2025-01-10"
BREACHES = ("gap", "missed", "struck", "late", "overdue")


def plan_books(w: Wuding) -> list[str]:
    """The books of `wuding_rules` that follow a plan: those that no plugin extends."""
    texts = w.shelf.texts
    own = [name for name, (_, path) in texts.items() if path.startswith("wuding_rules/")]
    return sorted(name for name in own if not texts[name][1].startswith("wuding_rules/demo/"))


def tree_of(program: Program, files: Iterable[Path]) -> tuple[list[Grid], bool]:
    """The real tree below the place of a book, and whether it is real: else one root of the book's highest level."""
    root = program.grid or "made-up"
    for file in files:
        frame = pl.read_csv(file, infer_schema=False)
        if root in frame.get_column("code"):
            return list(read_tree(file, root)), True
    level = next(iter(program.domain.levels))
    names = program.levels.get(level, (level,))
    return [Grid(root, program.title.zh, None, names[0])], False


def load(w: Wuding, files: Iterable[Path], seed: int) -> dict[str, tuple[int, int, bool]]:
    """Record the year of every book; per book its grids, its facts, and whether its tree is real."""
    told = {}
    trees: dict[str, list[Grid]] = {}
    found = list(files)
    for name in plan_books(w):
        program = w.shelf.program(name)
        tree, real = tree_of(program, found)
        place = tree[0].code
        if place not in trees:
            trees[place] = tree
            w.add_grids(tree)
        done = record(w, name, trees[place], seed, YEAR)
        trees[place] = [*trees[place], *done.place.new]  # books of one place stand on one tree
        told[name] = (len(done.place.grids), sum(map(len, done.facts.values())), real)
    return told


def outcome(w: Wuding, result: CheckResult, told: dict[str, tuple[int, int, bool]]) -> Iterable[str]:
    """What its authors would want to see of each book: what was asked, met, and what most often was not."""
    for name, (grids, facts, real) in told.items():
        program = w.shelf.program(name)
        titles = {rule.head.id: rule.head.title.zh or rule.head.id for rule in program.rules}
        frame = result.frame.filter(book=name, step="")
        tree = "真实的树" if real else "虚构的树"
        yield f"── {program.title.zh}（{name}，{tree}：{grids} 个网格；模拟的事实 {facts:,} 条）"
        for (section,), part in frame.group_by(["section"], maintain_order=True):
            counts = part.group_by("status").len().sort("len", descending=True).iter_rows()
            yield f"   {section}: " + "、".join(f"{status} {count:,}" for status, count in counts)
        bad = frame.filter(pl.col("status").is_in(BREACHES)).group_by("rule").len().sort("len", "rule", descending=True)
        for rule, count in bad.head(4).iter_rows():
            yield f"     ✗ {count:,} × {titles.get(rule, rule)}"
        bands = frame.filter(pl.col("band").is_not_null()).group_by("rule", "band").len().sort("rule", "band")
        for rule, band, count in bands.iter_rows():
            yield f"     {titles.get(rule, rule)}: {band} {count:,}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seed", type=int, default=2024)
    asked = parser.parse_args()
    files = sorted(asked.folder.glob("*_[0-9]*.csv*")) if asked.folder else []
    with Wuding.open("sqlite://") as w:
        began = time.perf_counter()
        told = load(w, files, asked.seed)
        loaded = time.perf_counter()
        result = w.check(as_of=AS_OF, books=list(told), save=False)
        checked = time.perf_counter()
        for line in outcome(w, result, told):
            print(line)
        print(f"{len(told)} 个规则册，{w.ledger.head().seq:,} 条事实（{loaded - began:.0f} 秒），", end="")
        print(f"{result.frame.height:,} 条结论（{checked - loaded:.0f} 秒）")


if __name__ == "__main__":
    main()
