"""Carrying the findings of an edition on: time passes, facts arrive (semantics 30).

Between two arrivals only what the new facts touch is assessed: by the rules' fact types first, then by what matching
says, then by a quick way where the rule has one, else by the planner of `wuding.assess.plan`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from wuding.assess.assessors import kinds_of
from wuding.assess.board import Board, Change, changes_of
from wuding.assess.changes import News, news_of
from wuding.assess.check import assessed
from wuding.assess.frame import as_texts, bare, empty, with_ids
from wuding.assess.live import NEVER, Live, first_after
from wuding.assess.plan import scope_of
from wuding.assess.pulse import midnight, next_day, pulse_of
from wuding.assess.quick import cases_of, countable, counted, may_be, nothing_ruled
from wuding.assess.quick_case import told_again
from wuding.assess.quick_limits import spaced
from wuding.assess.quick_share import carry, shared_again, shares_of
from wuding.domain.fact import CORE, Fact
from wuding.domain.instants import local_day
from wuding.engines.base import Changes, Match
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.kept import Kept, together
from wuding.engines.columnar.scope import Scope, inside
from wuding.engines.frames import frame_of
from wuding.engines.terms import thing_of
from wuding.program.builtin import FACTS
from wuding.program.model import Escalation, Patrol, Rule, Scoring, Target

LASTING = ("named", "offset", "tree")  # cached results that new facts and passing time leave as they are


def can_follow(live: Live, as_of: int, facts: Sequence[Fact]) -> bool:
    """Can the state be carried on in memory? Not where the registry changes, something recorded earlier is corrected
    or erased, or a fact lies before the days asked about."""
    own = live.program.domain.name
    if as_of < live.as_of:
        return False
    if live.ctx.today_end <= live.ctx.snap.window_from and as_of != live.as_of:
        return False  # periods come into sight when the window begins
    if not live.started and (as_of != live.as_of or any(fact.domain == own for fact in facts)):
        return False  # the window begins with the earliest fact (2b)
    for fact in facts:
        if fact.domain == CORE and fact.type != "import" and (fact.type not in FACTS or fact.type == "correction"):
            return False
        if fact.domain == own and local_day(fact.at, live.program.zone) < live.ctx.snap.window_from:
            return False
    return True


def wakes_at(live: Live) -> int:
    """The first moment at which time alone may change a finding."""
    if live.touched.restless:
        return live.as_of + 1
    return min([_next(live), *live.pulses.values()])


def _next(live: Live) -> int:
    return min(live.ahead, midnight(live.as_of, live.program.zone), next_day(live.as_of, live.program.zone))


def passed(live: Live, as_of: int) -> list[Change]:
    """Carries the state on to a later moment; answers what time alone has changed."""
    if as_of <= live.as_of:
        return []
    if as_of < wakes_at(live):
        live.ctx.snap = replace(live.ctx.snap, as_of=as_of)
        return []
    seen: dict[tuple[str, str], pl.DataFrame] = {}
    everything = as_of >= min(midnight(live.as_of, live.program.zone), next_day(live.as_of, live.program.zone))
    if live.ahead <= as_of:
        _settle(live)
        between = (pl.col("at") > live.as_of) & (pl.col("at") <= as_of)
        seen = {key: some for key, frame in live.facts.items() if not (some := frame.filter(between)).is_empty()}
    wanted = {key for key, at in live.pulses.items() if at <= as_of} | live.touched.restless
    wanted |= {key for _, type_ in seen for key in live.touched.by_type.get(type_, ())}
    everything = everything or any(key[0] == CORE for key in seen)
    return _go_on(Round(live, live.as_of, as_of, frames=seen), None if everything else wanted)


def arrived(live: Live, facts: Sequence[Fact], matches: Sequence[Match] | None = None) -> list[Change]:
    """Takes new facts into the state, as of the moment at which it stands; answers what they have changed. They must
    be such as it can follow. With the `matches` in which they take part, rules that look for such facts, one by one,
    and have none of the matches are left alone."""
    own = live.program.domain.name
    seen: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        live.known_seq = max(live.known_seq, fact.seq)
        key = ((CORE if fact.type in FACTS else own), fact.type)
        if key not in live.facts or fact.domain != key[0]:
            continue
        live.tails.setdefault(key, []).append(fact)
        if fact.at > live.as_of:
            live.ahead = min(live.ahead, fact.at)
        else:
            seen.setdefault(key, []).append(fact)
    if not seen:
        return []
    wanted: set[str] | None = None
    if not any(key[0] == CORE for key in seen):  # of rulings and absences the planner knows whom they concern
        wanted = {key for _, type_ in seen for key in live.touched.by_type.get(type_, ())}
        if matches is not None:
            wanted &= {match.rule for match in matches} | live.touched.joined
    return _go_on(Round(live, live.as_of, live.as_of, seen, matches), wanted)


@dataclass
class Round:
    """One step of a state: from the moment `was` to `as_of`, with the facts that are new (`facts`) or have come into
    sight (`frames`)."""

    live: Live
    was: int
    as_of: int
    facts: Mapping[tuple[str, str], Sequence[Fact]] = field(default_factory=dict)
    matches: Sequence[Match] | None = None
    frames: Mapping[tuple[str, str], pl.DataFrame] = field(default_factory=dict)
    found: dict[str, list[Change]] = field(default_factory=dict)  # by rule id
    _news: News | None = None
    _moved: bool = False

    def context(self) -> Context:
        """The context as of the step, made when it is first needed."""
        if not self._moved:
            self.live.ctx, self._moved = _context(self.live, self.as_of), True
        return self.live.ctx

    def news(self) -> News:
        """What the planner is told, made when it is first needed."""
        if self._news is None:
            live = self.live
            self.context()
            new = {key: frame_of(some, thing_of(live.program, key[1]).fields) for key, some in self.facts.items()}
            changes = Changes({key: frame.lazy() for key, frame in {**self.frames, **new}.items()})
            today_was = local_day(self.was - 1, live.program.zone) + 1
            self._news = news_of(live.ctx, changes, self.was, today_was, _Old(live.boards))
            self._news.changed.findings.update(dict.fromkeys((r.head.id for r in live.program.rules), empty()))
            for rule_id, found in self.found.items():
                self._tell(rule_id, found)
        return self._news

    def note(self, rule: Rule, found: Sequence[Change]) -> None:
        """Lets the rules that come later know which findings of this one differ."""
        dict.pop(self.live.ctx.findings, rule.head.id, None)
        self.found.setdefault(rule.head.id, []).extend(found)
        if self._news is not None:
            self._tell(rule.head.id, found)

    def _tell(self, rule_id: str, found: Sequence[Change]) -> None:
        assert self._news is not None
        rows = [row for change in found for row in (change.old, change.new) if row is not None]
        some = bare(next(iter(self.live.boards.values())).rows(rows))
        changed = self._news.changed.findings
        changed[rule_id] = together(changed[rule_id], some)


def _go_on(step: Round, wanted: Collection[str] | None) -> list[Change]:
    """Assesses the rules `wanted` (None: all that the planner names) and those that read what has changed."""
    live = step.live
    if step.as_of != step.was or wanted is None:
        step.news()
    if wanted is None:
        live.quick.clear()
    due, first = (None, frozenset()) if wanted is None else (set(wanted), frozenset(wanted))
    found: list[Change] = []
    for rule in live.program.rules:
        key = rule.head.key
        if due is not None and (key not in due or (key not in first and not _concerned(step, rule))):
            continue
        some = None if due is None else _quickly(step, rule, key in first)
        if some is None:
            some = _rule_again(step, rule)
            if due is not None:
                carry(live, rule)
        if some:
            step.note(rule, some)
            found += some
            if due is not None:
                due |= live.touched.readers.get(key, frozenset())
    if due is None:
        for rule in live.program.rules:
            carry(live, rule)
    return found


def _concerned(step: Round, rule: Rule) -> bool:
    """May a finding that has changed, in its old form or its new, be one that the rule looks for?"""
    live = step.live
    if rule.head.key in live.touched.always:
        return True
    selectors = live.touched.finding_selectors.get(rule.head.key, ())
    for rule_id in live.touched.reads[rule.head.key]:
        for change in step.found.get(rule_id, ()):
            for row in (change.old, change.new):
                if row is not None and any(may_be(sel, row) for sel in selectors):
                    return True
    return False


def _quickly(step: Round, rule: Rule, itself: bool) -> list[Change] | None:
    """What a quick way finds, where the rule has one. `itself`: the rule is touched by facts or by time, not only by
    findings of other rules."""
    live = step.live
    if itself and isinstance(rule, Patrol | Escalation):
        if not _alone(step, rule) or step.matches is None or not nothing_ruled(live):
            return None
        facts = [fact for some in step.facts.values() for fact in some]
        if isinstance(rule, Escalation):
            return told_again(live, rule, facts)
        if countable(rule):
            return counted(live, rule, facts, step.matches)
        return None if rule.apart is None else spaced(live, rule, facts, step.matches)
    if not itself and isinstance(rule, Scoring | Target):
        shares = shares_of(rule)
        if shares is None:
            return None
        named = {name.partition(".")[0] for share in shares for name in share.sel.names}
        changed = {id_ for id_, some in step.found.items() if some and id_ in live.touched.reads[rule.head.key]}
        if changed <= named and nothing_ruled(live):
            return shared_again(live, rule, [change for id_ in sorted(changed) for change in step.found[id_]])
    return None


class _Old(dict[str, Kept]):
    """By rule key the findings before the change, as the planner asks for them."""

    def __init__(self, boards: Mapping[str, Board]) -> None:
        super().__init__()
        self._boards = boards

    def __missing__(self, key: str) -> Kept:
        return Kept(bare(self._boards[key].frame()))

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._boards else default


def _rule_again(step: Round, rule: Rule) -> list[Change]:
    live, key = step.live, rule.head.key
    board, scope = live.boards[key], _quick_scope(step, rule)
    if scope is None:
        scope = scope_of(step.news(), rule)
    if scope is not None and not scope:
        if live.pulses[key] <= live.as_of:
            live.pulses[key] = pulse_of(board.frame(), live.as_of)
        return []
    new = assessed(replace(step.context(), scope=scope), rule, live.touched.names)
    new = as_texts(with_ids(new, live.program.book, live.touched.names, kinds_of(rule)))
    before = board.frame()
    old = before if scope is None else before.filter(inside(scope))
    found = changes_of(old, new)
    if found:
        board.renew(new if scope is None else pl.concat([before.filter(~inside(scope)), new]))
    if found or live.pulses[key] <= live.as_of:
        live.pulses[key] = pulse_of(board.frame(), live.as_of)
    return found


def _quick_scope(step: Round, rule: Rule) -> Scope | None:
    """The cases that new facts touch, where they alone say it; None: the planner must be asked."""
    if not isinstance(rule, Escalation) or not _alone(step, rule):
        return None
    return cases_of(step.live, rule, [fact for some in step.facts.values() for fact in some])


def _alone(step: Round, rule: Rule) -> bool:
    """Do new facts alone touch the rule, and each the things that it names itself?"""
    touched, key = step.live.touched, rule.head.key
    facts_alone = step.was == step.as_of and not step.frames and not any(name[0] == CORE for name in step.facts)
    read = any(step.found.get(id_) for id_ in touched.reads[key])
    return facts_alone and not read and key not in touched.joined | touched.always


def _settle(live: Live) -> None:
    """Puts the facts that came one by one into the frames; what was made of facts of their types is forgotten."""
    for key, tail in live.tails.items():
        new = frame_of(tail, thing_of(live.program, key[1]).fields)
        live.facts[key] = pl.concat([live.facts[key], new], rechunk=True)
    types = {type_ for _, type_ in live.tails}
    for name in list(live.ctx.cache):
        if (name[0] == "acting" and "absence" in types) or (name[0] == "facts" and name[1] in types):
            del live.ctx.cache[name]
    live.tails.clear()


def _context(live: Live, as_of: int) -> Context:
    """The context as of a moment, with what new facts and passing time leave as it was."""
    _settle(live)
    old, sight = live.ctx, as_of < live.ahead
    lasting = (*LASTING, "facts", "acting") if sight else LASTING
    kept = {key: value for key, value in old.cache.items() if key in lasting or key[0] in lasting}
    if not sight:
        live.ahead = min((first_after(frame, as_of) for frame in live.facts.values()), default=NEVER)
    snap = replace(old.snap, facts={key: frame.lazy() for key, frame in live.facts.items()}, as_of=as_of)
    return replace(old, snap=snap, today_end=local_day(as_of - 1, live.program.zone) + 1, cache=kept, locks={})
