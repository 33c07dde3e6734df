"""Branches: the tree cut into parts, so that each rule that can be is assessed on one part after the other.

The cut goes through the tree at one depth; branches that something ties together (a grid or subject that moved from
one to the other, facts of one case in both) stay together. What ties nearly everything together is not followed:
rules that would need it are assessed on everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from wuding.assess.locality import ANY, SUBJECT, Link, Needs, fact_types_of, needs_of
from wuding.engines.base import Snapshot
from wuding.engines.columnar.context import ancestor_table
from wuding.program.model import Program, Rule

TRUNK = ""  # what lies in no branch: grids above the cut, facts without a grid
DEEPEST = 64
ENOUGH = 4  # branches for each part: to cut deeper would not make the parts more equal
SHARE = 0.6  # of all facts: a link that would make a larger piece than this is not followed


@dataclass(frozen=True)
class Branches:
    """`parts`: how many; `of_grid`: `grid part`, what is not listed lies in part 0. `whole`: by rule key, why it is
    assessed on everything; all other rules keep to the parts. `away`: keys of rules whose findings may be about grids
    of other parts. `ancestors`: as a context has them."""

    parts: int
    of_grid: pl.DataFrame
    whole: Mapping[str, str]
    away: frozenset[str]
    ancestors: pl.DataFrame


@dataclass
class _Cut:
    """A cut that may be made: where each grid then lies, what stays together, which levels reach over it."""

    homes: pl.DataFrame
    joined: _Joined
    spread: frozenset[str]
    weights: dict[str, int]
    whole: dict[str, str]


def cut(program: Program, snap: Snapshot, wanted: int) -> Branches:
    """The tree in at most `wanted` parts of about equal weight, at the depth that leaves least to do for the
    heaviest part and for the rules that need everything. One part: the book cannot be parted."""
    ancestors = ancestor_table(snap.grids)
    counts = _counts(program, snap)
    needs = {rule.head.key: needs_of(program, rule) for rule in program.rules}
    levels = frontiers(snap.grids, program.grid, ENOUGH * wanted)
    cuts = [_cut_at(tops, snap.grids, ancestors, counts, needs) for tops in levels]
    chosen = min(cuts, key=lambda one: _cost(program, one, counts, wanted))
    homes, joined, weights, whole = chosen.homes, chosen.joined, chosen.weights, chosen.whole
    links = {link for key, need in needs.items() if not whole[key] for link in need.links}
    refused = _follow(joined, {link: ties(snap, homes, link, program.domain.name) for link in links}, weights)
    for key, need in needs.items():
        if not whole[key] and need.links & refused:
            whole[key] = "tied"
    away = frozenset(key for key, need in needs.items() if need.away & chosen.spread)
    part = _dealt(joined, weights, max(1, wanted))
    table = pl.DataFrame(
        {"branch": list(part), "part": list(part.values())}, schema={"branch": pl.String, "part": pl.Int32}
    )
    of_grid = homes.join(table, on="branch").select("grid", "part")
    return Branches(len(set(part.values())), of_grid, {k: why for k, why in whole.items() if why}, away, ancestors)


def _cut_at(
    tops: Sequence[str], grids: pl.DataFrame, ancestors: pl.DataFrame, counts: pl.DataFrame, needs: Mapping[str, Needs]
) -> _Cut:
    homes = homes_of(grids, ancestors, tops)
    joined = _Joined([TRUNK, *homes.get_column("branch").unique().sort()])
    _join_moved(joined, grids, homes)
    spread = _spread(ancestors, homes, joined)
    whole = {key: need.whole or _crossing(need, spread) for key, need in needs.items()}
    return _Cut(homes, joined, spread, _weights(counts, homes), whole)


def _cost(program: Program, one: _Cut, counts: pl.DataFrame, wanted: int) -> float:
    """How many facts the rules look at, one rule after the other: those that keep to the parts in the heaviest part,
    the others everywhere."""
    part = _dealt(one.joined, one.weights, wanted)
    loads: dict[int, int] = {}
    for name, weight in one.weights.items():
        loads[part[name]] = loads.get(part[name], 0) + weight
    share = max(loads.values()) / sum(loads.values()) if loads else 1.0
    rows = dict(counts.group_by("type").agg(pl.col("n").sum()).iter_rows())
    found = 0.0
    for rule in program.rules:
        looked_at = sum(rows.get(name, 0) for name in fact_types_of(program, rule)) + 1
        found += looked_at * (1 if one.whole[rule.head.key] else share)
    return found


def frontiers(grids: pl.DataFrame, top: str | None, enough: int) -> list[list[str]]:
    """The grids at each depth below `top` (None: the roots), from above, down to the first depth at which there are
    enough of them."""
    known = grids.get_column("code").implode()
    outer = pl.col("parent").is_null() | ~pl.col("parent").is_in(known)
    level = grids.filter(outer if top is None else pl.col("code") == top).get_column("code").unique()
    found = [sorted(level.to_list())]
    while len(level) < enough and len(found) < DEEPEST:
        level = grids.filter(pl.col("parent").is_in(level.implode())).get_column("code").unique()
        if level.is_empty():
            break
        found.append(sorted(level.to_list()))
    return found


def frontier(grids: pl.DataFrame, wanted: int) -> list[str]:
    """The grids at the least depth of the tree at which there are as many as wanted, else where most are."""
    return max(frontiers(grids, None, wanted), key=len)


def homes_of(grids: pl.DataFrame, ancestors: pl.DataFrame, tops: Sequence[str]) -> pl.DataFrame:
    """`grid branch`: the grid of `tops` in or under which each grid lay (one of them), `TRUNK` for none."""
    up = ancestors.filter(pl.col("ancestor").is_in(pl.Series(tops, dtype=pl.String).implode()))
    found = up.sort("grid", "depth", "ancestor").unique("grid", keep="first", maintain_order=True)
    codes = grids.select(grid="code").unique().sort("grid")
    return codes.join(found.select("grid", branch="ancestor"), on="grid", how="left").with_columns(
        pl.col("branch").fill_null(TRUNK)
    )


def ties(snap: Snapshot, homes: pl.DataFrame, link: Link, domain: str) -> list[list[str]]:
    """The sets of branches that a link holds together."""
    where = homes.lazy()
    rows = []
    for name in sorted(link.types):
        lazy = snap.facts.get((domain, name))
        if lazy is not None:
            lazy = lazy.filter(pl.col("at") <= snap.as_of)
            # A case without its key is named by its opening's sequence, as in `cases.with_case`.
            key = pl.concat_str([_text(lazy, field) for field in link.fields], separator="/")
            key = key if link.fields == SUBJECT else pl.coalesce(key, pl.col("seq").cast(pl.String))
            rows.append(lazy.select(key=key, grid="grid"))
    if link.fields == SUBJECT:
        rows += [frame.lazy().select(key="id", grid="grid") for frame in snap.subjects.values()]
        rows.append(snap.posts.lazy().select(key="subject", grid="grid"))
    if not rows:
        return []
    placed = pl.concat(rows).filter(pl.col("key").is_not_null()).join(where, on="grid", how="left")
    placed = placed.select("key", pl.col("branch").fill_null(TRUNK))
    ends = placed.group_by("key").agg(low=pl.col("branch").min(), high=pl.col("branch").max())
    torn = ends.filter(pl.col("low") != pl.col("high")).select("key").collect(engine="streaming")
    if torn.is_empty():
        return []
    several = placed.join(torn.lazy(), on="key", how="semi").group_by("key").agg(pl.col("branch").unique().sort())
    return several.select(pl.col("branch").unique()).collect(engine="streaming").to_series().to_list()


def _text(lazy: pl.LazyFrame, field: str) -> pl.Expr:
    names = lazy.collect_schema().names()
    column = field if field in ("subject", "grid", "actor") else f"f.{field}"
    return pl.col(column).cast(pl.String) if column in names else pl.lit(None, pl.String)


class _Joined:
    """Which branches stay together (union-find)."""

    def __init__(self, names: Iterable[str]) -> None:
        self.up = {name: name for name in names}

    def root(self, name: str) -> str:
        while self.up[name] != name:
            self.up[name] = name = self.up[self.up[name]]
        return name

    def join(self, names: Sequence[str]) -> None:
        for name in names[1:]:
            self.up[self.root(name)] = self.root(names[0])

    def pieces(self, weights: Mapping[str, int]) -> dict[str, int]:
        """The weight of each piece, by one of its branches."""
        found: dict[str, int] = {}
        for name in self.up:
            found[self.root(name)] = found.get(self.root(name), 0) + weights.get(name, 0)
        return found


def _join_moved(joined: _Joined, grids: pl.DataFrame, homes: pl.DataFrame) -> None:
    """A grid lies with each parent that it ever had, but for the cut itself."""
    rows = grids.select("code", "parent").join(homes, left_on="code", right_on="grid")
    rows = rows.join(homes.rename({"branch": "above"}), left_on="parent", right_on="grid", how="left")
    rows = rows.with_columns(pl.col("above").fill_null(TRUNK))
    top = (pl.col("code") == pl.col("branch")) & (pl.col("above") == TRUNK)
    for pair in rows.filter(~top & (pl.col("branch") != pl.col("above"))).select("branch", "above").unique().rows():
        joined.join(pair)


def _spread(ancestors: pl.DataFrame, homes: pl.DataFrame, joined: _Joined) -> frozenset[str]:
    """The levels that have a grid of which not everything below lies in its branch."""
    roots = {name: joined.root(name) for name in joined.up}
    there = homes.with_columns(pl.col("branch").replace(roots))
    pairs = ancestors.join(there, on="grid").join(
        there.rename({"branch": "above"}), left_on="ancestor", right_on="grid"
    )
    return frozenset(pairs.filter(pl.col("branch") != pl.col("above")).get_column("level").unique())


def _crossing(need: Needs, spread: frozenset[str]) -> str:
    return "above" if need.levels & spread or (ANY in need.levels and spread) else ""


def _counts(program: Program, snap: Snapshot) -> pl.DataFrame:
    """`type grid n`: how many facts of each type that a rule looks at lie in each grid."""
    types = sorted({name for rule in program.rules for name in fact_types_of(program, rule)})
    frames = [
        snap.facts[program.domain.name, name].select(pl.lit(name).alias("type"), "grid")
        for name in types
        if (program.domain.name, name) in snap.facts
    ]
    frames.append(pl.LazyFrame(schema={"type": pl.String, "grid": pl.String}))
    return pl.concat(frames).group_by("type", "grid").len("n").collect(engine="streaming")


def _weights(counts: pl.DataFrame, homes: pl.DataFrame) -> dict[str, int]:
    """How many facts and grids each branch has."""
    rows = pl.concat([counts.select("grid", "n"), homes.select("grid", n=pl.lit(1, counts.schema["n"]))])
    placed = rows.join(homes, on="grid", how="left").group_by(pl.col("branch").fill_null(TRUNK))
    return {str(branch): int(n) for branch, n in placed.agg(pl.col("n").sum()).iter_rows()}


def _follow(joined: _Joined, found: Mapping[Link, list[list[str]]], weights: Mapping[str, int]) -> set[Link]:
    """Joins what the links tie together, those that tie least first; answers with those that tie too much."""
    refused: set[Link] = set()
    order = sorted(found, key=lambda link: (len(found[link]), link.fields, sorted(link.types)))
    for link in order:
        before, kept = joined.pieces(weights), dict(joined.up)
        for names in found[link]:
            joined.join(names)
        after = joined.pieces(weights)
        largest = max(after.values())
        if after != before and largest > max(SHARE * sum(after.values()), max(before.values())):
            joined.up = kept
            refused.add(link)
    return refused


def _dealt(joined: _Joined, weights: Mapping[str, int], parts: int) -> dict[str, int]:
    """Each branch's part: pieces go, the heaviest first, where there is least; the trunk's is part 0."""
    pieces = joined.pieces(weights)
    trunk = joined.root(TRUNK)
    loads = [pieces.pop(trunk)] + [0] * (parts - 1)
    chosen = {trunk: 0}
    for name, weight in sorted(pieces.items(), key=lambda piece: (-piece[1], piece[0])):
        chosen[name] = loads.index(min(loads))
        loads[chosen[name]] += weight
    used = {part: n for n, part in enumerate(sorted({0, *chosen.values()}))}
    return {name: used[chosen[joined.root(name)]] for name in joined.up}


def phases(rules: Sequence[Rule], uses: Mapping[str, frozenset[str]], branches: Branches) -> dict[str, int]:
    """When each rule is assessed, by key: in every phase first the rules that keep to the parts, then those that
    need everything. A rule that reads findings which come from all parts waits for the next phase."""
    found: dict[str, int] = {}
    for rule in rules:
        key = rule.head.key
        read = [(used, found[used]) for used in uses.get(key, ()) if used in found]
        if key in branches.whole:
            found[key] = max((phase for _, phase in read), default=0)
        else:
            late = branches.whole.keys() | branches.away
            found[key] = max((phase + (used in late) for used, phase in read), default=0)
    return found
