"""Hypothesis strategies for random conditions and selectors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from tests.parity import kit
from tests.parity.draw import DAYS, one_in, rarely, some
from tests.parity.kit import between, day, is_, it_is, num, sel

from wuding.domain.period import Every
from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term
from wuding.program.model import (
    Charter,
    Escalation,
    Patrol,
    Rule,
    Scoring,
    Selector,
    Target,
    Veto,
)

ENUMS = {"kind": kit.KINDS, "severity": kit.KINDS, "grade": kit.KINDS, "risk": kit.RISKS}
STATUSES: dict[type, tuple[str, ...]] = {
    Patrol: ("missed", "met", "undetermined", "due", "waived"), Charter: ("gap", "fixed", "undetermined", "waived"),
    Target: ("missed", "reached", "on-course"), Scoring: ("scored", "provisional"), Veto: ("struck", "undetermined"),
    Escalation: ("late", "overdue", "done", "open", "closed", "waiting", "told", "unstaffed"),
}  # fmt: skip
durations = st.sampled_from(
    [Duration(7, "d"), Duration(48, "h"), Duration(1, "month"), Duration(3, "workday"), Duration(0, "d")]
)
everies = st.sampled_from(
    [Every("month"), Every("week"), Every("quarter"), Every("year"), Every("workday"), Every("year", 2)]
)
tests = st.sampled_from([it_is(">=", 1), it_is("=", 1), it_is("<", 2), between(1, 2), it_is("=", 0), it_is(">=", 3)])


# ── conditions ───────────────────────────────────────────────────────────────────────────────────
@st.composite
def atoms(draw: Any, fields: tuple[tuple[str, str], ...], params: bool = True) -> Cond:
    name, type = draw(some(fields))
    field = Field(name, type)
    if draw(st.integers(0, 7)) == 7:
        return Has(field)
    if type == "enum":
        values = ENUMS[name]
        return draw(
            st.one_of(
                st.builds(lambda v: is_(name, v), some(values)),
                st.just(OneOf(field, (Lit(values[0], "enum"), Lit(values[1], "enum")))),
            )
        )
    if type == "bool":
        return is_(name, draw(st.booleans()), "bool")
    op = draw(some((">=", "<", "=", "<=", ">", "!=")))
    if type == "date":
        return Cmp(
            op,
            field,
            draw(st.one_of(some(DAYS).map(lambda d: Lit(day(d), "date")), st.just(Field("occurred_at", "time")))),
        )
    if type == "id":
        return is_(name, draw(some(("R1", "R2"))), "id")
    right: list[Term] = [num(1), num(2), Arith("-", (num(3), num("1.5")))]
    if params:
        right += [Param("plain", "number"), Param("by-grid", "number")]
    return Cmp(op, field, draw(st.sampled_from(right)))


def conds(fields: tuple[tuple[str, str], ...], params: bool = True) -> st.SearchStrategy[Cond]:
    atom = atoms(fields, params)
    return st.one_of(
        atom,
        atom,
        st.builds(Not, atom),
        st.builds(lambda a, b: And((a, b)), atom, atom),
        st.builds(lambda a, b: Or((a, b)), atom, atom),
    )


def fields_of(type: str) -> tuple[tuple[str, str], ...]:
    declared = kit.DOMAIN.facts[type] if type in kit.DOMAIN.facts else kit.DOMAIN.subjects[type]
    return tuple((f.name, f.type) for f in declared.fields.values())


# ── selectors ────────────────────────────────────────────────────────────────────────────────────
ROLES = (("keeper",), ("chief",), ("keeper", "chief"), ("self",))
HELD: dict[str, dict[str, Cond]] = {  # what compares a thing of a type with its holder, by the kind of the holder
    "subject": {
        "visit": Cmp(">=", Field("people", "int"), Holder("size", "int")),
        "report": Cmp("<", Field("people", "int"), Holder("size", "int")),
        "shop": Cmp("=", Field("risk", "enum"), Holder("risk", "enum")),
    },
    "grid": dict.fromkeys(
        ("visit", "report", "fix", "note"), Cmp("=", Field("grid", "text"), Holder("code", "text"))
    ),
    "post": dict.fromkeys(
        ("visit", "report", "fix", "note"), Cmp("!=", Field("actor", "person"), Holder("person", "person"))
    ),
}  # fmt: skip


@st.composite
def facts(draw: Any, *types: str, deep: bool = True, scoped: bool = True, held: str = "") -> Selector:
    """A selector of facts, with everything a selector may say. `held`: the kind of the holders, where there are."""
    type = draw(some(types or ("visit", "report", "fix")))
    found = sel("fact", type, when=draw(st.none() | conds(fields_of(type))))
    if draw(one_in(8)) and type in HELD.get(held, {}):
        mine = HELD[held][type]
        found = replace(found, when=mine if found.when is None else And((found.when, mine)))
    if draw(one_in(5)):
        found = replace(found, by=draw(some(ROLES)))
    if scoped and draw(one_in(4)):
        found = replace(found, within="subtree")
    if scoped and draw(one_in(8)):
        found = replace(found, same=draw(some((("grid",), ("subject",), ("actor",)))))
    if deep and draw(one_in(3)):
        found = replace(found, **{draw(some(("having", "lacking"))): (draw(counterparts(held)),)})
        if draw(one_in(4)):
            found = replace(found, **{draw(some(("having", "lacking"))): (draw(counterparts(held)),)})
        if draw(one_in(4)):
            found = replace(found, lacking=(draw(counterparts(held)), draw(counterparts(held))))
    if draw(one_in(8)) and type == "visit":
        found = replace(found, distinct=draw(some(("kind", "people"))))
    return found


@st.composite
def counterparts(draw: Any, held: str = "", deep: bool = True) -> Selector:
    """What must or must not be there besides: a fact, or seldom a shop or a post; it may want a counterpart too."""
    if draw(one_in(6)):
        kind = draw(some(("shop", "keeper")))
        found = sel("subject", "shop", when=draw(st.none() | conds(fields_of("shop")))) if kind == "shop" else None
        if found is not None and held == "subject" and draw(one_in(2)):
            found = replace(found, when=HELD[held]["shop"])
        return replace(found or sel("post", "keeper"), same=draw(rarely(st.just(("grid",)))))
    found = draw(facts("fix", "visit", "note", deep=False, scoped=False, held=held))
    found = replace(found, distinct=None, within=draw(rarely(durations)))
    found = replace(found, same=draw(rarely(some((("grid",), ("subject", "grid"), ("actor",))))))
    if deep and draw(one_in(5)):
        inner = draw(counterparts(held, deep=False))
        found = replace(found, **{draw(some(("having", "lacking"))): (inner,)})
    return found


@st.composite
def populations(draw: Any, held: str = "") -> Selector:
    """Grids, subjects or posts, with or without what must be there besides."""
    found = draw(
        st.sampled_from(
            [sel("subject", "shop"), sel("subject", "shop", "site"), sel("grid", "block"), sel("post", "keeper")]
        )
    )
    if found.source == "subject" and draw(one_in(2)):
        found = replace(found, when=draw(conds(fields_of("shop"))))
    if found.source == "subject" and held == "subject" and draw(one_in(3)):
        found = replace(found, same=draw(some(((), ("grid",)))))
    if draw(one_in(2)):
        other = draw(counterparts(held).filter(lambda s: s.source == "fact" and not s.having and not s.lacking))
        found = replace(found, **{draw(some(("having", "lacking"))): (other,)})
    return found


@st.composite
def holders(draw: Any) -> Selector:
    kind = draw(some(("grid", "grid", "grid", "subject", "subject", "post")))
    if kind == "grid":
        return sel(
            "grid",
            draw(some(("block", "block", "area"))),
            when=draw(rarely(st.just(OneOf(Field("code", "text"), (Lit("B1", "text"),))))),
        )
    if kind == "post":
        return sel("post", draw(some(("keeper", "chief"))))
    type = draw(some(("shop", "shop", "site")))
    return sel("subject", type, when=draw(rarely(conds(fields_of(type), params=False))))


@st.composite
def findings(draw: Any, rules: tuple[Rule, ...]) -> Selector:
    """A selector of the findings of one of the rules, or of a step of it."""
    rule = draw(st.sampled_from(rules))
    name = rule.head.id
    if isinstance(rule, Escalation) and rule.steps:
        name = draw(some((name, *(f"{name}.{step.id}" for step in rule.steps))))
    statuses = draw(st.lists(some(STATUSES[type(rule)]), min_size=1, max_size=3, unique=True))
    when: Cond = OneOf(Field("status", "text"), tuple(Lit(status, "text") for status in statuses))
    if isinstance(rule, Charter) and draw(st.booleans()):
        when = And((is_("status", "gap", "text"), Cmp(">=", Field("days", "int"), num(draw(some((1, 20, 40)))))))
    return sel("finding", name, when=when)


def things(rules: tuple[Rule, ...], held: str = "") -> st.SearchStrategy[Selector]:
    return facts(held=held) | findings(rules) | findings(rules) if rules else facts(held=held)
