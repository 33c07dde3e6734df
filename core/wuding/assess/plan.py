"""The planner: what must be assessed again after a change, rule kind by rule kind (semantics 30).

Each answers with a scope: `Scope()` when nothing is touched, None when the rule must be assessed whole. A scope may
be larger than what really changes, never smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from wuding.assess.belonging import NOTHING, Whole, all_of, asked_anew, belonging, holders_of, turned
from wuding.assess.cases import with_case
from wuding.assess.changes import News, changed_facts, ranked_with, touched
from wuding.assess.frame import oldest_names, with_ids
from wuding.assess.obligations import period_table
from wuding.assess.rulings import called
from wuding.assess.veto import _as_findings
from wuding.domain.instants import day_start_us
from wuding.domain.period import Every, to_date
from wuding.engines.columnar.context import PLACES
from wuding.engines.columnar.days import valid_days
from wuding.engines.columnar.index import case_key
from wuding.engines.columnar.scope import Scope
from wuding.engines.columnar.things import things
from wuding.lang.nodes import Param
from wuding.program.added import Added
from wuding.program.model import Charter, Escalation, Measure, Patrol, Rule, Scoring, Selector, Target, Veto
from wuding.program.parts import holders_asked, parts_of

UNSETTLED = ("open", "waiting", "undetermined")


def scope_of(news: News, rule: Rule) -> Scope | None:
    """For whom the rule must be assessed again; None: for all."""
    if _registry_read(news, rule) or _finding_parameters(news, rule):
        return Whole
    kind = rule.section.touched if isinstance(rule, Added) else KINDS[type(rule)]
    found = kind(news, rule) if kind else Whole
    if found is None:
        return Whole
    ruled = _ruled_anew(news, rule)
    if ruled and isinstance(rule, Scoring) and _side_by_side(rule):  # a rank is not told of one holder alone
        return Whole
    return found | ruled


def _registry_read(news: News, rule: Rule) -> bool:
    """Does the rule read what has changed of posts, subjects, absences, boundaries?"""
    changed = set(news.registry)
    if not changed and changed_facts(news, "absence") is None:
        return False
    selectors = [part for part in parts_of(rule) if isinstance(part, Selector)]
    reads = {"post"} if isinstance(rule, Charter) and rule.kind in ("seat", "duties", "complete") else set()
    if isinstance(rule, Charter):
        if rule.kind == "partition":
            reads.add("boundary")
        if rule.complete:
            reads |= {f"subject:{name}" for name in news.ctx.program.domain.subjects}
    if isinstance(rule, Veto) and rule.strikes == "post":
        reads.add("post")
    if isinstance(rule, Escalation) and any(s.tell_role for s in rule.steps):
        reads.add("post")
    for sel in selectors:
        if sel.by and sel.by != ("self",):
            reads.add("post")
            if changed_facts(news, "absence") is not None:
                return True
        if sel.source == "post":
            reads.add("post")
        if sel.source == "subject":
            reads |= {f"subject:{name}" for name in sel.names or news.ctx.program.domain.subjects}
    return bool(changed & reads)


def _finding_parameters(news: News, rule: Rule) -> bool:
    """Does the rule read a parameter that depends on a finding which changed?"""
    for part in parts_of(rule):
        if isinstance(part, Param) and part.name in news.ctx.program.parameters:
            of = news.ctx.program.parameters[part.name].by_finding
            differing = news.differing(of) if of else None
            if differing is not None and not differing.is_empty():
                return True
    return False


def _ruled_anew(news: News, rule: Rule) -> Scope:
    """Whose findings a waiver or an appeal that changed names (semantics 23)."""
    waivers, appeals = changed_facts(news, "waiver"), changed_facts(news, "appeal")
    kept = news.old.get(rule.head.key)
    if kept is None or (waivers is None and appeals is None):
        return NOTHING
    old = kept.frame().rechunk().with_row_index("_row")
    hits = [pl.Series(dtype=pl.UInt32)]
    names = oldest_names(news.ctx.program)
    if waivers is not None:
        own = old.select("_row", "holder", own=called(names)).explode("own")
        told = waivers.select(own="f.rule", holder="f.holder")
        hits.append(own.join(told, on=["own", "holder"], how="semi").get_column("_row"))
    if appeals is not None:
        named = with_ids(old, news.ctx.program.book, names)
        hits.append(named.join(appeals, left_on="id", right_on="f.finding", how="semi").get_column("_row"))
    rows = old.filter(pl.col("_row").is_in(pl.concat(hits).implode()))
    if _by_case(rule):
        return Scope(cases=frozenset(rows.get_column("case")))
    return Scope(holders=frozenset(rows.get_column("holder").drop_nulls()))


def _by_case(rule: Rule) -> bool:
    """Are the rule's findings named by case?"""
    return isinstance(rule, Escalation) or (isinstance(rule, Veto) and rule.every is None)


# ── one section after the other ──────────────────────────────────────────────────────────────────
def _patrol(news: News, rule: Patrol) -> Scope | None:
    kind = rule.holders.source
    asked = asked_anew(news, rule.holders)
    if rule.must is not None:
        return asked
    assert rule.do is not None
    if rule.apart is None:
        assert rule.every is not None
        found = all_of(asked, belonging(news, rule.do, kind, rule.every), turned(news, rule.every))
        return found if found is None else _in_season(news, found, rule.every, rule.during, rule.excluded)
    if news.another_day:
        return Whole
    passed = NOTHING
    if news.later:
        old = news.old[rule.head.key]
        running = pl.col("status").is_in(["due", "undetermined"]) & (pl.col("due") < news.ctx.as_of)
        passed = Scope(holders=frozenset(old.filter(running).get_column("holder")))
    return all_of(asked, belonging(news, rule.do, kind, None), passed)


def _in_season(news: News, scope: Scope, every: Every, during: str | None = None, excluded: str | None = None) -> Scope:
    """The scope less the periods of which the rule asks nobody."""
    labels = frozenset(period_table(news.ctx, every, during, excluded).get_column("label"))
    pairs = {period: holders for period, holders in scope.pairs.items() if period in labels}
    return replace(scope, periods=scope.periods & labels, pairs=pairs)


def _charter(news: News, rule: Charter) -> Scope | None:
    if news.another_day:
        return Whole
    asked = asked_anew(news, rule.holders)
    asked = all_of(asked, *(asked_anew(news, sel) for sel in holders_asked(news.ctx.program.rules, rule)))
    if rule.of is None or rule.kind == "seat":
        return asked if rule.exclusive == "no" else (Whole if asked is None or asked else NOTHING)
    subtree = rule.kind == "count" and rule.of.within != "self"
    return all_of(asked, belonging(news, rule.of, rule.holders.source, None, subtree=subtree))


def _measured(news: News, measures: tuple[Measure, ...], kind: str, every: Every | None, subtree: bool) -> Scope | None:
    parts = []
    for measure in measures:
        if measure.of is None:
            continue
        sel = measure.of
        if measure.share_with is not None:
            sel = replace(sel, having=(*sel.having, measure.share_with))
        parts.append(belonging(news, sel, kind, every, subtree=subtree, moves=measure.period == "previous"))
    return all_of(*parts)


def _scoring(news: News, rule: Scoring) -> Scope | None:
    kind, every = rule.holders.source, rule.every
    parts = [asked_anew(news, rule.holders), _measured(news, rule.measures, kind, every, False)]
    parts += [belonging(news, item.each, kind, every) for item in rule.items if item.each is not None]
    if every is not None:
        parts.append(turned(news, every))
    for veto in news.ctx.program.rules:
        if isinstance(veto, Veto) and rule.head.id in veto.touches:
            struck = news.differing(veto.head.id)
            if struck is not None:
                parts.append(Scope(holders=frozenset(struck.get_column("holder").drop_nulls())))
    found = all_of(*parts)
    if not found:
        return found
    if not _side_by_side(rule):
        return found
    if every is None or (found.holders and kind != "grid"):
        return Whole
    found = _in_season(news, found, every)
    if _spread(rule) or kind != "grid" or rule.rank_in in (None, "book"):
        return Whole if found.holders else Scope(periods=found.periods | frozenset(found.pairs))
    pairs = {period: ranked_with(news.ctx, holders, rule.rank_in) for period, holders in found.pairs.items()}
    return Scope(ranked_with(news.ctx, found.holders, rule.rank_in), found.periods, pairs)


def _side_by_side(rule: Scoring) -> bool:
    """Does a score depend on those of others?"""
    return rule.rank_in is not None or _spread(rule)


def _spread(rule: Scoring) -> bool:
    """Is there a limit of what others made?"""
    return any(i.category_field and i.limit is not None for i in rule.items)


def _veto(news: News, rule: Veto) -> Scope | None:
    sel = rule.cause
    if sel.source == "finding" and news.another_day and _reads_charter(news, sel):
        return Whole
    plain = replace(sel, when=None)
    rows = touched(news, plain)
    if rows is None:
        return Whole
    if rows.is_empty():
        return NOTHING
    if rule.every is None:
        own = (
            with_ids(_as_findings(rows), news.ctx.program.book, oldest_names(news.ctx.program)).get_column("id")
            if sel.source == "finding"
            else rows.get_column("seq").cast(pl.String)
        )
        return Scope(cases=frozenset(own))
    if rule.strikes == "subject":
        found = holders_of(news, rows, "subject", False)
    elif rule.strikes == "post":
        found = holders_of(news, rows, "post", False)
    else:
        found = holders_of(news, rows, "grid", True)
    return Scope(holders=frozenset(found.get_column("holder").drop_nulls()))


def _reads_charter(news: News, sel: Selector) -> bool:
    names = {name.partition(".")[0] for name in sel.names}
    return any(isinstance(r, Charter) and r.head.id in names for r in news.ctx.program.rules)


def _target(news: News, rule: Target) -> Scope | None:
    kind, subtree = rule.holders.source, rule.holders.source == "grid"
    parts = [asked_anew(news, rule.holders), _measured(news, rule.measures, kind, rule.every, subtree)]
    if rule.count is not None:
        parts.append(belonging(news, rule.count, kind, rule.every, subtree=subtree))
    if rule.share_of is not None:
        sel, moved = rule.share_of, _members_moved(news, rule, subtree)
        if rule.share_with is not None and moved is None:
            sel = replace(sel, having=(*sel.having, rule.share_with))
        parts += [belonging(news, sel, kind, rule.every, subtree=subtree), moved or NOTHING]
    if rule.every is not None:
        parts.append(turned(news, rule.every))
    elif news.later and rule.hold:
        return Whole  # who reached a date earlier is asked again at each moment (T2)
    elif news.later:
        # Which grids stand on a date that lies ahead is asked of each day anew.
        ahead = {
            to_date(day).isoformat()
            for day, _ in rule.reach_on
            if (end := day_start_us(day + 1, news.ctx.zone)) > news.was and (end <= news.ctx.as_of or news.another_day)
        }
        parts.append(Scope(periods=frozenset(ahead)))
    return all_of(*parts)


def _members_moved(news: News, rule: Target, subtree: bool) -> Scope | None:
    """Above whom lie the grids or subjects that now count otherwise by the dates; None: that was not kept of all. Of a
    member that has a counterpart already, further ones change nothing."""
    share, head = rule.share_of, rule.head
    if share is None or share.same is not None or rule.share_with is None or rule.every is not None or rule.hold:
        return None
    first, behind = valid_days(news.ctx, head.valid_from, head.valid_to)
    ends = [day_start_us(day + 1, news.ctx.zone) for day, _ in rule.reach_on if first <= day < behind]
    keys = [(PLACES, share.source, rule.share_with, end) for end in ends]
    if not all(key in news.moved for key in keys):
        return None
    places = frozenset[str]().union(*(news.moved[key] for key in keys))
    rows = things(news.ctx, share, places)
    return Scope(holders=frozenset(holders_of(news, rows, rule.holders.source, subtree).get_column("holder")))


def _escalation(news: News, rule: Escalation) -> Scope | None:
    from wuding.assess.steps import after_closing

    opened = touched(news, rule.opens)
    if opened is None:
        return Whole
    cases = set() if opened.is_empty() else set(with_case(news.ctx, rule, opened).get_column("case").drop_nulls())
    old = news.old[rule.head.key]
    others = [*(rule.closes or ()), *(rule.pauses or ()), *([rule.transfers] if rule.transfers else [])]
    others += [step.of for step in rule.steps if step.of is not None]
    for sel in others:
        rows = touched(news, sel)
        if rows is None or (sel.same is not None and not rows.is_empty()):
            return Whole
        if rows.is_empty():
            continue
        if rule.case and sel.source == "fact":
            if all(f"f.{key}" in rows.columns for key in rule.case):
                cases |= set(rows.select(case_key(rule.case)).to_series().drop_nulls())
        else:
            about, places = rows.get_column("subject").drop_nulls(), rows.get_column("grid").drop_nulls()
            here = pl.when(pl.col("subject").is_not_null()).then(pl.col("subject").is_in(about.implode()))
            cases |= set(old.filter(here.otherwise(pl.col("grid").is_in(places.implode()))).get_column("case"))
    if news.later:
        repeated = [step for step in rule.steps if step.repeat is not None]
        if rule.pauses is not None or any(after_closing(rule, step) for step in repeated):
            return Whole
        # Time alone decides nothing but whether a limit has passed, and how often a notice was repeated.
        late, soon = pl.col("due") >= news.was, pl.col("due") <= news.ctx.as_of
        unsettled = pl.col("status").is_in(list(UNSETTLED)) | ((pl.col("step") == "") & pl.col("end").is_null())
        running = [((late & soon) | unsettled).fill_null(False)] if repeated else [late, soon]
        cases |= set(old.filter(*running).get_column("case"))
    return Scope(cases=frozenset(cases))


KINDS: Mapping[type, Callable[[News, Any], Scope | None]] = {
    Charter: _charter, Patrol: _patrol, Scoring: _scoring, Veto: _veto, Escalation: _escalation, Target: _target,
}  # fmt: skip
