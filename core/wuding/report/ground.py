"""The ground that a page is about: the tree as it stands on the day, what is called what, and what lies under what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from wuding.domain.grid import Grid


@dataclass(frozen=True)
class Ground:
    """The grids of a day by code, parents before children, below `roots`; `all` has also those that no longer stand,
    for what was found of them."""

    grids: Mapping[str, Grid]
    roots: tuple[str, ...]
    all: Mapping[str, Grid]

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for code, grid in self.grids.items():
            if grid.parent is not None and grid.parent in self.grids and code not in self.roots:
                found.setdefault(grid.parent, []).append(code)
        return {code: tuple(sorted(below)) for code, below in found.items()}

    def name(self, code: str | None) -> str:
        """What a grid is called; its code where it has no name."""
        grid = self.all.get(code or "")
        return code or "" if grid is None else grid.name or grid.code

    def up(self, code: str | None) -> Iterator[str]:
        """The grid and those above it, to its root."""
        seen: set[str] = set()
        while code is not None and code in self.all and code not in seen:
            yield code
            seen.add(code)
            if code in self.roots:
                return
            code = self.all[code].parent

    @cached_property
    def _named_alike(self) -> frozenset[tuple[str | None, str]]:
        alike = Counter((grid.parent, grid.name) for grid in self.grids.values())
        return frozenset(pair for pair, n in alike.items() if n > 1)

    def row_name(self, code: str) -> str:
        """A name that tells a grid from its siblings: with its code where two are called the same."""
        grid = self.all[code]
        alike = not grid.name or (grid.parent, grid.name) in self._named_alike
        return f"{grid.name} {code}".strip() if alike else grid.name

    def path(self, code: str | None) -> str:
        """Where a grid lies: the names from below its root down to it."""
        return " · ".join(self.name(each) for each in [*self.up(code)][::-1] if each not in self.roots)

    def holds(self, code: str | None) -> bool:
        """Is the grid one of those below the roots?"""
        return any(each in self.roots for each in self.up(code))

    def row(self, code: str | None, root: str | None) -> str | None:
        """The grid directly below `root` that a grid belongs to, or `root` itself; without a root, the topmost."""
        above = [*self.up(code)]
        if root is None:
            return above[-1] if above and above[-1] in self.roots else None
        if root not in above:
            return None
        at = above.index(root)
        return above[at - 1] if at else root

    def rows(self, root: str | None) -> pl.DataFrame:
        """Every grid below a root, with the row that it belongs to: `grid row`."""
        pairs = [(code, found) for code in self.all if (found := self.row(code, root)) is not None]
        return pl.DataFrame(pairs, schema={"grid": pl.String, "row": pl.String}, orient="row")

    def root_of(self, grid: str | None) -> str | None:
        """The root of a book that governs `grid`: that, or the only root of this ground, or none."""
        if grid is not None and grid in self.grids:
            return grid
        return self.roots[0] if len(self.roots) == 1 else None


def ground(frame: pl.DataFrame, day: int, asked: Sequence[str | None]) -> Ground:
    """The ground on a day, of a registry's grids (`code name parent level kinds start end`).

    `asked` are the codes below which it lies; None asks for the whole tree, from the first grid that branches.
    """
    every: dict[str, Grid] = {}
    standing: dict[str, Grid] = {}
    for row in frame.sort("start", nulls_last=False).iter_rows(named=True):
        kinds, start, end = tuple(row["kinds"] or ()), row["start"], row["end"]
        grid = Grid(row["code"], row["name"] or "", row["parent"], row["level"], kinds, start, end)
        every[grid.code] = grid
        if (start is None or start <= day) and (end is None or day < end):
            standing[grid.code] = grid
    every |= standing
    roots = [code for code, grid in standing.items() if grid.parent not in standing]
    wanted = [code for code in asked if code is not None and code in standing]
    if None in asked or not wanted:
        wanted = [*wanted, *(_branching(standing, code) for code in roots)]
    whole = Ground(standing, (), every)
    top = tuple(dict.fromkeys(c for c in wanted if not any(a in wanted for a in list(whole.up(c))[1:])))
    below = {code: grid for code, grid in standing.items() if any(a in top for a in whole.up(code))}
    return Ground(below, top, every)


def _branching(grids: Mapping[str, Grid], root: str) -> str:
    """The first grid at or below a root that has more than one child."""
    children: dict[str | None, list[str]] = {}
    for code, grid in grids.items():
        children.setdefault(grid.parent, []).append(code)
    while len(children.get(root, ())) == 1:
        root = children[root][0]
    return root


def flat(nodes: Iterable[str], below: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Grids level by level, those above first."""
    level = list(nodes)
    while level:
        yield from level
        level = [child for code in level for child in below.get(code, ())]
