"""Tables in plain text, for what a demonstration prints."""

from __future__ import annotations

from collections.abc import Sequence

from wuding.catalogue import width

GAP = "  "


def table(rows: Sequence[Sequence[object]], numbers: Sequence[int] = (), indent: str = "  ") -> list[str]:
    """Rows as lines whose columns stand below one another, Chinese characters two wide; the columns whose
    index is in `numbers` stand to the right."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(width(row[i]) for row in cells) for i in range(len(cells[0]))] if cells else []
    return [
        (indent + GAP.join(_padded(cell, widths[i], i in numbers) for i, cell in enumerate(row))).rstrip()
        for row in cells
    ]


def _padded(cell: str, to: int, right: bool) -> str:
    space = " " * (to - width(cell))
    return space + cell if right else cell + space
