"""The tree of a page: how every grid stands, and how those below it do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import polars as pl

from wuding.domain.number import from_scaled, plain
from wuding.report.found import Reading
from wuding.report.ground import Ground, flat
from wuding.report.page import STANDINGS, Node, Reason

MOST = 1_500  # grids drawn
REASONS = 6  # of one grid


def nodes(ground: Ground, books: Sequence[Reading], anchors: Mapping[tuple[str, str, str], str]) -> tuple[Node, ...]:
    """The trees below the ground's roots, as far as `MOST` grids reach, whole levels first.

    `anchors` are those of the lists on the page, by book, rule and status.
    """
    standing = standings(books)
    shares = met_shares(ground, books)
    reasons, scores = _reasons(books, anchors), _scores(books)
    drawn = set(list(flat(ground.roots, ground.children))[:MOST])
    below: dict[str, Counter[str]] = {}
    made: dict[str, Node] = {}
    for code in [*flat(ground.roots, ground.children)][::-1]:
        children = ground.children.get(code, ())
        total: Counter[str] = Counter()
        for child in children:
            total += below.pop(child)
            total[standing.get(child, "none")] += 1
        below[code] = total
        if code not in drawn:
            continue
        grid = ground.grids[code]
        made[code] = Node(
            code=code,
            name=grid.name or code,
            level=level_name(books, grid.level),
            kinds=tuple(kind_name(books, kind) for kind in grid.kinds),
            standing=standing.get(code, "none"),
            scores=scores.get(code, ()),
            reasons=reasons.get(code, ()),
            below={name: total[name] for name in STANDINGS if total[name]},
            met=shares.get(code, (0, 0))[0],
            asked=shares.get(code, (0, 0))[1],
            children=tuple(made.pop(child) for child in children if child in drawn),
            cut=sum(1 for child in children if child not in drawn),
        )
    return tuple(made[root] for root in ground.roots)


def standings(books: Sequence[Reading]) -> dict[str, str]:
    """The gravest standing of every grid, over all books."""
    found: dict[str, str] = {}
    for book in books:
        for grid, kind in book.latest.select("grid", "kind").unique().iter_rows():
            if grid not in found or STANDINGS.index(kind) < STANDINGS.index(found[grid]):
                found[grid] = kind
    return found


def met_shares(ground: Ground, books: Sequence[Reading]) -> dict[str, tuple[int, int]]:
    """Duties met, and met or missed, in the months shown: of every grid with all below it."""
    own: dict[str, tuple[int, int]] = {}
    for book in books:
        mine = book.live.filter((pl.col("section") == "patrol") & pl.col("month").is_in(book.months))
        mine = mine.filter(pl.col("status").is_in(["met", "missed"]))
        for grid, met, asked in mine.group_by("grid").agg((pl.col("status") == "met").sum(), pl.len()).iter_rows():
            for code in ground.up(grid):
                before = own.get(code, (0, 0))
                own[code] = (before[0] + met, before[1] + asked)
    return own


def kind_name(books: Sequence[Reading], kind: str) -> str:
    """What a kind of grid is called."""
    return next((name for book in books if (name := book.words.kind(kind)) != kind), kind)


def level_name(books: Sequence[Reading], level: str) -> str:
    """What a level of the tree is called: by a domain, else as the catalogue has it."""
    own = (name for book in books if (name := book.words.level(level)) != level)
    return next(own, books[0].words.word("level", level))


def _reasons(books: Sequence[Reading], anchors: Mapping[tuple[str, str, str], str]) -> dict[str, tuple[Reason, ...]]:
    found: dict[str, list[Reason]] = {}
    for book in books:
        bad = book.latest.filter(pl.col("kind").is_in(["struck", "breach", "unknown"]))
        grouped = bad.group_by("grid", "key", "status", "kind", maintain_order=True).agg(pl.len(), pl.col("id").first())
        for grid, key, status, kind, count, id_ in grouped.iter_rows():
            anchor = anchors.get((book.program.book, key, status), "")
            found.setdefault(grid, []).append(Reason(kind, status, book.title(key), count, anchor, id_))
    order = {kind: i for i, kind in enumerate(STANDINGS)}
    return {
        grid: tuple(sorted(mine, key=lambda r: (order[r.kind], -r.count))[:REASONS]) for grid, mine in found.items()
    }


def _scores(books: Sequence[Reading]) -> dict[str, tuple[str, ...]]:
    """The latest score of each grid by each rule that scores it, as `92.5 good`."""
    found: dict[str, list[str]] = {}
    for book in books:
        done = book.live.filter((pl.col("section") == "scoring") & (pl.col("status") == "scored"))
        done = done.filter((pl.col("holder_kind") == "grid") & pl.col("value_low").is_not_null())
        last = done.sort("at", maintain_order=True).unique(["key", "holder"], keep="last", maintain_order=True)
        for holder, value, band in last.select("holder", "value_low", "band").iter_rows():
            said = (plain(from_scaled(value)), book.words.called(band or ""))
            found.setdefault(holder, []).append(" ".join(filter(None, said)))
    return {grid: tuple(mine) for grid, mine in found.items()}
