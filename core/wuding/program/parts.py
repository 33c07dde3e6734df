"""What a rule is made of, and the digest of all that decides what it concludes (semantics 27, 30)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256

from wuding.lang.nodes import Param
from wuding.program.added import Added
from wuding.program.model import Charter, Escalation, Patrol, Program, Rule, Scoring, Selector, Veto

MEANING = 3  # counts the changes of what rules mean in this code: earlier findings are not carried over then
UNSAID = frozenset({"title", "label", "clauses", "severity", "span"})  # said to people, decides nothing


def parts_of(item: object) -> Iterator[object]:
    """Everything that a rule is made of: selectors, conditions, terms."""
    if is_dataclass(item) and not isinstance(item, type):
        yield item
        for field in fields(item):
            yield from parts_of(getattr(item, field.name))
    elif isinstance(item, tuple):
        for part in item:
            yield from parts_of(part)
    elif isinstance(item, Mapping):
        for part in item.values():
            yield from parts_of(part)


def rules_asked(rules: Iterable[Rule], rule: Charter, thing: str) -> list[Patrol | Scoring | Veto]:
    """The rules that may be the task, or the reward, of those whom the charter is about. No live rule uses a trial one
    (23)."""
    found: list[Patrol | Scoring | Veto] = []
    for other in rules:
        if other.head.trial and not rule.head.trial:
            continue
        if isinstance(other, Patrol if thing == "task" else Scoring) and other.holders.source == rule.holders.source:
            found.append(other)
        if isinstance(other, Veto) and thing == "reward" and rule.holders.source in ("grid", other.strikes):
            found.append(other)
    return found


def holders_asked(rules: Iterable[Rule], rule: Charter) -> list[Selector]:
    """Whom the rules are about of which the charter asks whether there is one for its own holders."""
    things = [thing for thing in rule.complete if thing in ("task", "reward")]
    found = [other for thing in things for other in rules_asked(rules, rule, thing)]
    return [other.holders for other in found if not isinstance(other, Veto)]


def rule_digests(program: Program, in_force: tuple[int | None, int | None] = (None, None)) -> dict[str, str]:
    """For the key of each rule of an edition a digest of what decides its findings, apart from what is recorded:
    the rule, the parameters that it reads, the calendar, the domain, the subtree. Where two agree, the same
    facts make the same findings."""
    domain = program.domain
    common = [
        MEANING, program.book, program.grid, program.zone, program.retroactive, in_force,
        _said(tuple(program.calendar.items())), _said((domain.name, domain.levels, domain.roles, domain.effects)),
        _said((domain.subjects, domain.facts)),
    ]  # fmt: skip
    return {rule.head.key: _digest(program, rule, common) for rule in program.rules}


def _digest(program: Program, rule: Rule, common: list[object]) -> str:
    names = sorted({part.name for part in parts_of(rule) if isinstance(part, Param)})
    parameters = [_said(program.parameters[name]) for name in names if name in program.parameters]
    others: object = ()
    if isinstance(rule, Charter) and rule.complete:  # asks which rules there are (C4)
        others = _said(program.rules)
    if isinstance(rule, Added):
        others = (rule.section.name, rule.section.meaning)
    used = program.uses.get(rule.head.key, frozenset())
    cases = sorted((r.head.key, r.case) for r in program.rules if isinstance(r, Escalation) and r.head.key in used)
    named = sorted(
        (r.head.key, r.head.was) for r in program.rules if r.head.was and r.head.key in used
    )  # ids of causes
    told = repr((common, sorted(used), cases, named, _said(rule), parameters, others))
    return sha256(told.encode()).hexdigest()[:32]


def _said(item: object) -> object:
    """The item in plain tuples, without what is only said to people."""
    if is_dataclass(item) and not isinstance(item, type):
        kept = [(f.name, _said(getattr(item, f.name))) for f in fields(item) if f.name not in UNSAID]
        return (type(item).__name__, *kept)
    if isinstance(item, Mapping):
        return tuple((str(key), _said(value)) for key, value in item.items())
    if isinstance(item, list | tuple):
        return tuple(_said(part) for part in item)
    if isinstance(item, frozenset | set):
        return tuple(sorted(str(part) for part in item))
    return item
