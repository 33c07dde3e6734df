"""The map of a page: the boundaries that are known, and the subjects that have a place of their own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from wuding.domain.number import SCALE
from wuding.report.found import Reading
from wuding.report.ground import Ground, flat
from wuding.report.page import Map, Outline, Spot
from wuding.report.tree import met_shares, standings

FINE = 900  # a boundary is drawn as finely as a map so many units wide shows
DIGITS = 5
PLACES = (("x", "y"), ("lon", "lat"), ("lng", "lat"), ("longitude", "latitude"))  # fields that are a place
SPOTS = 1_000


def map_of(ground: Ground, books: Sequence[Reading]) -> Map | None:
    """The map of the ground's grids that have a boundary on the day; None where none has.

    Boundaries are in degrees; the map is in degrees of latitude, so that both axes are equally long in the middle.
    """
    import shapely
    from shapely.affinity import scale

    known = books[0].snap.boundaries
    codes = [code for code in flat(ground.roots, ground.children) if code in known]
    if not codes:
        return None
    shapes = {code: shapely.make_valid(shapely.from_wkb(known[code])) for code in codes}
    west, south, east, north = shapely.total_bounds(list(shapes.values()))
    narrow = math.cos(math.radians((south + north) / 2)) if abs(south) <= 90 and abs(north) <= 90 else 1.0
    width, height = (east - west) * narrow, north - south
    standing, shares = standings(books), met_shares(ground, books)
    outlines = []
    for code, whole in shapes.items():
        shape = scale(whole, narrow, 1.0, origin=(0, 0)).simplify(max(width, height) / FINE)
        met, asked = shares.get(code, (0, 0))
        at = shape.representative_point()
        outlines.append(
            Outline(
                code=code,
                name=ground.name(code),
                standing=standing.get(code, "none"),
                share=met / asked if asked else None,
                at=(round(at.x, DIGITS), round(at.y, DIGITS)),
                geometry=_rounded(shapely.geometry.mapping(shape)),
                inner=any(child in known for child in ground.children.get(code, ())),
            )
        )
    spots = tuple(Spot(name, type_, (x * narrow, y)) for name, type_, x, y in _spots(ground, books))
    return Map(tuple(outlines), spots, width / height if height else 1.0)


def _rounded(geometry: Mapping[str, Any]) -> dict[str, Any]:
    def near(part: Any) -> Any:
        return round(part, DIGITS) if isinstance(part, float) else [near(each) for each in part]

    return {"type": geometry["type"], "coordinates": near(geometry["coordinates"])}


def _spots(ground: Ground, books: Sequence[Reading]) -> Iterable[tuple[str, str, float, float]]:
    """Name, type and place of every subject on the ground that has one in public fields, each once."""
    seen: dict[str, tuple[str, str, float, float]] = {}
    for book in books:
        for type_, frame in book.snap.subjects.items():
            fields = book.program.domain.subjects[type_].fields
            pair = next((p for p in PLACES if all(n in fields and not fields[n].private for n in p)), None)
            if pair is None:
                continue
            there = book.standing(frame).filter(*(pl.col(f"f.{name}").is_not_null() for name in pair))
            rows = there.select("id", "name", "grid", *(pl.col(f"f.{name}").cast(pl.Float64) for name in pair))
            for id_, name, grid, x, y in rows.iter_rows():
                if ground.holds(grid) and len(seen) < SPOTS:
                    seen.setdefault(id_, (name or id_, book.words.thing(type_), x / SCALE, y / SCALE))
    return seen.values()
