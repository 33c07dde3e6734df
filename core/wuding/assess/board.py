"""The findings of one rule, in a frame and row by row: a row is looked up and replaced without touching the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

Row = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """A finding that came (`old` is None), went (`new` is None) or became another. Rows have `book id` and the columns
    of `frame.SCHEMA`."""

    old: Row | None
    new: Row | None

    @property
    def row(self) -> Row:
        """The finding as it stands, or as it last stood."""
        found = self.new if self.new is not None else self.old
        assert found is not None
        return found


@dataclass
class Board:
    """The findings of one rule. `laid`: by id, rows that were written over the frame since it was made; None: gone."""

    base: pl.DataFrame
    laid: dict[str, Row | None] = field(default_factory=dict)
    places: dict[str, int] | None = None
    looked: dict[tuple[str, str], list[Row]] = field(default_factory=dict)  # of the frame, by column and value

    def get(self, id_: str) -> Row | None:
        """The finding of this id."""
        if id_ in self.laid:
            return self.laid[id_]
        if self.places is None:
            self.places = {one: n for n, one in enumerate(self.base.get_column("id"))}
        place = self.places.get(id_)
        return None if place is None else self.base.row(place, named=True)

    def where(self, column: str, value: str) -> list[Row]:
        """The findings with this text in a column."""
        some = self.looked.get((column, value))
        if some is None:
            rows = self.base.filter(pl.col(column) == value)
            some = self.looked[column, value] = list(rows.iter_rows(named=True))
        if not self.laid:
            return some
        found = [row for row in some if row["id"] not in self.laid]
        return found + [row for row in self.laid.values() if row is not None and row[column] == value]

    def put(self, id_: str, row: Row | None) -> None:
        self.laid[id_] = row

    def frame(self) -> pl.DataFrame:
        """All findings."""
        if self.laid:
            gone = pl.Series(list(self.laid), dtype=pl.String)
            kept = self.base.filter(~pl.col("id").is_in(gone.implode()))
            self.renew(pl.concat([kept, self.rows(row for row in self.laid.values() if row is not None)]))
        return self.base

    def renew(self, base: pl.DataFrame) -> None:
        """Puts other findings in place of all."""
        self.base, self.laid, self.places, self.looked = base, {}, None, {}

    def rows(self, rows: Iterable[Row]) -> pl.DataFrame:
        """These rows as a frame like the board's own."""
        return pl.DataFrame(list(rows), schema=self.base.schema, orient="row")


def changes_of(old: pl.DataFrame, new: pl.DataFrame) -> list[Change]:
    """What differs between two frames of findings, by id."""
    keys = [name for name in old.columns if name != "missing"]
    marks = [
        frame.with_columns(
            _m=pl.concat_str(
                [
                    *[pl.col(name).cast(pl.String).fill_null("\x00") for name in keys],
                    pl.col("missing").list.join("\x02").fill_null("\x00"),
                ],
                separator="\x01",
            )
        )
        for frame in (old, new)
    ]
    gone = marks[0].join(marks[1], on="_m", how="anti").drop("_m")
    come = marks[1].join(marks[0], on="_m", how="anti").drop("_m")
    before = {row["id"]: row for row in gone.iter_rows(named=True)}
    found = [Change(before.pop(row["id"], None), row) for row in come.iter_rows(named=True)]
    return [*found, *(Change(row, None) for row in before.values())]
