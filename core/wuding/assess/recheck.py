"""Checking again: only what a change touches is assessed, the rest of the last check's findings stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import polars as pl

from wuding.assess.changes import News, difference, news_of
from wuding.assess.check import SIDE_BY_SIDE, assess_rule, strata
from wuding.assess.frame import empty, with_ids
from wuding.assess.plan import scope_of
from wuding.assess.rulings import ruled
from wuding.domain.instants import local_day
from wuding.engines.base import Changes, Snapshot
from wuding.engines.columnar.context import Context, open_context
from wuding.engines.columnar.scope import Scope, inside
from wuding.program.model import Escalation, Program, Rule
from wuding.program.parts import rule_digests


@dataclass(frozen=True)
class Concluded:
    """What the check of one edition of a book concluded, and upon what. `frames`: by rule key the findings, `book
    id` and the columns of `frame.SCHEMA`; `digests`: by rule key what decided them, apart from the facts. `scopes`:
    by rule key, for whom it was assessed this time; None: for all."""

    as_of: int
    window_from: int
    digests: Mapping[str, str]
    frames: Mapping[str, pl.DataFrame]
    scopes: Mapping[str, Scope | None] = field(default_factory=dict)

    @property
    def frame(self) -> pl.DataFrame:
        """All findings, in the order of the rules."""
        return pl.concat(self.frames.values()) if self.frames else with_ids(empty(), "", {})


def told_again(as_of: int, window_from: int, digests: Mapping[str, str], frame: pl.DataFrame) -> Concluded:
    """What an earlier check concluded, from its findings in one frame (`book id` and the columns of `SCHEMA`)."""
    parts = frame.partition_by("rule", "variant", as_dict=True, maintain_order=True)
    found = {(f"{rule}[{variant}]" if variant else str(rule)): part for (rule, variant), part in parts.items()}
    return Concluded(as_of, window_from, digests, {key: found.get(key, frame.clear()) for key in digests})


def conclude(
    program: Program, snap: Snapshot, past: Concluded | None = None, changes: Changes | None = None
) -> Concluded:
    """The findings of a book as of the snapshot's moment. With the last check (`past`) and what has `changes` since,
    only what they touch is assessed: the answer is the same, row for row, as without."""
    ctx = open_context(program, snap)
    digests = rule_digests(program, snap.in_force)
    news = None
    if past is not None and changes is not None and _comparable(past, snap, changes):
        news = news_of(ctx, changes, past.as_of, local_day(past.as_of - 1, program.zone) + 1, past.frames)
        gone = [frame for key, frame in past.frames.items() if key not in digests]
        for rule_id, some in _by_id(gone).items():
            news.changed.findings[rule_id] = some
    names = {r.head.id: r.head.was[0] for r in program.rules if r.head.was}
    frames: dict[str, pl.DataFrame] = {}
    scopes: dict[str, Scope | None] = {}

    def run(rule: Rule) -> tuple[Scope | None, pl.DataFrame]:
        key = rule.head.key
        known = news is not None and past is not None and past.digests.get(key) == digests[key] and key in past.frames
        scope = scope_of(news, rule) if known and news is not None else None
        if scope is not None and not scope:
            return scope, past.frames[key]  # type: ignore[union-attr]
        new = assessed_rule(replace(ctx, scope=scope), rule, names)
        if scope is None:
            return scope, new
        return scope, pl.concat([past.frames[key].filter(~inside(scope)), new])  # type: ignore[union-attr]

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for stratum in strata(program):
            for rule, (scope, frame) in zip(stratum, pool.map(run, stratum), strict=True):
                bare = frame.drop("book", "id")
                before = ctx.findings.get(rule.head.id)
                ctx.findings[rule.head.id] = bare if before is None else pl.concat([before, bare])
                frames[rule.head.key], scopes[rule.head.key] = frame, scope
                if news is not None:
                    _told(news, rule, scope, frame)
    ordered = {rule.head.key: frames[rule.head.key] for rule in program.rules}
    return Concluded(snap.as_of, snap.window_from, digests, ordered, scopes)


def _comparable(past: Concluded, snap: Snapshot, changes: Changes) -> bool:
    """Can anything of the last check stand?"""
    return past.as_of <= snap.as_of and past.window_from == snap.window_from and "grid" not in changes.registry


def assessed_rule(ctx: Context, rule: Rule, names: Mapping[str, str]) -> pl.DataFrame:
    """The findings of one rule for the context's scope, ruled upon, with `book` and `id`. `names`: oldest names."""
    frame = ruled(ctx, assess_rule(ctx, rule), names)
    steps = [s.id for s in rule.steps] if isinstance(rule, Escalation) else []
    kinds = [(rule.head.id, rule.head.variant, step) for step in ("", *steps)]
    return with_ids(frame, ctx.program.book, names, kinds)


def _told(news: News, rule: Rule, scope: Scope | None, frame: pl.DataFrame) -> None:
    """Lets the rules that come later know which findings of this one differ."""
    old = news.old.get(rule.head.key, frame.clear())
    if scope is not None:
        old, frame = (some.filter(inside(scope)) if scope else some.clear() for some in (old, frame))
    found = difference(old, frame)
    before = news.changed.findings.get(rule.head.id)
    news.changed.findings[rule.head.id] = found if before is None else pl.concat([before, found])


def _by_id(frames: Iterable[pl.DataFrame]) -> dict[str, pl.DataFrame]:
    found: dict[str, pl.DataFrame] = {}
    for frame in frames:
        for (rule_id,), some in frame.drop("book", "id").partition_by("rule", as_dict=True).items():
            before = found.get(str(rule_id))
            found[str(rule_id)] = some if before is None else pl.concat([before, some])
    return found
