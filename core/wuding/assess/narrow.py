"""What a rule that is assessed for a scope alone need read of facts and findings: all that can count there, and little
else. Whoever cannot be narrowed for sure reads everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from wuding.assess.obligations import period_table
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.links import POPULATIONS
from wuding.engines.columnar.scope import Narrow, Scope, listed
from wuding.program.builtin import FACTS
from wuding.program.model import Escalation, Patrol, Rule, Scoring, Selector, Target


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
    return Narrow(_names(read), days, scope.known if holders.source == "grid" else None)


def _by_case(ctx: Context, rule: Escalation, scope: Scope) -> Narrow | None:
    """Facts that name their case."""
    read = [rule.opens, *(rule.closes or ()), *(rule.pauses or ()), *([rule.transfers] if rule.transfers else [])]
    read += [step.of for step in rule.steps if step.of is not None]
    if not rule.case or scope.holders or scope.periods or scope.pairs:
        return None
    named = [name for sel in read for name in sel.names]
    keyed = all(sel.source == "fact" and _plain(sel) for sel in read)
    if not keyed or any(name in FACTS for name in named):
        return None
    if not all(set(rule.case) <= set(ctx.program.domain.facts[name].fields) for name in named):
        return None
    return Narrow(_names(read), key=rule.case, cases=scope.cases)


def _shared(ctx: Context, rule: Target, scope: Scope) -> Narrow | None:
    """The counterparts of grids that share what is asked of the grids above them."""
    share, mate = rule.share_of, rule.share_with
    if share is None or mate is None or rule.holders.source != "grid" or scope.known is None or scope.cases:
        return None
    apart = _holders_apart(rule.holders) and _holders_apart(share) and share.same is None and share.source == "grid"
    if not apart or not _plain(mate) or mate.source != "fact":
        return None
    above = ctx.ancestors.filter(pl.col("ancestor").is_in(listed(scope.known).implode()))
    return Narrow(_names([mate]), grids=frozenset(above["grid"]))
