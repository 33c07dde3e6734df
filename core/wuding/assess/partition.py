"""Do the children of a grid tile it? Overlaps, gaps and land outside the parent, each with its place and area.

Geometry is worked out in longitude and latitude, where neighbours that share vertices share them exactly;
areas are those of the ellipsoid. A hole of the parent is an enclave of somebody else and no gap.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Kind = Literal["overlap", "gap", "outside", "invalid"]
Limit = tuple[Fraction, str]  # (0, "m2"), (10, "%")

NOTHING: Limit = (Fraction(0), "m2")
# Pieces below this area in m2 are noise. The real counties of five places tile exactly (0 m2). With vertices
# added on one side of each border, as editing tools do, Hubei's largest sliver measured 2e-5 m2, and 0.04 m2
# when these are rounded to 1e-9 degrees. A square metre is far above that, and below what anybody draws.
SLIVER_M2 = 1.0
# The WGS 84 ellipsoid. GCJ-02 and CGCS2000 use the same axes to within 0.1 mm.
SEMI_MAJOR_M = 6_378_137.0
ECCENTRICITY = 0.0818191908426215


@dataclass(frozen=True)
class Problem:
    """One fault of a partition. `lon`, `lat`: a point inside its largest piece. `share` is in percent of the parent.

    `codes`: the two grids that overlap; the children that border a gap; the child outside, or invalid
    (none: the parent is invalid). What is invalid has no area.
    """

    kind: Kind
    codes: tuple[str, ...]
    area_m2: float
    lon: float
    lat: float
    share: float
    reason: str = ""  # invalid: what is wrong with the shape, and where


def check_partition(
    parent: Any,
    children: Mapping[str, Any],
    max_overlap: Limit | None = None,
    max_gap: Limit | None = None,
    sliver_m2: float = SLIVER_M2,
) -> list[Problem]:
    """The faults of a partition of `parent` into `children` (Shapely polygons or WKB, degrees), worst first.

    All overlaps together may reach `max_overlap`, all gaps together `max_gap`, in m2 or in % of the parent; None
    is 0 m2. Land outside the parent is held to `max_overlap`: it is somebody else's. Pieces smaller than
    `sliver_m2` count for nothing. Shapes that are not valid are reported as such, alone: nothing can be said of
    the rest. Raises ValueError for a limit in another unit.
    """
    import shapely

    whole = _shape(parent)
    codes = list(children)
    shapes = [_shape(children[code]) for code in codes]
    named = [((), whole), *(((code,), shape) for code, shape in zip(codes, shapes, strict=True))]
    if broken := [_invalid(code, shape, why) for code, shape in named if (why := fault(shape))]:
        return broken
    tiled = bool(shapes) and bool(shapely.coverage_is_valid(shapes))
    united = shapely.coverage_union_all(shapes) if tiled else shapely.union_all(shapes)
    total = float(areas_m2([whole])[0])
    overlaps = [] if tiled else _overlaps(codes, shapes, total, sliver_m2)
    leaves = not shapely.is_empty(shapely.difference(united, whole))
    outside = _outside(codes, shapes, whole, total, sliver_m2) if leaves else []
    gaps = _gaps(codes, shapes, shapely.difference(whole, united), total, sliver_m2)
    checked = ((overlaps, max_overlap), (outside, max_overlap), (gaps, max_gap))
    found = [
        problem for problems, limit in checked if _beyond(problems, total, limit or NOTHING) for problem in problems
    ]
    return sorted(found, key=lambda p: (-p.area_m2, p.kind, p.codes, p.lon, p.lat))


def areas_m2(shapes: Sequence[Any]) -> Floats:
    """The area of each shape on the WGS 84 ellipsoid, in square metres. Sides are straight in longitude and
    latitude, so that a vertex put on a side changes nothing.

    The area is the integral of `a q / 2` over the longitude along the border, where `a q / 2` is the area
    between the equator and a latitude for each radian, the ordinate of Lambert's cylindrical equal-area
    projection (Snyder, *Map Projections: A Working Manual*, USGS Professional Paper 1395, 1987, equations 3-12
    and 10-15). Each side is integrated by Simpson's rule: to 1e-9 of the area for sides of a degree.
    """
    import numpy as np
    import shapely

    parts, of_shape = shapely.get_parts(np.array(shapes, dtype=object), return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    if not len(points):
        return np.zeros(len(shapes))
    height, middle = _ordinate(points[:, 1]), _ordinate((points[1:, 1] + points[:-1, 1]) / 2)
    base = height[0]  # any constant will do, a near one keeps the digits
    mean = (height[1:] + height[:-1] + 4 * middle) / 6 - base
    side = SEMI_MAJOR_M * np.radians(np.diff(points[:, 0])) * mean
    same = of_ring[1:] == of_ring[:-1]
    ring = np.abs(np.bincount(of_ring[1:][same], weights=side[same], minlength=len(rings)))
    outer = np.diff(of_part, prepend=-1) > 0  # a polygon's outer ring comes first, then its holes
    signed = np.where(outer, ring, -ring)
    return np.bincount(of_shape[of_part], weights=signed, minlength=len(shapes)).astype(np.float64)


def _ordinate(latitude: Floats) -> Floats:
    import numpy as np

    e = ECCENTRICITY
    sine = np.sin(np.radians(latitude))
    q = (1 - e * e) * (sine / (1 - (e * sine) ** 2) - np.log((1 - e * sine) / (1 + e * sine)) / (2 * e))
    return SEMI_MAJOR_M * q / 2


def _shape(value: Any) -> Any:
    import shapely

    return shapely.from_wkb(value) if isinstance(value, bytes | bytearray | memoryview) else value


def fault(shape: Any) -> str:
    """What keeps a shape from being an area, with its place (`Self-intersection[111.2 30.1]`); empty when sound."""
    import shapely

    if shape is None or shape.is_empty or shapely.get_dimensions(shape) != 2:
        return "not an area"
    return "" if shape.is_valid else str(shapely.is_valid_reason(shape))


def place_of(shape: Any, why: str) -> tuple[float, float]:
    """Longitude and latitude of a fault: where it says, else the shape's first vertex; NaN when it has none."""
    import shapely

    if found := re.search(r"\[(\S+) (\S+)\]", why):
        return float(found[1]), float(found[2])
    points = shapely.get_coordinates(shape)
    return (float(points[0][0]), float(points[0][1])) if len(points) else (math.nan, math.nan)


def _invalid(codes: tuple[str, ...], shape: Any, why: str) -> Problem:
    return Problem("invalid", codes, 0.0, *place_of(shape, why), 0.0, why)


def _pieces(shape: Any, sliver_m2: float) -> list[tuple[float, Any]]:
    """The polygons of a shape that are larger than a sliver, largest first; lines and points have no area."""
    import shapely

    parts = [part for part in shapely.get_parts(shape) if shapely.get_dimensions(part) == 2]
    if not parts:
        return []
    kept = [(float(a), part) for a, part in zip(areas_m2(parts), parts, strict=True) if a >= sliver_m2]
    return sorted(kept, key=lambda piece: -piece[0])


def _beyond(problems: Sequence[Problem], total: float, limit: Limit) -> bool:
    amount, unit = limit
    if unit not in ("m2", "%"):
        raise ValueError(unit)
    area = sum(problem.area_m2 for problem in problems)
    return area > amount if unit == "m2" else area * 100 > amount * Fraction(total)


def _problem(kind: Kind, codes: Iterable[str], area: float, total: float, where: Any) -> Problem:
    point = where.representative_point()
    lon, lat = place_of(where, "") if point.is_empty else (point.x, point.y)  # none is found inside a hair
    return Problem(kind, tuple(codes), area, lon, lat, 100 * area / total)


def _overlaps(codes: list[str], shapes: list[Any], total: float, sliver_m2: float) -> list[Problem]:
    import numpy as np
    import shapely

    array = np.array(shapes, dtype=object)
    left, right = shapely.STRtree(array).query(array, predicate="intersects")
    once = left < right
    left, right = left[once], right[once]
    found = []
    for i, j, shape in zip(left, right, shapely.intersection(array[left], array[right]), strict=True):
        if pieces := _pieces(shape, sliver_m2):
            area = sum(size for size, _ in pieces)
            found.append(_problem("overlap", (codes[i], codes[j]), area, total, pieces[0][1]))
    return found


def _outside(codes: list[str], shapes: list[Any], whole: Any, total: float, sliver_m2: float) -> list[Problem]:
    import shapely

    shapely.prepare(whole)
    found = []
    for code, shape in zip(codes, shapes, strict=True):
        if not whole.covers(shape) and (pieces := _pieces(shapely.difference(shape, whole), sliver_m2)):
            found.append(_problem("outside", (code,), sum(size for size, _ in pieces), total, pieces[0][1]))
    return found


def _gaps(codes: list[str], shapes: list[Any], missing: Any, total: float, sliver_m2: float) -> list[Problem]:
    import shapely

    tree = shapely.STRtree(shapes)
    return [
        _problem("gap", sorted(codes[i] for i in tree.query(piece, predicate="intersects")), size, total, piece)
        for size, piece in _pieces(missing, sliver_m2)
    ]
