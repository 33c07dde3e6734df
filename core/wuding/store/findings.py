"""Findings written as Parquet, for whatever reads Parquet.

DIR/check.json             as of when, and how many findings of which books
DIR/BOOK/RULE.parquet      `book id` and the columns of a finding; of further editions of a book RULE.2.parquet, ...
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from wuding.store.places import replacing

MARKER = "check.json"
FEW = ("book", "rule", "variant", "step", "section", "status", "holder_kind", "period", "needed", "band")


@dataclass
class FindingsWriter:
    """Writes into a folder; `rows`: by book and rule key, how many findings."""

    folder: Path
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    files: dict[tuple[str, str], int] = field(default_factory=dict)

    def write(self, book: str, rule: str, found: pl.LazyFrame) -> None:
        """The findings of a rule (by its key) under one edition of its book."""
        number = self.files.get((book, rule), 0) + 1
        self.files[book, rule] = number
        path = self.folder / book / (f"{rule}.{number}.parquet" if number > 1 else f"{rule}.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        # Texts of few values are put into a dictionary at once, and no text is nothing: Parquet's writer takes many
        # times as long for both.
        columns = [pl.col(FEW).cast(pl.Categorical), pl.when(pl.col("case") != "").then("case").alias("case")]
        found.with_columns(columns).sink_parquet(path, compression="snappy")
        rows = self.rows.setdefault(book, {})
        rows[rule] = rows.get(rule, 0) + pl.scan_parquet(path).select(pl.len()).collect().item()


@contextmanager
def writing_findings(folder: Path, as_of: int, known_seq: int) -> Iterator[FindingsWriter]:
    """A writer whose files are in the folder when all went well. What an earlier check wrote there is replaced; raises
    WD888 when the folder holds something else."""
    with replacing(folder, MARKER) as new:
        writer = FindingsWriter(new)
        yield writer
        told = {"as_of": as_of, "known_seq": known_seq, "rows": writer.rows}
        (new / MARKER).write_text(json.dumps(told, indent=1), encoding="utf-8")


def scan_findings(folder: Path) -> pl.LazyFrame:
    """The findings in a folder, not read yet: as `CheckResult.frame` has them."""
    found = pl.scan_parquet(sorted(folder.rglob("*.parquet"))).cast({pl.Categorical: pl.String})
    return found.with_columns(pl.col("case").fill_null(""))
