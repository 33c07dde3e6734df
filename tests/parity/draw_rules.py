"""Hypothesis strategies for small random rules of every section, built as the program holds them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from tests.parity.draw import DAYS, one_in, rarely, some
from tests.parity.draw_selectors import (
    conds,
    everies,
    facts,
    fields_of,
    holders,
    populations,
    tests,
    things,
)
from tests.parity.kit import day, head, is_, it_is, num, sel

from wuding.domain.period import Every
from wuding.lang.nodes import Arith, Cmp, Duration, Field, Holder, Param, Term
from wuding.program.model import (
    Charter,
    Escalation,
    Head,
    Item,
    Limit,
    Limits,
    Measure,
    Patrol,
    Reward,
    Rule,
    Scoring,
    Step,
    Target,
    Veto,
)


# ── heads ────────────────────────────────────────────────────────────────────────────────────────
@st.composite
def heads(draw: Any, id: str) -> Head:
    found = head(id, draw(some(("", "", "x"))))
    if draw(st.integers(0, 7)) == 7:
        start, end = sorted((day(draw(some(DAYS))), day(draw(some(DAYS)))))
        found = replace(found, valid_from=start, valid_to=end + 1)
    if draw(st.integers(0, 7)) == 7:
        found = replace(found, was=("old-" + id,))
    return found


LIMITS = (
    None, Limit(Duration(7, "d")), Limit(Duration(48, "h")), Limit(Duration(10, "d"), Duration(2, "d")),
    Limit(Param("grace", "duration")), Limit(until="due"),
)  # fmt: skip


# ── sections ─────────────────────────────────────────────────────────────────────────────────────
@st.composite
def patrols(draw: Any, id: str, before: tuple[Rule, ...] = ()) -> Patrol:
    rule = Patrol(draw(heads(id)), draw(holders()))
    shape = draw(some(("every", "every", "every", "apart", "must")))
    if shape == "must":
        type = draw(some(("visit", "report")))
        chosen = draw(facts(type, scoped=False))
        return replace(rule, holders=replace(chosen, distinct=None), must=draw(conds(fields_of(type))))
    rule = replace(rule, do=draw(facts(held=rule.holders.source)))
    if before and draw(one_in(6)):
        rule = replace(rule, do=draw(things(before)))
    if shape == "apart":
        return replace(
            rule, apart=draw(st.sampled_from([Duration(10, "d"), Duration(1, "month"), Duration(5, "workday")]))
        )
    times: list[Term | None] = [None, None, num(2), Param("plain", "number"), Param("by-grid", "number")]
    if rule.holders.source == "subject":
        times.append(Holder("size", "int"))
    return replace(
        rule, times=draw(st.sampled_from(times)), every=draw(everies),
        partial=draw(some(("half", "half", "any", "none"))),
        during=draw(rarely(some(("spring", "holiday")))), excluded=draw(rarely(some(("winter", "holiday")))),
    )  # fmt: skip


@st.composite
def charters(draw: Any, id: str, before: tuple[Rule, ...] = ()) -> Charter:
    of = sel("grid", draw(some(("block", "block", "area"))))
    place = draw(st.sampled_from([of, of, sel("subject", "shop")]))
    rule = Charter(draw(heads(id)), place, "seat")
    kind = draw(some(("seat", "seat", "have", "count", "must", "duties", "complete")))
    if kind == "seat":
        return replace(
            rule, of=sel("post", draw(some(("keeper", "chief")))), be=draw(st.one_of(st.none(), tests)),
            also=draw(rarely(st.just("chief"))), deputy=draw(rarely(some(("required", "neighbour")))),
            exclusive=draw(some(("no", "no", "yes", "advise"))),
        )  # fmt: skip
    if kind == "have":
        chosen = replace(draw(facts("licence", "visit", deep=False, scoped=False)), distinct=None)
        chosen = replace(chosen, same=draw(rarely(some((("subject",), ("actor",))))))
        holder = draw(st.sampled_from([place, place, sel("post", "keeper")]))
        return replace(rule, kind="have", holders=holder, of=chosen, be=it_is(">=", 1))
    if kind == "count":
        return replace(rule, kind="count", of=draw(populations(place.source)), be=draw(tests))
    if kind == "must":
        return replace(rule, kind="must", holders=sel("subject", "shop"), must=draw(conds(fields_of("shop"))))
    if kind == "duties":
        return replace(rule, kind="duties", duties=draw(some((("watch",), ("watch", "lead")))))
    return replace(
        rule, kind="complete", complete=draw(some((("area", "person"), ("duty", "task"), ("person", "reward"))))
    )


@st.composite
def measures(draw: Any, name: str, before: tuple[Rule, ...], periodic: bool = True, held: str = "") -> Measure:
    fn = draw(some(("count", "sum", "avg", "min", "max", "share")))
    period = draw(some(("current", "current", "previous"))) if periodic else "current"
    if fn == "share":
        member = replace(draw(facts("report", "visit", held=held)), distinct=None)
        if draw(st.booleans()):
            counterpart = replace(draw(facts("fix", "visit", scoped=False, held=held)), distinct=None)
            return Measure(name, fn, of=member, share_with=counterpart, period=period)
        return Measure(name, fn, of=member, share_when=draw(conds(fields_of(member.names[0]))), period=period)
    if fn == "count":
        return Measure(name, fn, of=draw(things(before, held) | populations(held)), period=period)
    chosen = replace(draw(facts("visit", held=held)), distinct=None)
    last_per = draw(st.sampled_from([(), (), ("kind",)]))
    return Measure(name, fn, of=chosen, field=draw(some(("people", "cost"))), period=period, last_per=last_per)


@st.composite
def scorings(draw: Any, id: str, before: tuple[Rule, ...] = ()) -> Scoring:
    of, every = draw(holders()), draw(some((Every("month"), Every("year"), Every("week"), Every("quarter"))))
    if draw(one_in(8)):  # each fact is scored, once
        of, every = replace(draw(facts("report", "visit", scoped=False)), distinct=None), None
    held = of.source
    taken = tuple(draw(measures(f"m{n}", before, every is not None, held)) for n in range(draw(st.integers(0, 2))))
    if taken and draw(one_in(3)):
        sum_of = Arith(draw(some(("+", "-", "max"))), (Field(taken[0].name, "number"), num(2)))
        taken = (*taken, Measure("mx", "expr", expr=sum_of))
    items: list[Item] = []
    for n in range(draw(st.integers(0, 3))):
        limit = draw(st.sampled_from([None, Limits(low=Fraction(-5)), Limits(high=Fraction(3))]))
        category = draw(st.sampled_from([None, None, "cat"]))
        if taken and draw(st.booleans()):
            measure = Field(draw(st.sampled_from(taken)).name, "number")
            points = draw(
                st.sampled_from([measure, Arith("*", (measure, num("-0.335"))), Arith("/", (num(10), measure))])
            )
            items.append(Item(f"i{n}", category, False, None, points, limit, draw(rarely(st.just(num(1))))))
            continue
        each = replace(draw(things(before, held)), distinct=None)
        terms: list[Term] = [num(-5), num("2.345"), Param("plain", "number")]
        if "visit" in each.names:
            terms += [Field("people", "int"), Arith("neg", (Field("cost", "number"),)), Param("by-kind", "number")]
            if draw(st.integers(0, 3)) == 3:
                items.append(Item(f"i{n}", "kind", True, each, draw(st.sampled_from(terms)), limit))
                continue
        items.append(Item(f"i{n}", category, False, each, draw(st.sampled_from(terms)), limit))
    total = Field("total", "number")
    poor = (("poor", None),)
    bands = draw(
        st.sampled_from([(), (("good", Cmp(">=", total, num(100))), ("fair", Cmp(">", total, num(95))), *poor)])
    )
    rewards = (
        Reward(is_("band", "good", "text"), {"bonus": 1}, "red"),
        Reward(Cmp("<=", Field("rank", "int"), num(1)), {}, "black"),
    )
    clamped = {"cat": Limits(Fraction(-6), Fraction(6)), "a": Limits(low=Fraction(-1))}
    return Scoring(
        draw(heads(id)), of, every, num(100), taken, tuple(items), draw(st.sampled_from([{}, clamped])),
        draw(some((Limits(), Limits(Fraction(90), Fraction(105))))), bands,
        draw(some((None, "area", "zone", "book"))), draw(some(("desc", "asc"))), draw(some(((), rewards))),
        draw(some((2, 0))), draw(some(("half-away", "half-away", "half-even"))),
    )  # fmt: skip


@st.composite
def vetoes(draw: Any, id: str, before: tuple[Rule, ...] = (), touches: tuple[str, ...] = ()) -> Veto:
    rule = Veto(
        draw(heads(id)), replace(draw(things(before)), distinct=None, within=None),
        draw(some(("block", "area", "block", "subject", "post"))),
        lasts=draw(st.sampled_from(["year", "until-fixed", Duration(20, "d"), Duration(48, "h")])), touches=touches,
        score=draw(st.sampled_from([None, Fraction(0), Fraction(10)])), cap=draw(st.sampled_from([None, Fraction(60)])),
        bars=draw(st.sampled_from([(), ("awards",)])),
    )  # fmt: skip
    if draw(st.integers(0, 2)) == 2:
        rule = replace(rule, every=draw(st.sampled_from([Every("month"), Every("year")])), times=draw(some((1, 2, 3))))
    return rule


@st.composite
def steps(draw: Any) -> tuple[Step, ...]:
    found: list[Step] = []
    for n in range(draw(st.integers(1, 3))):
        after = draw(some(("opening", *(step.id for step in found if not step.on_failure), "closed")))
        when = draw(rarely(conds((("severity", "enum"), ("people", "int")), params=False)))
        kind = draw(some(("expect", "expect", "without", "tell")))
        if kind == "tell":
            wait = draw(st.sampled_from([None, Duration(48, "h"), Duration(2, "d"), Param("grace", "duration")]))
            at = draw(some(("here", "up", "area", "zone")))
            found.append(
                Step(f"s{n}", "tell", after, when, wait=wait, tell_role=draw(some(("chief", "keeper"))), tell_at=at)
            )
            continue
        of = replace(draw(facts("fix", "note", "visit", deep=False, scoped=False)), distinct=None)
        limit = draw(some(LIMITS))
        if kind == "without" and limit is not None:
            limit = replace(limit, low=None)
        step = Step(f"s{n}", kind, after, when, of, limit)
        if kind == "without" and after not in ("opening", "closed") and draw(st.booleans()):
            step = replace(step, else_back=draw(some((after, after, step.id))))
        found.append(step)
        if draw(st.booleans()):  # `else: {tell}`
            role, at = draw(some(("chief", "keeper"))), draw(some(("here", "up", "area", "zone")))
            told = Step(f"{step.id}-else", "tell", step.id, when, tell_role=role, tell_at=at, on_failure=True)
            found.append(told)
    return tuple(found)


@st.composite
def escalations(draw: Any, id: str, before: tuple[Rule, ...] = ()) -> Escalation:
    opens = replace(draw(facts("report", scoped=False)), distinct=None)
    closing = replace(draw(facts("fix", "note", deep=False, scoped=False)), distinct=None)
    rule = Escalation(
        draw(heads(id)), opens, draw(st.sampled_from([("ref",), ("ref",), ()])),
        draw(st.sampled_from([None, None, (closing,), ()])), draw(steps()),
    )  # fmt: skip
    if draw(st.integers(0, 3)) == 3:
        pauses = (sel("fact", "note", when=is_("kind", "a")), sel("fact", "note", when=is_("kind", "b")))
        rule = replace(rule, pauses=pauses)
    if draw(st.integers(0, 3)) == 3:
        rule = replace(rule, transfers=sel("fact", "note", when=is_("kind", "c")))
    return rule


@st.composite
def targets(draw: Any, id: str, before: tuple[Rule, ...] = ()) -> Target:
    rule = Target(draw(heads(id)), draw(holders()))
    held = rule.holders.source
    shape = draw(some(("count", "share", "population", "value")))
    if shape == "count":
        rule = replace(rule, count=draw(things(before, held) | populations(held)))
    elif shape == "share":
        member = replace(draw(facts("report", "visit", scoped=False, held=held)), distinct=None)
        counterpart = replace(draw(facts("fix", "visit", scoped=False, held=held)), distinct=None)
        rule = replace(rule, share_of=member, share_with=counterpart)
    elif shape == "population":
        counterpart = replace(draw(facts("visit", "licence", scoped=False, held=held)), distinct=None)
        rule = replace(
            rule, share_of=draw(populations(held).filter(lambda s: s.source == "subject")), share_with=counterpart
        )
        if draw(st.booleans()):
            rule = replace(rule, share_with=None, share_when=draw(conds(fields_of("shop"))))
    else:
        taken = tuple(
            draw(measures(f"m{n}", before, periodic=False, held=held)) for n in range(draw(st.integers(1, 2)))
        )
        rule = replace(rule, measures=taken, value=Arith("+", (*(Field(m.name, "number") for m in taken), num(0))))
    if draw(st.booleans()):
        return replace(rule, every=draw(everies.filter(lambda e: e.unit != "workday")), reach=draw(tests))
    dates = sorted(draw(st.sets(some(DAYS), min_size=1, max_size=3)))
    return replace(rule, reach_on=tuple((day(date), draw(tests)) for date in dates), hold=draw(st.booleans()))
