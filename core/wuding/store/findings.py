"""Findings written as Parquet, for whatever reads Parquet.

DIR/check.json                 as of when, and how many findings of which books
DIR/BOOK/RULE.parquet          `book id` and the columns of a finding; instants in microseconds UTC, days since 1970
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from wuding.store.places import replacing

MARKER = "check.json"
FEW = ("book", "rule", "variant", "step", "section", "status", "holder_kind", "period", "needed", "band")


def write_findings(frames: Iterable[tuple[str, str, pl.DataFrame]], folder: Path, as_of: int, known_seq: int) -> int:
    """Writes the findings of each book and rule (by its key), frame by frame, and answers with their number. What an
    earlier check wrote there is replaced; raises WD888 when the folder holds something else."""
    rows: dict[str, dict[str, int]] = {}
    with replacing(folder, MARKER) as new:
        for book, rule, frame in frames:
            path = new / book / f"{rule}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            # Texts of few values are put into a dictionary at once: Parquet's writer takes many times as long for it.
            frame.with_columns(pl.col(FEW).cast(pl.Categorical)).write_parquet(path, compression="snappy")
            rows.setdefault(book, {})[rule] = frame.height
        (new / MARKER).write_text(json.dumps({"as_of": as_of, "known_seq": known_seq, "rows": rows}, indent=1))
    return sum(sum(some.values()) for some in rows.values())
