"""The charter question `partition`: do the children tile their parent (C5)?"""

from __future__ import annotations

import polars as pl

from wuding.assess.frame import as_json
from wuding.assess.partition import NOTHING, Problem, check_partition
from wuding.assess.spans import BAD, UNKNOWN
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.match import match
from wuding.program.model import Charter


def partition_part(ctx: Context, rule: Charter, asked: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """What the boundaries say for each holder: segments `ask s e state`, what is missing, and `ask detail`, the
    faults with their places (degrees) and areas (m2)."""
    assert rule.of is not None
    shapes = ctx.snap.boundaries
    children = match(ctx, rule.of, asked.with_columns(mday=pl.lit(ctx.today_end - 1)), "grid", subtree=True).select(
        "ask", "id"
    )
    rows, told = [], []
    for ask, code, a, b in asked.select("ask", "grid", "a", "b").iter_rows():
        inside = (
            children.filter((pl.col("ask") == ask) & (pl.col("id") != code)).get_column("id").unique().sort().to_list()
        )
        if code not in shapes or not inside or any(c not in shapes for c in inside):
            rows.append((ask, a, b, UNKNOWN))
            continue
        parts = {c: shapes[c] for c in inside}
        if faults := check_partition(shapes[code], parts, rule.max_overlap or NOTHING, rule.max_gap or NOTHING):
            rows.append((ask, a, b, BAD))
            told.append((ask, as_json(faults=[_said(fault) for fault in faults])))
    part = pl.DataFrame(
        rows, schema={"ask": asked.schema["ask"], "s": pl.Int32, "e": pl.Int32, "state": pl.Int8}, orient="row"
    )
    lacks = part.filter(pl.col("state") == UNKNOWN).select("ask", lacks_=pl.lit(["boundary"]))
    details = pl.DataFrame(told, schema={"ask": asked.schema["ask"], "detail": pl.String}, orient="row")
    return part, lacks, details


def _said(fault: Problem) -> dict[str, object]:
    place = {"lon": round(fault.lon, 6), "lat": round(fault.lat, 6), "area_m2": round(fault.area_m2, 1)}
    return {"kind": fault.kind, "codes": fault.codes, **place, **({"reason": fault.reason} if fault.reason else {})}
