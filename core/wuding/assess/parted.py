"""A check part by part: only one branch's columns are in memory at a time; the findings are those of the whole check.

Where the parts are assessed is the caller's business (`Runner`): one after the other here, or on other machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from wuding.assess.assessors import SIDE_BY_SIDE
from wuding.assess.branches import Branches, cut, phases
from wuding.assess.check import Concluded, assessed, conclude
from wuding.assess.frame import empty, oldest_names
from wuding.domain.fact import CORE
from wuding.domain.instants import local_day
from wuding.engines.base import Snapshot
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.holding import may_act
from wuding.engines.columnar.kept import Kept, together
from wuding.program.model import Program, Rule
from wuding.program.parts import rule_digests

Runner = Callable[[Callable[[int], pl.DataFrame], int], Iterable[pl.DataFrame]]


@dataclass(frozen=True)
class Parted:
    """A check that was made in parts. `whole`: by rule key, why the rule was assessed on everything."""

    concluded: Concluded
    parts: int
    whole: Mapping[str, str]


@dataclass(frozen=True)
class Work:
    """What the parts share in one phase: everything that it takes to assess one of them."""

    program: Program
    snap: Snapshot
    branches: Branches
    rules: tuple[Rule, ...]
    findings: Mapping[str, pl.DataFrame]  # by rule id, of all parts, from earlier phases


def one_by_one(work: Callable[[int], pl.DataFrame], parts: int) -> Iterator[pl.DataFrame]:
    """Here, one part after the other."""
    return map(work, range(parts))


def conclude_in_parts(program: Program, snap: Snapshot, wanted: int, run: Runner = one_by_one) -> Parted:
    """The findings of a book as of the snapshot's moment, as `conclude` has them but for the order of a rule's
    findings, assessed in at most `wanted` parts. Rules that need everything are assessed last, on everything."""
    branches = cut(program, snap, wanted)
    kept = [rule for rule in program.rules if rule.head.key not in branches.whole]
    if branches.parts < 2 or not kept:
        every = {rule.head.key: branches.whole.get(rule.head.key, "one-piece") for rule in program.rules}
        return Parted(conclude(program, without_branches(snap)), 1, every)
    frames: dict[str, pl.DataFrame] = {}
    when = phases(program.rules, program.uses, branches)
    names = oldest_names(program)
    for phase in range(max(when.values(), default=0) + 1):
        now = [rule for rule in program.rules if when[rule.head.key] == phase]
        local = tuple(rule for rule in now if rule.head.key not in branches.whole)
        if local:
            work = Work(program, snap, branches, local, _read(program, local, frames))
            frames |= _by_rule(local, run(partial(assess_part, work), branches.parts))
        whole = [rule for rule in now if rule.head.key in branches.whole]
        if whole:
            ctx = _context(program, without_branches(snap), branches.ancestors)
            ctx.findings.update(_read(program, whole, frames))
            for rule in whole:
                frames[rule.head.key] = assessed(ctx, rule, names)
                _keep(ctx, rule, frames[rule.head.key])
    ordered = {rule.head.key: Kept(frames[rule.head.key]) for rule in program.rules}
    digests = rule_digests(program, snap.in_force)
    concluded = Concluded(program.book, snap.as_of, snap.window_from, digests, ordered, names)
    return Parted(concluded, branches.parts, branches.whole)


def _by_rule(rules: Sequence[Rule], parts: Iterable[pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """By rule key, its findings in all parts. Those of one rule lie together in each part: nothing is copied."""
    found: dict[str, list[pl.DataFrame]] = {rule.head.key: [] for rule in rules}
    nothing: pl.DataFrame | None = None
    for part in parts:
        nothing = part.clear()
        runs = part.select("rule", "variant").with_row_index("first").group_by("rule", "variant")
        for rule, variant, first, rows in runs.agg(pl.col("first").min(), rows=pl.len()).iter_rows():
            found[f"{rule}[{variant}]" if variant else rule].append(part.slice(first, rows))
    assert nothing is not None
    return {key: pl.concat(some) if some else nothing for key, some in found.items()}


def without_branches(snap: Snapshot) -> Snapshot:
    """The snapshot with its facts as if they were not kept by branch."""
    if snap.kept_by is None:
        return snap
    facts = {key: lazy.drop("branch", strict=False) for key, lazy in snap.facts.items()}
    return replace(snap, facts=facts, kept_by=None)


def assess_part(work: Work, part: int) -> pl.DataFrame:
    """The findings of one part under the rules of this phase, without their ids."""
    program, branches = work.program, work.branches
    mine = _Inside(branches.of_grid, part)
    ancestors = branches.ancestors.filter(mine("grid"))
    ctx = _context(program, part_of(work.snap, program, mine, ancestors), ancestors)
    ctx.findings.update({name: frame.filter(mine("grid")) for name, frame in work.findings.items()})
    names = oldest_names(program)
    found = [empty()]
    for stratum in _strata(work.rules, program.uses):
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            for rule, frame in zip(stratum, pool.map(lambda r: assessed(ctx, r, names), stratum), strict=True):
                _keep(ctx, rule, frame)
                found.append(frame)
    return pl.concat(found)


class _Inside:
    """Which rows lie in a part, by the column that names their grid."""

    def __init__(self, of_grid: pl.DataFrame, part: int) -> None:
        here = pl.col("part") == part
        self.rest = part == 0  # and all that lies nowhere
        self.grids = of_grid.filter(~here if self.rest else here).get_column("grid")

    def __call__(self, column: str) -> pl.Expr:
        listed = pl.col(column).is_in(self.grids.implode()).fill_null(False)
        return ~listed if self.rest else listed


def part_of(snap: Snapshot, program: Program, mine: _Inside, ancestors: pl.DataFrame) -> Snapshot:
    """The snapshot of one part: its grids, subjects and facts; of the posts those that act in it, and those in the
    grids above, who look after it or are told of it. The core's facts (absences, waivers, appeals) stay whole."""
    above = ancestors.get_column("ancestor").unique().implode()
    posts = snap.posts.filter(may_act(program, mine("grid") | pl.col("grid").is_in(above)))
    kept: pl.Expr | None = None
    if snap.kept_by is not None:  # whole files can be passed over
        names = snap.kept_by.filter(mine("grid")).get_column("branch").unique()
        elsewhere = snap.kept_by.get_column("branch").unique().implode()
        kept = pl.col("branch").is_in(names.implode())
        kept = kept | ~pl.col("branch").is_in(elsewhere) if mine.rest else kept
    facts = {key: lazy if key[0] == CORE else _facts(lazy, mine, kept) for key, lazy in snap.facts.items()}
    return replace(
        snap, grids=snap.grids.filter(mine("code")), posts=posts, facts=facts,
        subjects={name: frame.filter(mine("grid")) for name, frame in snap.subjects.items()},
    )  # fmt: skip


def _facts(lazy: pl.LazyFrame, mine: _Inside, kept: pl.Expr | None) -> pl.LazyFrame:
    if kept is None:
        return lazy.filter(mine("grid"))
    return lazy.filter(kept).filter(mine("grid")).drop("branch")


def _context(program: Program, snap: Snapshot, ancestors: pl.DataFrame) -> Context:
    return Context(program, snap, ancestors, local_day(snap.as_of - 1, program.zone) + 1)


def _keep(ctx: Context, rule: Rule, frame: pl.DataFrame) -> None:
    """Lets the rules that come later read the findings."""
    ctx.findings[rule.head.id] = together(ctx.findings.get(rule.head.id), frame)


def _read(program: Program, rules: Sequence[Rule], frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """By rule id, the findings so far that these rules read."""
    keys = {key for rule in rules for key in program.uses.get(rule.head.key, ())}
    found: dict[str, pl.DataFrame] = {}
    for rule in program.rules:
        if rule.head.key in keys and rule.head.key in frames:
            bare, before = frames[rule.head.key], found.get(rule.head.id)
            found[rule.head.id] = bare if before is None else pl.concat([before, bare])
    return found


def _strata(rules: Sequence[Rule], uses: Mapping[str, frozenset[str]]) -> list[list[Rule]]:
    """The rules in groups, each of which reads findings of earlier groups alone."""
    level: dict[str, int] = {}
    groups: list[list[Rule]] = []
    for rule in rules:
        level[rule.head.key] = max((level[k] + 1 for k in uses.get(rule.head.key, ()) if k in level), default=0)
        if level[rule.head.key] == len(groups):
            groups.append([])
        groups[level[rule.head.key]].append(rule)
    return groups
