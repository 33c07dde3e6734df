"""Random domains, selectors and facts for matching alone: every type of field, counterparts of counterparts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st
from tests.parity import kit
from tests.parity.draw import DAYS, HOURS, instants, maybe, rarely, some
from tests.parity.draw_selectors import durations
from tests.parity.kit import day, head, num
from tests.parity.worlds import PARAMETERS, short

from wuding.domain.fact import Fact
from wuding.domain.period import Every
from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term
from wuding.program.model import Domain, Patrol, Program, Selector

WORDS = ("火灾", "火 灾", "a", "b'\"\\", "", "3", "true")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": some(WORDS), "id": some(("R1", "R2", "甲-1")), "enum": some(("大", "中", "小")),
    "person": some(("li", "王五")), "ref": some(("R1", "R2")),
    "int": st.integers(-2, 4) | some((10**9, 4_000_000_000)),
    "number": some(("1", "1.5", "-2", "0", "0.0000005", "2.000001", "1000000")),
    "money": some(("1", "1.50", "12.34", "-0.01")), "bool": st.booleans(),
    "date": some(DAYS), "time": some(("2024-01-10T02:00:00Z", "2024-01-31T16:00:00Z", "2024-02-29T15:59:59.999999Z")),
    "duration": some(("2h", "3d", "90min", "1 d")),
}  # fmt: skip
SUBJECTS, ACTORS, PLACES = ("S1", "S2"), ("li", "王五", "S1"), ("B1", "B1", "B2", "Z1")


@dataclass(frozen=True, repr=False)
class Matching:
    """A program and facts to be matched."""

    program: Program
    facts: tuple[Fact, ...]

    def __repr__(self) -> str:
        types = {n: {f.name: f.type for f in t.fields.values()} for n, t in self.program.domain.facts.items()}
        declared = [f"  {n} key={self.program.domain.facts[n].key} {types[n]}" for n in types if n in "pqr"]
        return "\n".join(["", *declared, *(f"  {short(one)}" for one in (*self.facts, *self.program.rules))])


@st.composite
def domains(draw: Any) -> Domain:
    """Three fact types, `p q r`, that share some fields and keys."""
    names = {f"x{n}": draw(some(tuple(VALUES))) for n in range(draw(st.integers(2, 6)))}
    facts = {}
    for type_ in "pqr":
        fields = {name: kind for name, kind in names.items() if draw(st.integers(0, 3))}
        key = tuple(name for name in fields if not draw(st.integers(0, 3)))
        facts[type_] = kit.thing(type_, fields, key=key)
    return replace(kit.DOMAIN, facts={**facts, **{n: t for n, t in kit.DOMAIN.facts.items() if n in kit.FACTS}})


@st.composite
def literals(draw: Any, kind: str) -> Lit:
    """A value such as facts have, as rules write it."""
    if kind in ("int", "number", "money"):
        return num(draw(some(("1", "2", "1.5", "-2", "0", "1000000000", "2.000001", "0.0000005"))))
    if kind == "date":
        return Lit(day(draw(some(DAYS))), "date")
    if kind == "time":
        return Lit(draw(instants), "time")
    if kind == "duration":
        return Lit(draw(some((Duration(2, "h"), Duration(3, "d"), Duration(90, "min")))), "duration")
    return Lit(draw(VALUES[kind]), kind)


@st.composite
def atoms(draw: Any, fields: tuple[tuple[str, str], ...]) -> Cond:
    builtins = (("actor", "person"), ("subject", "text"), ("grid", "text"), ("occurred_at", "time"))
    name, kind = draw(some((*fields, *fields, *builtins)))
    field = Field(name, kind)
    what = draw(st.integers(0, 11))
    if what == 0:
        return Has(field)
    if what == 1:
        return OneOf(field, tuple(draw(st.lists(literals(kind), min_size=1, max_size=3))))
    numeric = ("int", "number", "money")
    if what == 2 and kind in numeric:
        beyond: list[Term] = [Param("plain", "number"), Holder("size", "int"), Arith("-", (field, num("0.5")))]
        return Cmp(draw(some((">=", "<", "="))), field, draw(st.sampled_from(beyond)))
    alike = [f for f in fields if f[1] == kind or {f[1], kind} <= set(numeric)]
    if kind in ("date", "time"):
        alike += [(n, k) for n, k in (*fields, ("occurred_at", "time")) if k in ("date", "time")]
    ordered = kind in (*numeric, "date", "time", "duration")
    op = draw(some(("=", "!=", "<", "<=", ">", ">="))) if ordered else draw(some(("=", "!=")))
    if what <= 5 and alike:
        other, type_ = draw(st.sampled_from(alike))
        return Cmp(op, field, Field(other, type_))
    if kind == "time" and what == 6:
        return Cmp(op, field, draw(literals("date")))
    return Cmp(op, field, draw(literals(kind)))


def conds(fields: tuple[tuple[str, str], ...]) -> st.SearchStrategy[Cond]:
    return st.recursive(
        atoms(fields),
        lambda inner: (
            st.builds(Not, inner)
            | st.builds(lambda parts: And(tuple(parts)), st.lists(inner, max_size=3))
            | st.builds(lambda parts: Or(tuple(parts)), st.lists(inner, max_size=3))
        ),
        max_leaves=5,
    )


@st.composite
def selectors(draw: Any, domain: Domain, depth: int) -> Selector:
    types = tuple(draw(st.lists(some(tuple("pqr")), min_size=1, max_size=2, unique=True)))
    common = [f for f in domain.facts[types[0]].fields.values() if all(_alike(domain, t, f) for t in types)]
    fields = tuple((f.name, f.type) for f in common)
    found = Selector("fact", types, draw(st.none() | conds(fields or (("actor", "person"),))))
    if not draw(st.integers(0, 9)):
        found = replace(found, by=("keeper",))
    for place in ("having", "lacking"):
        if depth and draw(st.booleans()):
            others = [draw(selectors(domain, depth - 1)) for _ in range(draw(some((1, 1, 2))))]
            found = replace(found, **{place: tuple(draw(correlated(domain, found, one)) for one in others)})
    return found


def _alike(domain: Domain, type_: str, field: Any) -> bool:
    declared = domain.facts[type_].fields.get(field.name)
    return declared is not None and declared.type == field.type


@st.composite
def correlated(draw: Any, domain: Domain, sel: Selector, other: Selector) -> Selector:
    """A counterpart with a window or with fields that it shares."""
    shared = [
        f.name for f in domain.facts[sel.names[0]].fields.values()
        if all(_alike(domain, t, f) for t in (*sel.names, *other.names))
    ]  # fmt: skip
    names = ("grid", "subject", "actor", *shared, *shared)
    same = draw(st.none() | st.lists(some(names), max_size=2, unique=True).map(tuple))
    if not draw(st.integers(0, 11)):
        return Selector("finding", ("before",), same=None)
    return replace(other, same=same, within=draw(rarely(durations)))


@st.composite
def facts_of(draw: Any, domain: Domain) -> Fact:
    type_ = draw(some(tuple("pqr")))
    fields = {}
    for name, declared in domain.facts[type_].fields.items():
        value = draw(maybe(VALUES[declared.type]))
        if value is not None:
            fields[name] = value
    when = draw(instants | st.builds(lambda d, h: kit.at(d + h), some(DAYS[:3]), some(HOURS)))
    who, about = draw(maybe(some(ACTORS))), draw(st.none() | some(SUBJECTS))
    return Fact(0, domain.name, type_, draw(maybe(some(PLACES))), about, who, when, when, fields)


@st.composite
def matchings(draw: Any) -> Matching:
    domain = draw(domains())
    count = draw(some((1, 1, 2)))
    rules = tuple(Patrol(head(f"r{n}"), kit.BLOCK, do=draw(selectors(domain, 2)), every=Every("month"))
                  for n in range(count))  # fmt: skip
    facts = draw(st.lists(facts_of(domain), max_size=draw(some((4, 8, 12)))))
    numbered = tuple(replace(fact, seq=3 * n + 1) for n, fact in enumerate(facts))
    return Matching(kit.program(*rules, domain=domain, parameters=PARAMETERS, uses={}), numbered)
