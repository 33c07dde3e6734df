"""What a rule that is assessed for a scope alone need read of facts and findings: all that can count there, and little
else. Whoever cannot be narrowed for sure reads everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import polars as pl

from wuding.assess.obligations import period_table
from wuding.engines.columnar.context import ANCESTORS, PLACES, Context, rows_of
from wuding.engines.columnar.holding import may_act
from wuding.engines.columnar.links import POPULATIONS
from wuding.engines.columnar.scope import Narrow, Scope, listed
from wuding.engines.columnar.things import things
from wuding.program.builtin import FACTS
from wuding.program.model import Escalation, Patrol, Rule, Scoring, Selector, Target
from wuding.program.parts import parts_of


def narrowed_to(ctx: Context, rule: Rule, scope: Scope) -> Context:
    """The context in which a rule is assessed for a scope alone. Where it is known at which grids the rule looks, the
    tree is as small as that: what is joined with grids and posts need not be joined with those of a whole county."""
    narrow = narrow_of(ctx, rule, scope)
    found = replace(ctx, scope=scope, narrow=narrow)
    if narrow is None or narrow.grids is None:
        return found
    ancestors = _with_those_above(ctx.ancestors, narrow.grids)
    grids = rows_of(ctx.snap.grids, "code", ancestors.get_column("grid").unique())
    codes = grids.get_column("code").implode()
    posts = ctx.snap.posts
    if any(isinstance(part, Selector) and part.by for part in parts_of(rule)):
        posts = posts.filter(may_act(ctx.program, pl.col("grid").is_in(codes)))
    cache = {
        key: made
        for key, made in ctx.cache.items()
        if key == "named" or key[0] in ("facts", "offset", "periods", PLACES)
    }
    snap = replace(ctx.snap, grids=grids, posts=posts)
    return replace(found, snap=snap, ancestors=ancestors, cache={**cache, ANCESTORS: ancestors}, locks={})


def _with_those_above(ancestors: pl.DataFrame, some: pl.Series) -> pl.DataFrame:
    """The ancestors of some grids and, again, of all these."""
    found = [rows_of(ancestors, "grid", some)]
    while not (above := found[-1].get_column("ancestor").unique()).is_in(known := some.implode()).all():
        more = above.filter(~above.is_in(known))
        found.append(rows_of(ancestors, "grid", more))
        some = pl.concat([some, more])
    return pl.concat(found)


def narrow_of(ctx: Context, rule: Rule, scope: Scope) -> Narrow | None:
    """What the rule reads when it is assessed for the scope; None: everything."""
    found = None
    if isinstance(rule, Patrol) and rule.do is not None and rule.every is not None:
        periods = period_table(ctx, rule.every, rule.during, rule.excluded)
        found = _periodic(rule.holders, [rule.do], periods, scope)
    elif isinstance(rule, Scoring) and rule.every is not None:
        if all(m.period != "previous" and m.share_with is None for m in rule.measures):
            read = [m.of for m in rule.measures if m.of is not None]
            read += [item.each for item in rule.items if item.each is not None]
            found = _periodic(rule.holders, read, period_table(ctx, rule.every), scope)
    elif isinstance(rule, Escalation):
        found = _by_case(ctx, rule, scope)
    elif isinstance(rule, Target):
        found = _shared(ctx, rule, scope)
    # What the core itself knows (absences, waivers) is read for other reasons too.
    return found if found is not None and not found.names & FACTS.keys() else None


def _plain(sel: Selector) -> bool:
    """Do things count for themselves, without counterparts or holders elsewhere?"""
    return not (sel.having or sel.lacking) and sel.same is None and sel.within != "subtree"


def _holders_apart(sel: Selector) -> bool:
    """Is who is asked known without looking at facts or findings?"""
    return sel.source in POPULATIONS and not (sel.having or sel.lacking)


def _names(selectors: Iterable[Selector]) -> frozenset[str]:
    """The fact types, and the rules whose findings are read."""
    found: set[str] = set()
    for sel in selectors:
        if sel.source in ("fact", "finding"):
            found |= {name.partition(".")[0] if sel.source == "finding" else name for name in sel.names}
    return frozenset(found)


def _periodic(holders: Selector, read: Sequence[Selector], periods: pl.DataFrame, scope: Scope) -> Narrow | None:
    """Things that count in their own period, for the grid or subject where they are."""
    if not _holders_apart(holders) or not all(map(_plain, read)) or scope.cases:
        return None
    days = None
    if not scope.holders:
        asked = periods.filter(pl.col("label").is_in(listed(scope.periods | set(scope.pairs)).implode()))
        days = (min(asked["pstart"].to_list(), default=0), max(asked["pend"].to_list(), default=0))
    known = scope.known if holders.source == "grid" else None
    return Narrow(_names(read), days, None if known is None else listed(known))


def _by_case(ctx: Context, rule: Escalation, scope: Scope) -> Narrow | None:
    """Facts that name their case."""
    names = naming_their_case(ctx, rule)
    if not names or scope.holders or scope.periods or scope.pairs:
        return None
    return Narrow(names, key=rule.case, cases=scope.cases)


def naming_their_case(ctx: Context, rule: Escalation) -> frozenset[str]:
    """The types of the facts that an escalation reads, where each of them names its case; else none."""
    if not rule.case:
        return frozenset()
    read = [rule.opens, *(rule.closes or ()), *(rule.pauses or ()), *([rule.transfers] if rule.transfers else [])]
    read += [step.of for step in rule.steps if step.of is not None]
    names = _names(read)
    if names & FACTS.keys() or not all(sel.source == "fact" and _plain(sel) for sel in read):
        return frozenset()
    return names if all(set(rule.case) <= set(ctx.program.domain.facts[name].fields) for name in names) else frozenset()


def _shared(ctx: Context, rule: Target, scope: Scope) -> Narrow | None:
    """The counterparts of grids that share what is asked of the grids above them."""
    share, mate = rule.share_of, rule.share_with
    if share is None or mate is None or rule.holders.source != "grid" or scope.known is None or scope.cases:
        return None
    apart = _holders_apart(rule.holders) and _holders_apart(share) and share.same is None and share.source == "grid"
    if not apart or not _plain(mate) or mate.source != "fact":
        return None
    asked = things(ctx, rule.holders, scope.known).get_column("id")  # of all that a change may concern, these alone
    above = ctx.ancestors.filter(pl.col("ancestor").is_in(asked.implode()))
    return Narrow(_names([mate]), grids=above.get_column("grid").unique())
