"""A tree of grids from a CSV file, and what can be wrong with a tree."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

from wuding.domain.grid import Grid
from wuding.domain.instants import parse_date
from wuding.domain.period import to_date
from wuding.errors import Diagnostic, Rejected, Span, WudingError
from wuding.intake.read import ragged_rows, read_table

NEEDED = ("code", "name", "parent", "level")
EXTRA = ("kinds", "from", "to")


def read_tree(path: Path, root: str | None = None, known: Collection[str] = ()) -> tuple[Grid, ...]:
    """The grids of a file with the columns code, name, parent, level and, if wanted, kinds (split by `;`),
    from and to (days, both inclusive). Parents come before children.

    A grid without a parent is a root; every other parent must be in the file or among `known`, the codes that
    the registry has already. With `root`, only that grid and all below it are taken, and it becomes a root
    unless its parent is `known`.

    Raises `Rejected` with everything that is wrong, each at its row: WD450 to WD458; and WD455 for a `root`
    that is not there.
    """
    table = read_table(path)
    _check_columns(path, table.frame.columns)
    wrong = ragged_rows(table)
    wanted = [name for name in (*NEEDED, *EXTRA) if name in table.frame.columns]
    grids: list[Grid] = []
    places: list[Span] = []
    for number, values in zip(table.rows, table.frame.select(wanted).iter_rows(), strict=True):
        row = {name: value.strip() for name, value in zip(wanted, values, strict=True) if value and value.strip()}
        span = table.span(number)
        mistakes = [
            Diagnostic("WD453", span, {"column": name}) for name in ("code", "name", "level") if name not in row
        ]
        start, end = (_day(row.get(name), span, name, mistakes) for name in ("from", "to"))
        if start is not None and end is not None and start > end:
            mistakes.append(Diagnostic("WD457", span, {"start": row["from"], "end": row["to"]}))
        wrong += mistakes
        if not mistakes:
            kinds = tuple(kind.strip() for kind in row.get("kinds", "").split(";") if kind.strip())
            last = end + 1 if end is not None else None
            grids.append(Grid(row["code"], row["name"], row.get("parent"), row["level"], kinds, start, last))
            places.append(span)
    if root is not None:
        grids, places = _below(grids, places, root, known, path)
    wrong += check_tree(grids, places, known)
    if wrong:
        raise Rejected(wrong)
    return tuple(_top_down(grids))


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    wrong = [Diagnostic("WD454", Span(str(path)), {"column": name}) for name in NEEDED if name not in columns]
    for name in columns:
        near = difflib.get_close_matches(name.lower(), [e for e in EXTRA if e not in columns], n=1, cutoff=0.7)
        if name not in NEEDED + EXTRA and near:
            wrong.append(Diagnostic("WD456", Span(str(path)), {"name": name, "allowed": tuple(near)}))
    if wrong:
        raise Rejected(wrong)


def _day(text: str | None, span: Span, column: str, mistakes: list[Diagnostic]) -> int | None:
    if text is None:
        return None
    try:
        return parse_date(text)
    except WudingError as error:
        mistakes.append(Diagnostic(error.code, span, {**error.args_, "column": column}))
        return None


def _below(
    grids: list[Grid], places: list[Span], root: str, known: Collection[str], path: Path
) -> tuple[list[Grid], list[Span]]:
    if all(grid.code != root for grid in grids):
        near = difflib.get_close_matches(root, [grid.code for grid in grids], n=3, cutoff=0.6)
        raise WudingError("WD455", name=root, path=path, allowed=tuple(near))
    children: dict[str | None, list[str]] = defaultdict(list)
    for grid in grids:
        children[grid.parent].append(grid.code)
    inside, todo = {root}, [root]
    while todo:
        new = [code for code in children[todo.pop()] if code not in inside]
        inside.update(new)
        todo += new
    kept = [(grid, place) for grid, place in zip(grids, places, strict=True) if grid.code in inside]
    tops = [_without_parent(grid) if grid.code == root and grid.parent not in known else grid for grid, _ in kept]
    return tops, [place for _, place in kept]


def _without_parent(grid: Grid) -> Grid:
    return Grid(grid.code, grid.name, None, grid.level, grid.kinds, grid.start, grid.end)


def _top_down(grids: Sequence[Grid]) -> list[Grid]:
    """Parents before children, else in the given order."""
    children: dict[str | None, list[Grid]] = defaultdict(list)
    codes = {grid.code for grid in grids}
    for grid in grids:
        children[grid.parent if grid.parent in codes else None].append(grid)
    done: dict[int, Grid] = {}
    todo = list(reversed(children[None]))
    while todo:
        grid = todo.pop()
        if id(grid) not in done:
            done[id(grid)] = grid
            todo += reversed(children[grid.code])
    return list(done.values())


# ── what can be wrong with a tree ────────────────────────────────────────────────────────────────
def check_tree(
    grids: Sequence[Grid], places: Sequence[Span] | None = None, known: Collection[str] = ()
) -> list[Diagnostic]:
    """Everything that keeps grids (all their versions) from being a tree: WD450 no such parent, WD458 a parent
    that does not stand as long as the child, WD451 a cycle, WD452 two versions of one code on the same day.

    `places` says where each grid was written; grids of the registry stand at `grid CODE`. `known`: parents
    that are elsewhere.
    """
    spans = list(places) if places is not None else [Span(f"grid {grid.code}") for grid in grids]
    versions: dict[str, list[int]] = defaultdict(list)
    for i, grid in enumerate(grids):
        versions[grid.code].append(i)
    found = [d for same in versions.values() if len(same) > 1 for d in _twice(grids, spans, same)]
    for grid, span in zip(grids, spans, strict=True):
        if grid.parent is None or (grid.parent in known and grid.parent not in versions):
            continue
        if grid.parent not in versions:
            args = {"code": grid.code, "name": grid.name, "parent": grid.parent}
            found.append(Diagnostic("WD450", span, args))
        elif (day := _uncovered(grid, [grids[i] for i in versions[grid.parent]])) is not None:
            found.append(Diagnostic("WD458", span, {"code": grid.code, "parent": grid.parent, "day": day}))
    return sorted([*found, *_cycles(grids, spans, versions)], key=lambda d: d.sort_key)


def _span_of(grid: Grid) -> tuple[int, int]:
    """The days of a version; beyond all calendars where it has no bound."""
    far = date.max.toordinal()
    return (-far if grid.start is None else grid.start, far if grid.end is None else grid.end)


def _twice(grids: Sequence[Grid], spans: Sequence[Span], same: Iterable[int]) -> list[Diagnostic]:
    found = []
    ordered = sorted(same, key=lambda i: (_span_of(grids[i])[0], spans[i]))
    for before, after in pairwise(ordered):
        if _span_of(grids[before])[1] > _span_of(grids[after])[0]:
            args = {"code": grids[after].code, "row": spans[before].line}
            found.append(Diagnostic("WD452", spans[after], args))
    return found


def _uncovered(child: Grid, parents: Sequence[Grid]) -> str | None:
    """The first day of the child on which no version of its parent stands."""
    day, end = _span_of(child)
    for start, stop in sorted(map(_span_of, parents)):
        if start > day:
            break
        day = max(day, stop)
    if day >= end:
        return None
    return to_date(day).isoformat() if day > -date.max.toordinal() else "always"


def _cycles(grids: Sequence[Grid], spans: Sequence[Span], versions: Mapping[str, Sequence[int]]) -> list[Diagnostic]:
    """Each cycle once, at the smallest of its codes. Only grids that hang on no root can be in one."""
    loose = _loose(grids, versions)
    days = sorted({_span_of(grids[i])[0] for code in loose for i in versions[code]})
    told: set[frozenset[str]] = set()
    found = []
    for day in days:
        standing = {
            code: i
            for code in sorted(loose)
            for i in versions[code]
            if _span_of(grids[i])[0] <= day < _span_of(grids[i])[1]
        }
        seen: set[str] = set()
        for first in standing:
            path: list[str] = []
            code: str | None = first
            while code in standing and code not in seen and code is not None:
                seen.add(code)
                path.append(code)
                code = grids[standing[code]].parent
            if code in path:
                ring = path[path.index(code) :]
                if frozenset(ring) not in told:
                    told.add(frozenset(ring))
                    least = ring.index(min(ring))
                    ring = ring[least:] + ring[:least]
                    found.append(Diagnostic("WD451", spans[standing[ring[0]]], {"codes": " → ".join([*ring, ring[0]])}))
    return found


def _loose(grids: Sequence[Grid], versions: Mapping[str, Sequence[int]]) -> set[str]:
    """The codes that are left when roots, and whatever hangs on them alone, are taken away."""
    parents = {code: {grids[i].parent for i in same} & versions.keys() for code, same in versions.items()}
    children: dict[str, list[str]] = defaultdict(list)
    for code, above in parents.items():
        for parent in above:
            if parent is not None:
                children[parent].append(code)
    waiting = {code: len(above) for code, above in parents.items()}
    todo = [code for code, count in waiting.items() if not count]
    while todo:
        for child in children[todo.pop()]:
            waiting[child] -= 1
            if not waiting[child]:
                todo.append(child)
    return {code for code, count in waiting.items() if count}
