"""The calendar: which duties were met and missed, month by month, in all and grid by grid."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from wuding.report.found import Reading
from wuding.report.page import Cell, Duty, Listed

GRIDS = 30  # rows drawn for one duty
WORDS = {
    "met": ("met", "overturned"), "missed": ("missed",), "unknown": ("undetermined",), "excused": ("waived",),
    "due": ("due",),
}  # fmt: skip


def duties(book: Reading, lists: Mapping[tuple[str, str], Listed]) -> tuple[Duty, ...]:
    """The duties of a book that had periods in the months shown; `lists` are those missed and those that cannot be
    told, by rule and status."""
    shown = book.live.filter((pl.col("section") == "patrol") & pl.col("month").is_in(book.months))
    found = []
    for n, key in enumerate(book.keys("patrol")):
        mine = shown.filter(pl.col("key") == key)
        if mine.is_empty():
            continue
        cells = _cells(mine.with_columns(place=pl.lit(book.title(key))))
        grids = _cells(mine.with_columns(place="row"))
        worst: dict[str, int] = {}
        for cell in grids:
            worst[cell.place] = worst.get(cell.place, 0) + cell.missed
        kept = sorted(sorted(worst), key=lambda place: -worst[place])[:GRIDS]
        named = tuple(
            Cell(book.ground.row_name(c.place), c.month, c.met, c.missed, c.unknown, c.excused, c.due)
            for c in sorted(grids, key=lambda c: (c.place, c.month))
            if c.place in kept
        )
        anchor = f"d-{_slug(book.program.book)}-{n}"
        more = len(worst) - len(kept)
        unknown = tuple(lists[k] for k in [(key, "undetermined")] if k in lists)
        missed = lists.get((key, "missed"))
        found.append(Duty(anchor, book.title(key), book.clauses(key), cells, named, more, missed, unknown))
    return tuple(found)


def _cells(frame: pl.DataFrame) -> tuple[Cell, ...]:
    sums = [pl.col("status").is_in(list(statuses)).sum().alias(name) for name, statuses in WORDS.items()]
    grouped = frame.group_by("place", "month", maintain_order=True).agg(sums).sort("place", "month")
    return tuple(Cell(**row) for row in grouped.iter_rows(named=True))


def _slug(book: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in book)
