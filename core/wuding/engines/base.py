"""What an engine is given: a snapshot of everything known, in columns.

The frames are Polars frames; facts stay lazy until a rule asks for their type. Days are days since
1970-01-01, instants microseconds since 1970-01-01 UTC. Fields are named `f.<name>`, with the types of
`wuding.engines.frames.DTYPES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

FactFrames = Mapping[tuple[str, str], pl.LazyFrame]


@dataclass(frozen=True)
class Snapshot:
    """All that a check may look at, as of one moment and one sequence of the ledger.

    `grids`: code name parent level kinds(list) start end; `subjects`: by type, id type grid name start end
    and the type's `f.` columns; `posts`: id person role grid subject capacity start end. `start` and `end`
    are days, end exclusive, null for open. `facts`: by (domain, type): seq grid subject actor at recorded
    and `f.` columns, corrections applied.
    """

    grids: pl.DataFrame
    subjects: Mapping[str, pl.DataFrame]
    posts: pl.DataFrame
    facts: FactFrames
    as_of: int
    zone: str
    window_from: int
    boundaries: Mapping[str, bytes] = field(default_factory=dict)
    in_force: tuple[int | None, int | None] = (None, None)
