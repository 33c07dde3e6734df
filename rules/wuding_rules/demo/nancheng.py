"""A simulated year of fire safety on the real tree of 南城县: 1 county, 13 towns, 174 villages."""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from pathlib import Path

import polars as pl

from wuding import CheckResult, Wuding
from wuding.demo import table
from wuding.hookspecs import Demo
from wuding.intake.grids import read_tree
from wuding.program.model import Label
from wuding.program.words import Words
from wuding_rules.demo.county import county
from wuding_rules.demo.deeds import Facts, deeds

DOMAIN, BOOK = "fire", "fire/nancheng"
AS_OF = "2025-01-01"
SAY = {
    "scores": Label("各乡镇年度得分与名次：", "Scores and ranks of the towns:"),
    "missed": Label("漏做最多的规则：", "Rules most often missed:"),
    "struck": Label("被一票否决的：", "Vetoed:"),
    "tell": Label("还需上报的事项（到期仍未了结）：", "Cases past their limit, to be passed up:"),
    "gaps": Label("五定尚有缺口的责任：", "Charters with gaps today:"),
}


def demo() -> Demo:
    return Demo(
        name="nancheng",
        title=Label("南城县消防安全网格，2024年", "Fire-safety grids of Nancheng county, 2024"),
        source=Label(
            "行政区划是真实的（国家统计局）；人员与一年的事实是模拟的，种子 {seed}。",
            "The tree is real (National Bureau of Statistics); people and the year's facts are simulated, seed {seed}.",
        ),
        books=(BOOK,),
        as_of=AS_OF,
        load=load,
        tell=tell,
        next=try_next,
    )


def load(w: Wuding, seed: int) -> None:
    """Import the tree, make cells, subjects and posts, and import the simulated facts."""
    rng = random.Random(seed)
    with as_file(files("wuding_rules").joinpath("demo/data/nancheng.csv")) as path:
        tree = read_tree(path)
    place = county(tree, rng)
    w.add_grids([*tree, *place.cells])
    w.add_subjects(place.subjects)
    w.appoint(place.posts)
    with tempfile.TemporaryDirectory() as folder:
        for name, path in written(deeds(place, rng), Path(folder)):
            w.import_facts(path, fact=f"{DOMAIN}/{name}")


def written(facts: Facts, folder: Path) -> Iterator[tuple[str, Path]]:
    """Each type of fact as a CSV file, as a town's office would hand it in."""
    for name, rows in facts.items():
        if rows:
            columns = list(dict.fromkeys(c for row in rows for c in row))
            path = folder / f"{name}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
            yield name, path


def tell(w: Wuding, result: CheckResult, lang: str) -> Iterator[str]:
    frame = result.frame
    names = {g.code: g.name for g in _grids(w)}
    words = Words(w.shelf.program(BOOK), lang)
    yield SAY["scores"].get(lang)
    scores = frame.filter(pl.col("section") == "scoring").sort("rank", "holder", nulls_last=True)
    yield from table(
        [
            [str(r["rank"] or "-"), names.get(r["holder"]), _points(r["value_low"]), words.called(r["band"] or "-")]
            for r in scores.to_dicts()
        ]
    )
    for key, rows in (
        ("missed", frame.filter(status="missed", section="patrol")),
        ("struck", frame.filter(status="struck")),
        ("tell", frame.filter(pl.col("status") == "overdue")),
        ("gaps", frame.filter(pl.col("status") == "gap", pl.col("end").is_null())),
    ):
        yield SAY[key].get(lang)
        top = rows.group_by("rule").len().sort("len", "rule", descending=[True, False]).head(5)
        yield from table([[r["rule"], words.title(r["rule"]), f"{r['len']:,}"] for r in top.to_dicts()])


def _grids(w: Wuding) -> Sequence:
    from wuding.store.registry import registry

    return registry(w.ledger).grids


def _points(millionths: int | None) -> str:
    return "-" if millionths is None else f"{millionths / 1_000_000:g}"


def try_next(result: CheckResult) -> Sequence[Sequence[str]]:
    return [["findings", "--status", "struck"], ["check", "--book", BOOK, "--as-of", AS_OF]]
