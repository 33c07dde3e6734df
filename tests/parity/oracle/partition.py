"""Whether children cover their grid without overlap (semantics C5), straight from shapely."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import cos, radians

import shapely
from shapely.affinity import scale
from tests.parity.oracle.conditions import Truth
from tests.parity.oracle.selectors import Scope, matches
from tests.parity.oracle.world import Item, View

from wuding.program.model import Charter

METRES_PER_DEGREE = 111_194.93  # on a sphere of 6,371,008.8 m


def partition(view: View, rule: Charter, holder: Item) -> tuple[Truth, tuple[str, ...]]:
    """C5: asked once, of the boundaries as of `as_of`; areas in square metres, on a plane around the holder."""
    assert rule.of is not None
    found = matches(view, rule.of, Scope(day=view.today, holder=holder, params=view.today, subtree=True))
    codes = [m.item.id for m in found if m.sure and m.item.id != holder.id]
    shapes = view.world.boundaries
    if holder.id not in shapes or any(code not in shapes for code in codes):
        return None, ("boundary",)
    whole = shapely.from_wkb(shapes[holder.id])
    latitude = whole.centroid.y
    size = (METRES_PER_DEGREE * cos(radians(latitude)), METRES_PER_DEGREE)

    def area(shape: shapely.Geometry) -> float:
        return float(scale(shape, size[0], size[1], origin=(0, 0)).area)

    children = [shapely.from_wkb(shapes[code]) for code in codes]
    overlap = sum(area(a.intersection(b)) for a, b in combinations(children, 2))
    gap = area(whole.difference(shapely.union_all(children)))
    return within(overlap, rule.max_overlap, area(whole)) and within(gap, rule.max_gap, area(whole)), ()


def within(found: float, limit: tuple[Fraction, str] | None, whole: float) -> bool:
    if limit is None:
        limit = (Fraction(0), "m2")
    amount, unit = limit
    return found <= (float(amount) if unit == "m2" else float(amount) / 100 * whole) + 1.0  # a metre for the arithmetic
