"""A book in words: things, limits, rules as sentences, in Chinese and English, with the numbers that hold on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from wuding.catalogue import text, texts
from wuding.domain.number import plain
from wuding.domain.period import Every
from wuding.lang import say as saying
from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Has, Lit, Not, OneOf, Or, Param, Term
from wuding.program.model import (
    Escalation,
    FieldType,
    Label,
    Parameter,
    Program,
    Rule,
    Selector,
    Test,
    Thing,
    else_id,
)

N = TypeVar("N", bound="Cond | Term")
BUILT_IN = {
    "fact": ("occurred_at", "recorded_at", "actor", "grid", "subject", "seq"),
    "grid": ("code", "name", "level", "kind", "kinds", "parent"),
    "subject": ("id", "type", "name", "grid"),
    "post": ("person", "role", "capacity", "grid"),
    "finding": (
        "status",
        "band",
        "rank",
        "period",
        "case",
        "rule",
        "step",
        "variant",
        "score",
        "value",
        "days",
        "count",
    ),
}


@dataclass(frozen=True)
class Words:
    """Speaks of one program, in one language (zh, en), as it stands on a day (None: without looking up numbers)."""

    program: Program
    lang: str
    day: int | None = None

    def say(self, key: str, /, **args: object) -> str:
        return text(key, self.lang, **args)

    def word(self, kind: str, name: str) -> str:
        """A name of the program as the catalogue has it, else the name itself."""
        return text(f"{kind}.{name}", self.lang) if f"{kind}.{name}" in texts() else name

    def joined(self, parts: Iterable[str], by: str = "clauses") -> str:
        return self.say(by).join(parts)

    def label(self, label: Label) -> str:
        return label.get(self.lang)

    # ── names ────────────────────────────────────────────────────────────────────────────────────
    def level(self, name: str) -> str:
        """A level of the tree, by the domain's name for it."""
        for own, local in self.program.levels.items():
            if name in local and own in self.program.domain.levels:
                return self.label(self.program.domain.levels[own])
        return name

    def kind(self, name: str) -> str:
        """A kind of grid, as the domain calls it."""
        kinds = self.program.domain.kinds
        return self.label(kinds[name]) if name in kinds else name

    def role(self, name: str) -> str:
        roles = self.program.domain.roles
        return self.label(roles[name].label) if name in roles else self.say("role.self") if name == "self" else name

    def duty(self, name: str) -> str:
        duties = self.program.domain.duties
        return self.label(duties[name]) if name in duties else name

    def thing(self, name: str) -> str:
        """A fact type or a subject type."""
        found = self.program.domain.facts.get(name) or self.program.domain.subjects.get(name)
        return self.label(found.label) if found else name

    def rule(self, name: str) -> str:
        """What a reference `rule` or `rule.step` names, by the rule's title."""
        rule, _, step = name.partition(".")
        if step:
            return self.say("words.step-of", step=self.called(step), rule=self.title(rule))
        return self.say("words.rule", rule=self.title(rule))

    def title(self, rule: str) -> str:
        """The title of the rule with this id, else the id."""
        return next((self.label(r.head.title) for r in self.program.rules if r.head.id == rule), rule)

    def names(self, sel: Selector) -> str:
        """The things that a selector names, without its conditions."""
        of = {"grid": self.level, "post": self.role, "finding": self.rule}.get(sel.source, self.thing)
        listed = [of(name) for name in dict.fromkeys(sel.names)]
        return self.joined(listed, "or") if listed else self.say(f"term.{sel.source}")

    def called(self, name: str) -> str:
        """What a band, an item, a measure, a step, a season or a list is called: by `labels`, else by its name."""
        label = self.program.labels.get(name)
        if label is None and (failing := self._failing(name)) is not None:
            return self.say("words.else-step", step=self.called(failing))
        return self.label(label) if label else name

    def _failing(self, name: str) -> str | None:
        """The step whose failure the step of this name tells."""
        if not name.endswith(else_id("")):
            return None
        cases = (rule for rule in self.program.rules if isinstance(rule, Escalation))
        return next((s.after for rule in cases for s in rule.steps if s.on_failure and s.id == name), None)

    def season(self, name: str) -> str:
        """A season of the book's calendar with its days: `冬春（11-01 至 03-31）`."""
        season = self.program.calendar.get(name)
        if season is None or season.start is None or season.end is None:
            return self.called(name)
        first, last = (f"{month:02}-{day:02}" for month, day in (season.start, season.end))
        return self.say("words.named", code=self.called(name), name=self.say("words.interval", low=first, high=last))

    # ── conditions and numbers ───────────────────────────────────────────────────────────────────
    def fields(self, sel: Selector | None) -> dict[str, FieldType]:
        """The fields that a selector's conditions may read, with their labels."""
        if sel is None:
            return {}
        found = {name: _built_in(name) for name in BUILT_IN[sel.source]}
        tables: Mapping[str, Thing] = {}
        if sel.source == "fact":
            tables = self.program.domain.facts
        elif sel.source == "subject":
            tables = self.program.domain.subjects
        for name in sel.names or tables:
            if name in tables:
                found |= tables[name].fields
        return found

    def voice(self, sel: Selector | None, holder: Selector | None = None) -> saying.Voice:
        return saying.Voice(self.lang, self.fields(sel), self.fields(holder))

    def condition(self, cond: Cond, sel: Selector | None, holder: Selector | None = None) -> str:
        return saying.condition(self.settled(cond), self.voice(sel, holder))

    def term(self, term: Term, sel: Selector | None = None, holder: Selector | None = None) -> str:
        return saying.term(self.settled(term), self.voice(sel, holder))

    def test(self, test: Test, it: str = "words.it") -> str:
        """A test of a number: `数量不小于1`, `the number is at least 1`; `it` names it in the catalogue."""
        number = FieldType("it", "number", Label(text(it, "zh"), text(it, "en")))
        return saying.condition(self.settled(test.cond), saying.Voice(self.lang, {"it": number}))

    def limit(self, limit: Duration | Term | None) -> str:
        """A length of time, or the parameter that holds it."""
        if limit is None:
            return ""
        if isinstance(limit, Duration):
            return saying.duration(limit, self.lang)
        found = self.settled(limit)
        return saying.term(found, self.voice(None))

    def every(self, every: Every) -> str:
        return self.say("every.years", n=every.n) if every.n > 1 else self.say(f"every.{every.unit}")

    def settled(self, node: N) -> N:
        """The condition or term with each parameter that has one number for all in place of its name."""
        return node if self.day is None else _settled(node, self.program.parameters, self.day)

    # ── selectors ────────────────────────────────────────────────────────────────────────────────
    def selector(self, sel: Selector, holder: Selector | None = None) -> str:
        """The things with all that is asked of them: `消防检查（由消防管理人员完成，已登记报备为是）`."""
        asked = list(self._asked(sel, holder))
        return self.say("words.things", names=self.names(sel), asked=self.joined(asked)) if asked else self.names(sel)

    def _asked(self, sel: Selector, holder: Selector | None) -> Iterable[str]:
        if sel.by:
            yield self.say("words.by", roles=self.joined([self.role(r) for r in sel.by], "or"))
        if sel.when is not None:
            yield self.condition(sel.when, sel, holder)
        if isinstance(sel.within, Duration):
            yield self.say("words.within", limit=self.limit(sel.within))
        elif sel.within:
            yield self.say(f"within.{sel.within}")
        for other in sel.having:
            yield self.say("words.with", things=self.selector(other))
        for other in sel.lacking:
            yield self.say("words.without", things=self.selector(other))
        if sel.distinct:
            label = self.fields(sel).get(sel.distinct)
            yield self.say("words.distinct", field=self.label(label.label) if label else sel.distinct)

    def parameters(self, rule: Rule) -> list[Parameter]:
        """The parameters that a rule reads, by name."""
        return [
            self.program.parameters[name] for name in sorted(parameter_names(rule)) if name in self.program.parameters
        ]


def parameter_names(node: object) -> set[str]:
    """The names of all parameters inside a rule, a selector, a condition."""
    if isinstance(node, Param):
        return {node.name}
    if isinstance(node, Mapping):
        return set().union(*(parameter_names(part) for part in node.values()))
    if isinstance(node, tuple | list | frozenset):
        return set().union(*(parameter_names(part) for part in node))
    parts = getattr(node, "__dataclass_fields__", {})
    return set().union(*(parameter_names(getattr(node, name)) for name in parts))


def value_on(parameter: Parameter, day: int) -> object:
    """What a parameter is on a day: a value, a table, or None before its first value."""
    standing = [value for start, value in parameter.values if start <= day]
    return standing[-1] if standing else None


def value_text(value: object, lang: str) -> str:
    """A parameter's value as people read it; a table entry by entry."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {value_text(part, lang)}" for key, part in value.items())
    if isinstance(value, Duration):
        return saying.duration(value, lang)
    return plain(value) if isinstance(value, Fraction) else "" if value is None else str(value)


def _built_in(name: str) -> FieldType:
    key = f"field.{name}"
    statuses = {
        k.partition(".")[2]: Label(t["zh"], t["en"])
        for k, t in texts().items()
        if name == "status" and k.startswith("status.")
    }
    kind = {"occurred_at": "time", "recorded_at": "time"}.get(name, "text")
    return FieldType(name, kind, Label(text(key, "zh"), text(key, "en")), value_labels=statuses)


def _settled(node: N, known: Mapping[str, Parameter], day: int) -> N:
    found: object = node
    match node:
        case Param(name, type_) if name in known and not known[name].by and not known[name].by_finding:
            value = value_on(known[name], day)
            if isinstance(value, str | bool | int | Fraction | Duration):
                found = Lit(value, type_ or known[name].type)
        case Arith(_, args):
            found = replace(node, args=tuple(_settled(arg, known, day) for arg in args))
        case Cmp(_, left, right):
            found = replace(node, left=_settled(left, known, day), right=_settled(right, known, day))
        case OneOf(left, options):
            found = replace(
                node, left=_settled(left, known, day), options=tuple(_settled(o, known, day) for o in options)
            )
        case Not(arg):
            found = Not(_settled(arg, known, day))
        case And(args) | Or(args):
            found = replace(node, args=tuple(_settled(arg, known, day) for arg in args))
        case Has():
            pass
    return found  # type: ignore[return-value]
