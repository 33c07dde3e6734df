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
# Pieces below this area in m2 are noise. Hubei's 103 real counties tile exactly (0 m2); with vertices added on
# one side of each shared border, as editing tools do, its largest sliver measured 0.02 m2. Boundaries are
# published to 1e-6 degrees, 0.1 m: a square metre is below what anybody can have drawn on purpose.
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
    """The area of each shape on the WGS 84 ellipsoid, in square metres.

    Lambert's cylindrical equal-area projection of the ellipsoid, which keeps every area (Snyder, *Map
    Projections: A Working Manual*, USGS Professional Paper 1395, 1987, equations 10-14 and 10-15 with
    k0 = 1; q is 3-12). Sides are taken as straight between their vertices.
    """
    import shapely

    return shapely.area(shapely.transform(list(shapes), _equal_area))  # type: ignore[no-any-return]


def _equal_area(points: Floats) -> Floats:
    import numpy as np

    e = ECCENTRICITY
    sine = np.sin(np.radians(points[:, 1]))
    q = (1 - e * e) * (sine / (1 - (e * sine) ** 2) - np.log((1 - e * sine) / (1 + e * sine)) / (2 * e))
    return np.column_stack((SEMI_MAJOR_M * np.radians(points[:, 0]), SEMI_MAJOR_M * q / 2))


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
    return Problem(kind, tuple(codes), area, point.x, point.y, 100 * area / total)


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
