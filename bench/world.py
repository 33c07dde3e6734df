"""A seeded county for benchmarks: grids, posts and a year of facts, written as Parquet in the shape of the mirror."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

YEAR_START = 1_704_038_400_000_000  # 2024-01-01T00:00+08:00 in microseconds UTC
DAY = 86_400_000_000
SHARES = {"inspection": 0.70, "hazard": 0.13, "rectified": 0.12, "fire": 0.001, "education": 0.049}


def write_world(folder: Path, facts: int, leaves: int, seed: int = 2024) -> None:
    """Writes `grids`, `posts` and one file per fact type into `folder`: about `facts` facts on `leaves` leaf grids."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    cells, posts = _tree(folder, leaves)
    posts.write_parquet(folder / "posts.parquet")
    first = 1
    hazards: pl.DataFrame | None = None
    for name, share in SHARES.items():
        n = max(1, int(facts * share))
        if name == "rectified":
            assert hazards is not None
            frame = _rectified(random, hazards, n)
        else:
            frame = _common(random, cells, n).with_columns(**_fields(random, name, n))
        frame = frame.sort("at").with_columns(seq=pl.int_range(first, first + len(frame), dtype=pl.Int64))
        first += len(frame)
        if name == "hazard":
            hazards = frame
        order = ["seq", "grid", "subject", "actor", "at", "recorded"]
        frame.select(*order, pl.all().exclude(order)).write_parquet(folder / f"{name}.parquet")


def _tree(folder: Path, leaves: int) -> tuple[pl.Series, pl.DataFrame]:
    villages = max(1, leaves // 20)
    towns = max(1, villages // 25)
    rows = [("C", "C", None, "county")]
    rows += [(f"T{t:05d}", f"T{t}", "C", "town") for t in range(towns)]
    rows += [(f"V{v:06d}", f"V{v}", f"T{v % towns:05d}", "village") for v in range(villages)]
    rows += [(f"G{g:07d}", f"G{g}", f"V{g % villages:06d}", "cell") for g in range(leaves)]
    grids = pl.DataFrame(rows, schema=["code", "name", "parent", "level"], orient="row").with_columns(
        kinds=pl.lit([], pl.List(pl.String)), start=pl.lit(None, pl.Int32), end=pl.lit(None, pl.Int32)
    )
    grids.sort("code").write_parquet(folder / "grids.parquet")  # as a registry has them
    cells = grids.filter(pl.col("level") == "cell").get_column("code")
    keepers = pl.DataFrame({"grid": cells}).with_columns(person="k-" + pl.col("grid"), role=pl.lit("keeper"))
    chiefs = grids.filter(pl.col("level") == "town").select(
        grid="code", person="c-" + pl.col("code"), role=pl.lit("chief")
    )
    posts = pl.concat([keepers, chiefs.select("grid", "person", "role")]).select(
        id=pl.col("person") + ":" + pl.col("role"),
        person="person",
        role="role",
        grid="grid",
        subject=pl.lit(None, pl.String),
        capacity=pl.lit("principal"),
        start=pl.lit(None, pl.Int32),
        end=pl.lit(None, pl.Int32),
    )
    return cells, posts


def _common(random: np.random.Generator, cells: pl.Series, n: int) -> pl.DataFrame:
    at = pl.Series("at", YEAR_START + random.integers(0, 366 * DAY, n), dtype=pl.Int64)
    grid = cells.gather(random.integers(0, len(cells), n)).alias("grid")
    by_keeper = pl.Series(random.random(n) < 0.9)
    actor = ("k-" + grid).zip_with(by_keeper, pl.Series(["x-visitor"] * n)).alias("actor")
    nobody = pl.Series("subject", [None] * n, dtype=pl.String)
    return pl.DataFrame([grid, nobody, actor, at, (at + 3_600_000_000).alias("recorded")])


def _maybe(random: np.random.Generator, values: pl.Series, missing: float) -> pl.Series:
    return values.set(pl.Series(random.random(len(values)) < missing), None)


def _fields(random: np.random.Generator, name: str, n: int) -> dict[str, pl.Series]:
    if name == "inspection":
        filed = _maybe(random, pl.Series(random.random(n) < 0.9), 0.02)
        return {"f.filed": filed, "f.minutes": pl.Series(random.integers(5, 120, n))}
    if name == "hazard":
        kinds = pl.Series(["minor", "larger", "major"]).gather(random.choice(3, n, p=[0.7, 0.2, 0.1]))
        ids = "H" + pl.Series(np.arange(n)).cast(pl.String).str.zfill(9)
        return {"f.hazard_id": ids, "f.severity": _maybe(random, kinds, 0.01)}
    if name == "fire":
        grades = pl.Series(["small", "larger", "major"]).gather(random.choice(3, n, p=[0.8, 0.15, 0.05]))
        return {"f.grade": _maybe(random, grades, 0.05), "f.poor_work": pl.Series(random.random(n) < 0.3)}
    return {"f.people": pl.Series(random.integers(1, 60, n))}


def _rectified(random: np.random.Generator, hazards: pl.DataFrame, n: int) -> pl.DataFrame:
    some = hazards.sample(min(n, len(hazards)), seed=7)
    n = len(some)
    at = some.get_column("at") + pl.Series(random.integers(3_600_000_000, 10 * DAY, n))
    accepted = _maybe(random, pl.Series(random.random(n) < 0.95), 0.01)
    return some.select(
        "grid", "subject", "actor", at=at, recorded=at, **{"f.hazard_id": "f.hazard_id", "f.accepted": accepted}
    )
