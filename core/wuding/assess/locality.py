"""What a rule needs of the tree: can it be assessed branch by branch, and what must then not be parted?

Said of the rule alone, before any fact is looked at; `branches` looks whether the facts keep to it. A rule of which
nothing is known here needs everything: parting one in vain would cost the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from wuding.engines.columnar.links import BUILTIN_KEYS
from wuding.engines.terms import key_fields, thing_of, types_of
from wuding.lang.nodes import Param
from wuding.program.builtin import FACTS
from wuding.program.model import Charter, Escalation, Measure, Patrol, Program, Rule, Scoring, Selector, Target, Veto
from wuding.program.parts import holders_asked, parts_of

SUBJECT = ("subject",)
ANY = ""  # a grid of whatever level


@dataclass(frozen=True)
class Link:
    """Facts of these types that agree in `fields` must lie in one branch; by `SUBJECT`, with the subject itself
    wherever it ever stood, and the posts that are about it."""

    types: frozenset[str]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Needs:
    """What must hold for a rule to be assessed branch by branch: `links` do not cross branches, and all that ever lay
    below a grid of one of the `levels` lies in its branch. `whole`: why it can never be (catalogue `whole.<word>`).
    `away`: its findings are about the grids of these levels, which need not lie in the branch of their causes."""

    links: frozenset[Link] = frozenset()
    levels: frozenset[str] = frozenset()
    whole: str = ""
    away: frozenset[str] = frozenset()

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.links | other.links, self.levels | other.levels, self.whole or other.whole, self.away | other.away
        )


NONE = Needs()
PEOPLE = Needs(whole="people")
EVERYTHING = Needs(whole="everything")


def needs_of(program: Program, rule: Rule) -> Needs:
    """What it takes to assess the rule branch by branch."""
    kind = KINDS.get(type(rule))
    if kind is None:
        return Needs(whole="section")
    found: Needs = kind(program, rule)
    for part in parts_of(rule):
        if isinstance(part, Selector) and part.source == "fact" and set(part.names) & set(FACTS):
            found |= Needs(whole="core-facts")  # every branch sees all of them
        if isinstance(part, Param) and part.name in program.parameters and program.parameters[part.name].by_finding:
            found |= EVERYTHING
    return found


def fact_types_of(program: Program, rule: Rule) -> frozenset[str]:
    """The fact types that a rule looks at itself."""
    named = (p for p in parts_of(rule) if isinstance(p, Selector) and p.source == "fact")
    return frozenset(name for sel in named for name in types_of(program, sel))


# ── who belongs to whom: what `links.linked` and `match.joined` join by ──────────────────────────
def _link(program: Program, fields: Iterable[str], *sels: Selector) -> Needs:
    types = frozenset(name for sel in sels for name in _behind(program, sel))
    return Needs(frozenset({Link(types, tuple(sorted(fields)))}))


def _behind(program: Program, sel: Selector, seen: frozenset[str] = frozenset()) -> frozenset[str]:
    """The fact types that a selector selects; of findings, those of which they are made."""
    if sel.source == "fact":
        return frozenset(types_of(program, sel))
    if sel.source != "finding":
        return frozenset()
    wanted = {name.partition(".")[0] for name in sel.names} - seen
    found: frozenset[str] = frozenset()
    for rule in program.rules:
        if rule.head.id in wanted:
            for part in parts_of(rule):
                if isinstance(part, Selector):
                    found |= _behind(program, part, seen | wanted)
    return found


def _keys(program: Program, sel: Selector) -> set[str]:
    """The fields that identify the matter of all facts of the selector."""
    if sel.source != "fact":
        return set()
    return set.intersection(*[set(key_fields(thing_of(program, name))) for name in types_of(program, sel)])


def _same(program: Program, one: Selector, other: Selector, names: tuple[str, ...]) -> Needs:
    """Two things that belong together because they agree in these fields."""
    if "grid" in names:
        return NONE
    if "subject" in names:
        return _link(program, SUBJECT, one, other)
    if not names or set(names) & set(BUILTIN_KEYS) or {one.source, other.source} != {"fact"}:
        return EVERYTHING
    return _link(program, names, one, other)


def _alone(program: Program, sel: Selector) -> Needs:
    """What it takes to judge a thing by its counterparts."""
    found = NONE
    for other in (*sel.having, *sel.lacking):
        found |= _mates(program, sel, other)
    return found


def _mates(program: Program, sel: Selector, other: Selector) -> Needs:
    found = _alone(program, other)
    if other.same is not None:
        return found | _same(program, sel, other, other.same)
    if sel.source == "grid":
        return found
    if sel.source == "post":
        return PEOPLE
    if sel.source == "subject":
        return found | _link(program, SUBJECT, sel, other)
    shared = _keys(program, sel) & _keys(program, other)
    if shared:
        return found | _link(program, shared, sel, other)
    if sel.source == "fact" and other.source == "finding":
        found |= _naming(program, sel, other)
    return found | _link(program, SUBJECT, sel, other)


def _naming(program: Program, facts: Selector, told: Selector) -> Needs:
    """What it takes to find the findings of the keyed cases that facts name."""
    found = NONE
    wanted = {name.partition(".")[0] for name in told.names}
    for rule in program.rules:
        if isinstance(rule, Escalation) and rule.head.id in wanted and rule.case:
            found |= EVERYTHING if rule.opens.source == "finding" else _link(program, rule.case, facts, rule.opens)
    return found


def _belongs(program: Program, sel: Selector, holders: Selector, subtree: bool = False) -> Needs:
    """What it takes to find the things of a selector that belong to holders."""
    found = _alone(program, sel)
    kind = holders.source
    if sel.same is not None:
        return found | _same(program, holders, sel, sel.same)
    if kind == "grid":
        below = subtree or sel.within == "subtree"
        return found | Needs(levels=frozenset(holders.names or (ANY,))) if below else found
    if kind == "post":
        return PEOPLE
    if kind == "fact":
        fields = {f for name in types_of(program, holders) for f in thing_of(program, name).fields}
        keys = _keys(program, sel) & fields
        if sel.source == "finding":
            found |= _naming(program, holders, sel)
        return found | _link(program, keys or SUBJECT, holders, sel)
    return found | _link(program, SUBJECT, holders, sel)


def _asked(program: Program, holders: Selector) -> Needs:
    """What it takes to know who is asked, each of them once."""
    if holders.source == "post":
        return PEOPLE
    found = _alone(program, holders)
    return found | _link(program, SUBJECT, holders) if holders.source == "subject" else found


# ── one section after the other ──────────────────────────────────────────────────────────────────
def _charter(program: Program, rule: Charter) -> Needs:
    found = _asked(program, rule.holders)
    if rule.exclusive != "no" or rule.deputy == "neighbour":
        return found | PEOPLE
    for holders in holders_asked(program.rules, rule):
        found |= _asked(program, holders)
    if rule.of is None or rule.kind == "seat":
        return found
    subtree = rule.kind == "partition" or (rule.kind == "count" and rule.of.within != "self")
    return found | _belongs(program, rule.of, rule.holders, subtree)


def _patrol(program: Program, rule: Patrol) -> Needs:
    found = _asked(program, rule.holders)
    return found if rule.do is None else found | _belongs(program, rule.do, rule.holders)


def _measures(program: Program, measures: Iterable[Measure], holders: Selector, subtree: bool) -> Needs:
    found = NONE
    for measure in measures:
        if measure.of is not None:
            found |= _belongs(program, measure.of, holders, subtree)
            if measure.share_with is not None:
                found |= _mates(program, measure.of, measure.share_with)
    return found


def _scoring(program: Program, rule: Scoring) -> Needs:
    found = _asked(program, rule.holders) | _measures(program, rule.measures, rule.holders, False)
    for item in rule.items:
        if item.each is not None:
            found |= _belongs(program, item.each, rule.holders)
    if rule.rank_in == "book":
        return found | Needs(whole="rank")
    if rule.rank_in is not None:
        found |= Needs(levels=frozenset({ANY if rule.rank_in == "up" else rule.rank_in}))
    return found


def _veto(program: Program, rule: Veto) -> Needs:
    found = _alone(program, rule.cause)
    if rule.strikes == "post":
        return PEOPLE
    if rule.strikes == "subject":
        return found | _link(program, SUBJECT, rule.cause)
    level = frozenset({rule.strikes})
    return found | (Needs(away=level) if rule.every is None else Needs(levels=level))


def _escalation(program: Program, rule: Escalation) -> Needs:
    found = _alone(program, rule.opens)
    if rule.case:
        found |= EVERYTHING if rule.opens.source == "finding" else _link(program, rule.case, rule.opens)
    others = [*(rule.closes or ()), *(rule.pauses or ()), *([rule.transfers] if rule.transfers else [])]
    for sel in [*others, *(step.of for step in rule.steps if step.of is not None)]:
        found |= _alone(program, sel)
        if sel.same is not None:
            found |= _same(program, rule.opens, sel, sel.same)
        elif rule.case and sel.source == "fact":
            if all(set(rule.case) <= set(thing_of(program, name).fields) for name in types_of(program, sel)):
                found |= _link(program, rule.case, rule.opens, sel)
        else:
            found |= _link(program, SUBJECT, rule.opens, sel)
    return found


def _target(program: Program, rule: Target) -> Needs:
    subtree = rule.holders.source == "grid"
    found = _asked(program, rule.holders) | _measures(program, rule.measures, rule.holders, subtree)
    if rule.count is not None:
        found |= _belongs(program, rule.count, rule.holders, subtree)
    if rule.share_of is not None:
        found |= _belongs(program, rule.share_of, rule.holders, subtree)
        if rule.share_with is not None:
            found |= _mates(program, rule.share_of, rule.share_with)
    return found


KINDS: dict[type, Callable[[Program, Any], Needs]] = {
    Charter: _charter, Patrol: _patrol, Scoring: _scoring, Veto: _veto, Escalation: _escalation, Target: _target,
}  # fmt: skip
