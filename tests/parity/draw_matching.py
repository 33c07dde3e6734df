"""Random domains, selectors and facts for matching alone: every type of field, counterparts of counterparts.

Drawn by a seeded generator of random numbers, not by hypothesis: matching takes a millisecond, so that tens of
thousands of cases can be tried where drawing does not take a hundred times as long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.parity import kit
from tests.parity.draw import DAYS, HOURS
from tests.parity.kit import day, head, num
from tests.parity.worlds import PARAMETERS, short

from wuding.domain.fact import Fact
from wuding.domain.period import Every
from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term
from wuding.program.model import Domain, Patrol, Program, Selector

NUMERIC = ("int", "number", "money")

WORDS = ("火灾", "火 灾", "a", "b'\"\\", "", "3", "true")
VALUES: dict[str, tuple[Any, ...]] = {
    "text": WORDS, "id": ("R1", "R2", "甲-1"), "enum": ("大", "中", "小"), "person": ("li", "王五"),
    "ref": ("R1", "R2"),
    "int": (-2, -1, 0, 1, 2, 3, 10**9, 4_000_000_000), "bool": (True, False), "date": DAYS,
    "number": ("1", "1.5", "-2", "0", "0.000001", "2.000001", "1000000", "3"),
    "money": ("1", "1.50", "12.34", "-0.01"),
    "time": ("2024-01-10T02:00:00Z", "2024-01-31T16:00:00Z", "2024-02-29T15:59:59.999999Z"),
    "duration": ("2h", "3d", "90min", "1 d"),
}  # fmt: skip
NUMBERS = ("1", "2", "1.5", "-2", "0", "1000000000", "2.000001", "0.0000005")
SPANS = (Duration(2, "h"), Duration(3, "d"), Duration(90, "min"))
WINDOWS = (Duration(7, "d"), Duration(48, "h"), Duration(1, "month"), Duration(3, "workday"), Duration(0, "d"))
SUBJECTS, ACTORS, PLACES = ("S1", "S2"), ("li", "王五", "S1"), ("B1", "B1", "B2", "Z1")
BUILTIN = (("actor", "person"), ("subject", "text"), ("grid", "text"), ("occurred_at", "time"))


@dataclass(frozen=True, repr=False)
class Matching:
    """A program and facts to be matched."""

    program: Program
    facts: tuple[Fact, ...]

    def __repr__(self) -> str:
        types = {n: self.program.domain.facts[n] for n in "pqr"}
        told = [f"  {n} key={t.key} { {f.name: f.type for f in t.fields.values()} }" for n, t in types.items()]
        return "\n".join(["", *told, *(f"  {short(one)}" for one in (*self.facts, *self.program.rules))])


def matching(seed: int) -> Matching:
    """The case of this number."""
    rng = Random(seed)
    domain = _domain(rng)
    rules = tuple(
        Patrol(head(f"r{n}"), kit.BLOCK, do=_selector(rng, domain, 2), every=Every("month"))
        for n in range(rng.choice((1, 1, 2)))
    )
    facts = [_fact(rng, domain) for _ in range(rng.choice((1, 4, 8, 16)))]
    numbered = tuple(replace(fact, seq=3 * n + 1) for n, fact in enumerate(facts))
    return Matching(kit.program(*rules, domain=domain, parameters=PARAMETERS, uses={}), numbered)


def _domain(rng: Random) -> Domain:
    """Three fact types, `p q r`, that share some fields and keys."""
    names = {f"x{n}": rng.choice(tuple(VALUES)) for n in range(rng.randint(2, 6))}
    facts = {}
    for type_ in "pqr":
        fields = {name: kind for name, kind in names.items() if rng.random() < 0.75}
        key = tuple(name for name in fields if rng.random() < 0.12)
        facts[type_] = kit.thing(type_, fields, key=key)
    return replace(kit.DOMAIN, facts={**facts, **kit.FACTS})


# ── conditions ───────────────────────────────────────────────────────────────────────────────────
def _literal(rng: Random, kind: str) -> Lit:
    """A value such as facts have, as rules write it."""
    if kind in NUMERIC:
        return num(rng.choice(NUMBERS))
    if kind == "date":
        return Lit(day(rng.choice(DAYS)), "date")
    if kind == "time":
        return Lit(_instant(rng), "time")
    return Lit(rng.choice(SPANS if kind == "duration" else VALUES[kind]), kind)


def _instant(rng: Random) -> int:
    return kit.at(rng.choice(DAYS) + rng.choice(HOURS))


def _atom(rng: Random, fields: tuple[tuple[str, str], ...]) -> Cond:
    name, kind = rng.choice((*fields, *fields, *BUILTIN))
    field, what = Field(name, kind), rng.randrange(12)
    if what == 0:
        return Has(field)
    if what == 1:
        return OneOf(field, tuple(_literal(rng, kind) for _ in range(rng.randint(1, 3))))
    if what == 2 and kind in NUMERIC:
        beyond: list[Term] = [
            Param("plain", "number"), Holder("size", "int"), Arith("-", (field, num("0.5"))),
            Arith("*", (num("0.1"), num(15))), Arith("/", (num(1), num(3))), Arith("/", (num(1), num(0))),
        ]  # fmt: skip
        return Cmp(rng.choice((">=", "<", "=")), field, rng.choice(beyond))
    ordered = kind in (*NUMERIC, "date", "time", "duration")
    op = rng.choice(("=", "!=", "<", "<=", ">", ">=")) if ordered else rng.choice(("=", "!="))
    alike = [f for f in fields if f[1] == kind or {f[1], kind} <= set(NUMERIC)]
    if kind in ("date", "time"):
        alike += [f for f in (*fields, ("occurred_at", "time")) if f[1] in ("date", "time")]
    if what <= 5 and alike:
        return Cmp(op, field, Field(*rng.choice(alike)))
    if kind == "time" and what == 6:
        return Cmp(op, field, _literal(rng, "date"))
    return Cmp(op, field, _literal(rng, kind))


def _cond(rng: Random, fields: tuple[tuple[str, str], ...], depth: int = 2) -> Cond:
    what = rng.randrange(6) if depth else 0
    if what == 3:
        return Not(_cond(rng, fields, depth - 1))
    if what > 3:
        parts = tuple(_cond(rng, fields, depth - 1) for _ in range(rng.randint(0, 3)))
        return And(parts) if what == 4 else Or(parts)
    return _atom(rng, fields)


# ── selectors ────────────────────────────────────────────────────────────────────────────────────
def _selector(rng: Random, domain: Domain, depth: int) -> Selector:
    types = tuple(rng.sample("pqr", rng.choice((1, 1, 2))))
    common = [f for f in domain.facts[types[0]].fields.values() if all(_alike(domain, t, f) for t in types)]
    fields = tuple((f.name, f.type) for f in common)
    found = Selector("fact", types, _cond(rng, fields) if rng.random() < 0.45 else None)
    if rng.random() < 0.1:
        found = replace(found, by=("keeper",))
    for place in ("having", "lacking"):
        if depth and rng.random() < 0.5:
            others = [_selector(rng, domain, depth - 1) for _ in range(rng.choice((1, 1, 2)))]
            found = replace(found, **{place: tuple(_correlated(rng, domain, found, one) for one in others)})  # type: ignore[arg-type]
    return found


def _alike(domain: Domain, type_: str, field: Any) -> bool:
    declared = domain.facts[type_].fields.get(field.name)
    return declared is not None and declared.type == field.type


def _correlated(rng: Random, domain: Domain, sel: Selector, other: Selector) -> Selector:
    """A counterpart with a window or with fields that it shares."""
    if rng.random() < 0.05:
        return Selector("finding", ("before",))
    every = (*sel.names, *other.names)
    shared = [f.name for f in domain.facts[sel.names[0]].fields.values() if all(_alike(domain, t, f) for t in every)]
    names = sorted({"grid", "subject", "actor", *shared})
    same = tuple(rng.sample(names, rng.randint(0, 2))) if rng.random() < 0.5 else None
    return replace(other, same=same, within=rng.choice(WINDOWS) if rng.random() < 0.3 else None)


# ── facts ────────────────────────────────────────────────────────────────────────────────────────
def _fact(rng: Random, domain: Domain) -> Fact:
    def maybe(make: Callable[[], Any]) -> Any:
        return make() if rng.random() < 0.85 else None

    type_, when = rng.choice("pqr"), _instant(rng)
    fields = {n: maybe(lambda f=f: rng.choice(VALUES[f.type])) for n, f in domain.facts[type_].fields.items()}  # type: ignore[misc]
    return Fact(
        0, domain.name, type_, maybe(lambda: rng.choice(PLACES)), rng.choice((None, *SUBJECTS)),
        maybe(lambda: rng.choice(ACTORS)), when, when, {n: value for n, value in fields.items() if value is not None},
    )  # fmt: skip
