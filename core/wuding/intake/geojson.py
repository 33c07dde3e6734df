"""Boundaries of grids from a GeoJSON file. Nothing is repaired unless that is asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wuding.errors import Diagnostic, Rejected, Span, WudingError
from wuding.intake.read import decode, read_bytes


@dataclass(frozen=True)
class Boundaries:
    """Boundaries by grid code, as WKB (longitude and latitude in degrees, polygons or multipolygons).

    `unmatched`: codes in the file that no grid has. `fixed`: grids whose shape was repaired.
    """

    wkb: dict[str, bytes]
    unmatched: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


def read_boundaries(path: Path, grids: Collection[str], key: str = "code", fix: bool = False) -> Boundaries:
    """Read a FeatureCollection (also gzipped). `key` names the property that holds the grid's code.

    A code that no grid has is tried without its trailing pairs of zeros: `420500` finds the grid `4205`. Codes
    that still find none are listed and not taken. With `fix`, shapes that are not valid are repaired (Shapely's
    make_valid) and listed.

    Raises `Rejected` with everything that is wrong; a place is `path feature` and the feature's number: WD460 (no
    FeatureCollection), WD461 (no such property), WD462 (two shapes for one grid), WD463 (not valid, and where),
    WD464 (no area), WD465 (no longitude and latitude).
    """
    wkb: dict[str, bytes] = {}
    first: dict[str, int] = {}
    unmatched: list[str] = []
    fixed: list[str] = []
    wrong: list[Diagnostic] = []
    for number, feature in enumerate(_features(path), 1):
        span = Span(f"{path} feature", number)
        properties = feature.get("properties") or {}
        if properties.get(key) in (None, ""):
            wrong.append(Diagnostic("WD461", span, {"name": key, "allowed": tuple(map(str, properties))}))
            continue
        code = str(properties[key])
        grid = match_code(code, grids)
        if grid is None:
            unmatched.append(code)
            continue
        if grid in first:
            wrong.append(Diagnostic("WD462", span, {"code": grid, "first": first[grid]}))
            continue
        first[grid] = number
        shape, mistake, mended = _area(feature.get("geometry"), fix)
        if mistake:
            wrong.append(Diagnostic(mistake[0], span, {"code": code, **mistake[1]}))
        else:
            wkb[grid] = shape.wkb
            fixed += [grid] if mended else []
    if wrong:
        raise Rejected(wrong)
    return Boundaries(wkb, tuple(unmatched), tuple(fixed))


def match_code(code: str, grids: Collection[str]) -> str | None:
    """The grid that a boundary's code means: itself, else without trailing `00`s, as long as none is found."""
    while code not in grids:
        if not code.endswith("00") or len(code) <= 2:
            return None
        code = code[:-2]
    return code


def _features(path: Path) -> Iterator[dict[str, Any]]:
    text, _ = decode(path, read_bytes(path), "utf-8-sig")
    try:
        data = json.loads(text)
    except ValueError as error:
        raise WudingError("WD460", path=path, reason=str(error).lower()) from None
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
        raise WudingError("WD460", path=path, reason="there is no list `features` of objects")
    return iter(features)


Mistake = tuple[str, dict[str, object]]


def _area(geometry: object, fix: bool) -> tuple[Any, Mistake | None, bool]:
    """The shape; what is wrong with it; whether it was repaired."""
    import shapely
    from shapely.geometry import shape as to_shape

    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        return None, ("WD464", {"kind": str(kind)}), False
    try:
        shape = shapely.force_2d(to_shape(geometry))
    except (ValueError, TypeError, KeyError, IndexError, shapely.errors.ShapelyError) as error:
        return None, ("WD463", {"reason": str(error).lower(), "lon": "?", "lat": "?"}), False
    if shape.is_empty:
        return None, ("WD464", {"kind": f"empty {kind}"}), False
    west, south, east, north = shape.bounds
    if not all(map(math.isfinite, shape.bounds)) or west < -180 or east > 180 or south < -90 or north > 90:
        return None, ("WD465", {"x": west, "y": south}), False
    why = "" if shape.is_valid else str(shapely.is_valid_reason(shape))
    if not why:
        return shape, None, False
    if fix:
        parts = [part for part in shapely.get_parts(shapely.make_valid(shape)) if shapely.get_dimensions(part) == 2]
        if parts:
            return shapely.union_all(parts), None, True
    reason, _, place = why.partition("[")
    lon, lat = (*place.rstrip("]").split(" "), "?", "?")[:2]
    return None, ("WD463", {"reason": reason.lower(), "lon": lon, "lat": lat}), False
