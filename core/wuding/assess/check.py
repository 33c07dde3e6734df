"""The check: of everything, or going on from the last one. Then only what a change touches is assessed, and the rest of
the last check's findings stands (semantics 30)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import polars as pl

from wuding.assess.assessors import SIDE_BY_SIDE, assess_rule, strata
from wuding.assess.changes import News, difference, news_of
from wuding.assess.escalation import escalated
from wuding.assess.frame import as_texts, bare, empty, oldest_name, oldest_names, with_ids
from wuding.assess.narrow import naming_their_case, narrowed_to
from wuding.assess.plan import scope_of
from wuding.assess.rulings import breaches_of, ruled
from wuding.domain.instants import local_day
from wuding.engines.base import Changes, Snapshot
from wuding.engines.columnar.context import PLACES, Context, lasting_of, open_context
from wuding.engines.columnar.counterparts import places_with, with_more
from wuding.engines.columnar.facts import facts_of, thing_type
from wuding.engines.columnar.index import index_of
from wuding.engines.columnar.kept import Kept, kept_by_case, together
from wuding.engines.columnar.scope import Scope
from wuding.program.builtin import FACTS
from wuding.program.model import Escalation, Program, Rule, Selector
from wuding.program.parts import parts_of, rule_digests


@dataclass(frozen=True)
class Concluded:
    """What the check of one edition of a book concluded, and upon what. `kept`: by rule key the findings, without
    the ids that follow from them; `digests`: by rule key what decided them, apart from the facts; `names`: the oldest
    name of each rule renamed. `scopes`: by rule key, for whom it was assessed this time; None: for all. `lasting`:
    what was made of the grids, and where in time the facts of cases lie."""

    book: str
    as_of: int
    window_from: int
    digests: Mapping[str, str]
    kept: Mapping[str, Kept]
    names: Mapping[str, str]
    scopes: Mapping[str, Scope | None] = field(default_factory=dict)
    lasting: Mapping[Any, Any] = field(default_factory=dict)

    def named(self, key: str) -> pl.DataFrame:
        """The findings of one rule: `book id` and the columns of `frame.SCHEMA`, in its types."""
        return with_ids(self.kept[key].frame(), self.book, self.names)

    @cached_property
    def frames(self) -> Mapping[str, pl.DataFrame]:
        """The same of all rules, by key, texts written out: put together when somebody first asks."""
        return {key: as_texts(self.named(key)) for key in self.kept}

    @property
    def frame(self) -> pl.DataFrame:
        """All findings, in the order of the rules."""
        return pl.concat(self.frames.values()) if self.frames else as_texts(with_ids(empty(), "", {}))


def told_again(book: str, as_of: int, window_from: int, digests: Mapping[str, str], frame: pl.DataFrame) -> Concluded:
    """What an earlier check concluded, from its findings in one frame (`book id` and the columns of `SCHEMA`)."""
    parts = frame.partition_by("rule", "variant", as_dict=True, maintain_order=True)
    found = {(f"{rule}[{variant}]" if variant else str(rule)): part for (rule, variant), part in parts.items()}
    names = {str(rule): oldest_name(part.row(0, named=True)) for (rule, _), part in parts.items()}
    kept = {key: Kept(bare(found.get(key, frame.clear()))) for key in digests}
    return Concluded(book, as_of, window_from, digests, kept, {new: old for new, old in names.items() if new != old})


def check(program: Program, snap: Snapshot) -> pl.DataFrame:
    """All findings of a book as of the snapshot's moment: `book id` and the columns of `frame.SCHEMA`, in the
    order of the rules. Raises WudingError WD801 when a number outgrows 64 bits."""
    return conclude(program, snap).frame


def conclude(
    program: Program, snap: Snapshot, past: Concluded | None = None, changes: Changes | None = None
) -> Concluded:
    """The findings of a book as of the snapshot's moment. With the last check (`past`) and what has `changes` since,
    only what they touch is assessed: the answer is the same, row for row, as without."""
    digests = rule_digests(program, snap.in_force)
    news = None
    today_was = 0 if past is None else local_day(past.as_of - 1, program.zone) + 1
    if past is None or changes is None or not _comparable(past, digests, today_was, snap, changes):
        ctx = open_context(program, snap)
    else:
        read = zip(changes.facts, pl.collect_all(changes.facts.values()), strict=True)
        changes = replace(changes, facts={key: some.lazy() for key, some in read})
        ctx = open_context(program, snap, _lasting(program, past, changes))
        news = news_of(ctx, changes, past.as_of, today_was, past.kept)
        _more_places(news, changes)
        gone = [kept.frame() for key, kept in past.kept.items() if key not in digests]
        for rule_id, some in _by_id(gone).items():
            news.changed.findings[rule_id] = some
    names = oldest_names(program)
    asked = {param.by_finding for param in program.parameters.values() if param.by_finding}
    kept: dict[str, Kept] = {}
    used = frozenset[str]().union(*program.uses.values())
    scopes: dict[str, Scope | None] = {}

    def run(rule: Rule) -> tuple[Scope | None, Kept, pl.DataFrame | None]:
        """For whom the rule was assessed, all its findings, and the new ones among them."""
        key = rule.head.key
        old = past.kept.get(key) if past is not None and past.digests.get(key) == digests[key] else None
        scope = scope_of(news, rule) if news is not None and old is not None else None
        if scope is None or old is None:
            whole = assessed(ctx, rule, names).rechunk()  # it will be looked through: see `facts.in_one_piece`
            _index(ctx, rule)
            return None, kept_by_case(whole) if isinstance(rule, Escalation) else Kept(whole), whole
        if not scope:
            return scope, old, None
        new = assessed(narrowed_to(ctx, rule, scope), rule, names)
        return scope, old.changed(scope, new), new

    # What is left of a rule after few changes is too little to be worth a second thread: it costs a fifth more CPU.
    with ThreadPoolExecutor(SIDE_BY_SIDE if news is None else 1) as pool:
        groups = strata(program)
        for n, stratum in enumerate(groups):
            for rule, (scope, found, new) in zip(stratum, pool.map(run, stratum), strict=True):
                ctx.findings[rule.head.id] = together(ctx.findings.get(rule.head.id), found)
                kept[rule.head.key], scopes[rule.head.key] = found, scope
                if news is not None and (rule.head.key in used or rule.head.id in asked):
                    _told(news, rule, scope, new)
            ctx.forget(facts_read(rule for later in groups[n + 1 :] for rule in later))
    ordered = {rule.head.key: kept[rule.head.key] for rule in program.rules}
    return Concluded(program.book, snap.as_of, snap.window_from, digests, ordered, names, scopes, lasting_of(ctx))


def _index(ctx: Context, rule: Rule) -> None:
    """Remembers when the facts of the rule's cases happened, while they are there: anew, as a rule that is assessed
    whole may read them differently from before."""
    if isinstance(rule, Escalation):
        for name in naming_their_case(ctx, rule):
            ctx.cache["index", name, rule.case] = index_of(facts_of(ctx, name), rule.case)


def _lasting(program: Program, past: Concluded, changes: Changes) -> Mapping[Any, Any]:
    """What the last check made that still serves; where the facts lie that are new or that were corrected, too."""
    found = dict(past.lasting)
    for key, index in past.lasting.items():
        if key[0] == "index" and (new := changes.facts.get((program.domain.name, key[1]))) is not None:
            found[key] = pl.concat([index, index_of(new, key[2])])
    return found


def _more_places(news: News, changes: Changes) -> None:
    """Adds the new facts to what the last check found of places; what was corrected must be looked at anew."""
    cache = news.ctx.cache
    for key in [key for key in cache if key[0] == PLACES]:
        _, source, other, until = key
        kind, _ = thing_type(news.ctx, other.names[0])
        if kind not in changes.facts:
            news.moved[key] = pl.Series(dtype=pl.String)
        elif kind in changes.added:
            more = places_with(news.changed, source, other, until)
            cache[key], news.moved[key] = with_more(cache[key], more, source)
        else:
            del cache[key]


def facts_read(rules: Iterable[Rule]) -> frozenset[str]:
    """The types of the facts that these rules, or anything of the core, may read."""
    selectors = (part for rule in rules for part in parts_of(rule) if isinstance(part, Selector))
    return frozenset(FACTS).union(*(sel.names for sel in selectors if sel.source == "fact"))


def _comparable(past: Concluded, digests: Mapping[str, str], today_was: int, snap: Snapshot, changes: Changes) -> bool:
    """Can anything of the last check stand? Not where every rule, or the domain, means something else now; nor where
    the window had not begun: periods come into sight with it."""
    same = past.window_from == snap.window_from and past.window_from < today_was
    meant = not past.digests.items().isdisjoint(digests.items())
    return same and meant and past.as_of <= snap.as_of and "grid" not in changes.registry


def assessed(ctx: Context, rule: Rule, names: Mapping[str, str]) -> pl.DataFrame:
    """The findings of one rule, after rulings, without their ids. `names`: the oldest name of each rule renamed."""
    return pl.concat(assessed_apart(ctx, rule, names))


def assessed_apart(ctx: Context, rule: Rule, names: Mapping[str, str]) -> list[pl.DataFrame]:
    """The same in one part or several."""
    parts = escalated(ctx, rule) if isinstance(rule, Escalation) else [assess_rule(ctx, rule)]
    return [ruled(ctx, part, names, breaches_of(rule)) for part in parts]


def _told(news: News, rule: Rule, scope: Scope | None, new: pl.DataFrame | None) -> None:
    """Lets the rules that come later know which findings of this one differ: of the `new` and those in their place."""
    old = news.old.get(rule.head.key)
    if new is None:
        assert old is not None
        found = old.clear()
    else:
        gone = new.clear() if old is None else old.frame() if scope is None else old.inside(scope)
        found = difference(gone, new)
    news.changed.findings[rule.head.id] = together(news.changed.findings.get(rule.head.id), found)


def _by_id(frames: Iterable[pl.DataFrame]) -> dict[str, pl.DataFrame]:
    found: dict[str, pl.DataFrame] = {}
    for frame in frames:
        for (rule_id,), some in frame.partition_by("rule", as_dict=True).items():
            before = found.get(str(rule_id))
            found[str(rule_id)] = some if before is None else pl.concat([before, some])
    return found
