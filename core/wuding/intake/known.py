"""Is the place of a fact known? Grids and subjects of the registry, with the days on which they stood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from wuding.domain.grid import Grid
from wuding.domain.subject import Subject

GRIDS = {"key": pl.String, "start": pl.Int64, "end": pl.Int64}
SUBJECTS = {**GRIDS, "home": pl.String}
FOREVER = 2**40  # days; beyond any calendar
Versions = Mapping[str, Sequence[tuple[int, int, str | None]]]  # by key: from day, to day (exclusive), home


@dataclass(frozen=True)
class Known:
    """All versions of the grids (`key`, `start`, `end`) and of the subjects (and `home`, their grid). Days as
    in the domain: `end` is exclusive, null means no bound."""

    grids: pl.DataFrame
    subjects: pl.DataFrame

    @cached_property
    def grid_days(self) -> Versions:
        """By grid its versions, for single look-ups."""
        return _versions(self.grids)

    @cached_property
    def subject_days(self) -> Versions:
        """By subject its versions, for single look-ups."""
        return _versions(self.subjects)


def _versions(frame: pl.DataFrame) -> Versions:
    homes = frame["home"] if "home" in frame.columns else [None] * frame.height
    found: dict[str, list[tuple[int, int, str | None]]] = {}
    for key, start, end, home in zip(frame["key"], frame["start"], frame["end"], homes, strict=True):
        days = (-FOREVER if start is None else start, FOREVER if end is None else end)
        found.setdefault(key, []).append((*days, home))
    return found


def place(key: str, day: int, versions: Versions) -> tuple[bool, bool, str | None]:
    """What `placed` says of one key and day."""
    standing = [home for start, end, home in versions.get(key, ()) if start <= day < end]
    return key in versions, bool(standing), standing[-1] if standing else None


def known(grids: Iterable[Grid] = (), subjects: Iterable[Subject] = ()) -> Known:
    """The places that facts may name."""
    places = [(g.code, g.start, g.end) for g in grids]
    things = [(s.id, s.start, s.end, s.grid) for s in subjects]
    return Known(pl.DataFrame(places, schema=GRIDS, orient="row"), pl.DataFrame(things, schema=SUBJECTS, orient="row"))


def known_frames(grids: pl.DataFrame, subjects: pl.DataFrame) -> Known:
    """The same from the registry's frames: `code` or `id`, `start`, `end`, and a subject's `grid`."""
    return Known(
        grids.select(pl.col("code").alias("key"), "start", "end").cast(GRIDS),  # type: ignore[arg-type]
        subjects.select(pl.col("id").alias("key"), "start", "end", pl.col("grid").alias("home")).cast(SUBJECTS),  # type: ignore[arg-type]
    )


def placed(keys: pl.Series, days: pl.Series, versions: pl.DataFrame) -> tuple[pl.Series, pl.Series, pl.Series]:
    """For each key and day: is the key known at all, does it stand on that day, and (subjects) its home then.

    The answers for a missing key are false, false and null.
    """
    bounds = pl.col("start").is_not_null() | pl.col("end").is_not_null() | pl.col("key").is_duplicated()
    # Where a key stands always, any day will do: most trees have no bounds, and few keys on many days.
    dated = keys.is_in(versions.filter(bounds)["key"].unique().implode()).fill_null(False)
    days = days.set(~dated & days.is_not_null(), 0)
    asked = pl.DataFrame({"key": keys, "day": days})
    pairs = asked.unique().drop_nulls("key")
    homes = "home" in versions.columns
    spans = versions.with_columns(
        pl.col("start").fill_null(-FOREVER),
        pl.col("end").fill_null(FOREVER),
        home="home" if homes else pl.lit(None, pl.String),
    )
    standing = (
        pairs.join(spans, on="key")
        .filter((pl.col("start") <= pl.col("day")) & (pl.col("day") < pl.col("end")))
        .unique(["key", "day"], keep="last", maintain_order=True)
        .select("key", "day", "home", stands=True)
    )
    answer = asked.join(standing, on=["key", "day"], how="left", maintain_order="left")
    ever = keys.is_in(versions["key"].unique().implode()).fill_null(False)
    return ever, answer["stands"].fill_null(False), answer["home"]
