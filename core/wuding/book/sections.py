"""Linking of charter, patrol, veto and target rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from wuding.book.context import ANYTHING, Context, Fields, Gather, each, known
from wuding.book.rules import CharterShape, HeldShape, PatrolShape, TargetShape, VetoShape
from wuding.book.scores import measures_of
from wuding.book.selectors import (
    EVENTS,
    HOLDERS,
    condition,
    duration_span,
    measured,
    number_field,
    selector,
    share_with,
    term_of,
    test_of,
)
from wuding.book.shapes import Name, read_day
from wuding.lang import parse
from wuding.lang.nodes import Cmp, Duration, Field, Lit
from wuding.lang.tree import Node, text_node, wrong
from wuding.program.model import Charter, Head, Patrol, Selector, Target, Test, Veto

FIVE = ("area", "person", "duty", "task", "reward")
ONE = Test(Cmp("=", Field("it", "int"), Lit(Fraction(1), "number")), "1")
SOME = Test(Cmp(">=", Field("it", "int"), Lit(Fraction(1), "number")), "1..")


NOBODY = Selector("fact")  # stands in for holders that are wrong, while the rest of the rule is read


def holders_of(shape: HeldShape, ctx: Context, gather: Gather) -> tuple[Selector, Context, Fields]:
    """The holders of a rule, the context in which `holder.` means them, and their fields."""
    found: Selector | None = gather(lambda: selector(shape.holders, ctx, HOLDERS))
    fields = ANYTHING if found is None else ctx.of(found)
    return found or NOBODY, replace(ctx, holder=fields), fields


def charter(shape: CharterShape, head: Head, ctx: Context) -> Charter:
    gather = Gather()
    holders, ctx, fields = holders_of(shape, ctx, gather)
    made = Charter(head, holders, _kind(shape))
    if shape.seat is not None:
        made = gather(lambda: _seat(made, shape, ctx))
    elif shape.have is not None:
        have = shape.have
        of = gather(lambda: selector(have, ctx, ("fact",)))
        made = replace(made, of=of, be=SOME)
    elif shape.count is not None and shape.be is not None:
        count, be = shape.count, shape.be
        of = gather(lambda: selector(count, ctx))
        made = replace(made, of=of, be=gather(lambda: test_of(be, ctx, "int")))
    elif shape.must is not None:
        must = shape.must
        made = replace(made, must=gather(lambda: condition(must, fields, ctx, holders.source, "/".join(holders.names))))
    elif shape.duties is not None:
        duties = shape.duties
        made = replace(made, duties=gather(lambda: each(duties, lambda name: known(name, ctx.domain.duties, "WD217"))))
    elif shape.complete is not None:
        complete = shape.complete
        made = replace(made, complete=gather(lambda: each(complete, lambda name: known(name, FIVE, "WD118"))))
    elif shape.partition is not None:
        parts = shape.partition
        made = replace(
            made,
            of=gather(lambda: selector(parts.into, ctx, ("grid",))),
            max_overlap=gather(lambda: _tolerance(parts.max_overlap)),
            max_gap=gather(lambda: _tolerance(parts.max_gap)),
        )
    gather.done()
    return made


Question = Literal["seat", "have", "count", "must", "duties", "complete", "partition"]


def _kind(shape: CharterShape) -> Question:
    kinds: tuple[Question, ...] = ("seat", "have", "count", "must", "duties", "complete", "partition")
    return next(kind for kind in kinds if getattr(shape, kind) is not None)


def _tolerance(node: Node | None) -> tuple[Fraction, str] | None:
    return None if node is None else measured(node)


def _seat(made: Charter, shape: CharterShape, ctx: Context) -> Charter:
    gather = Gather()
    assert shape.seat is not None
    seat, people, also = shape.seat, shape.people, shape.also
    role = gather(lambda: ctx.role(seat))
    be = gather(lambda: test_of(people, ctx, "int")) if people is not None else ONE
    second = gather(lambda: ctx.role(also)) if also is not None else None
    gather.done()
    deputy = {"true": "required", "false": None}.get(str(shape.deputy), shape.deputy) if shape.deputy else None
    exclusive = {"true": "yes", "advise": "advise"}.get(str(shape.exclusive), "no")
    return replace(
        made,
        of=Selector("post", (role,), span=seat.span),
        be=be,
        also=second,
        deputy=str(deputy) if deputy else None,
        exclusive=exclusive,  # type: ignore[arg-type]
    )


def patrol(shape: PatrolShape, head: Head, ctx: Context) -> Patrol:
    gather = Gather()
    holders, ctx, fields = holders_of(shape, ctx, gather)
    do, must, times, apart = shape.do, shape.must, shape.times, shape.apart
    if must is not None and holders.source != "fact":
        raise wrong("WD232", shape.node.keys["must"].span, found=holders.source, allowed=("fact",))
    label = "/".join(holders.names)
    made = Patrol(
        head,
        holders,
        do=gather(lambda: selector(do, ctx, EVENTS)) if do is not None else None,
        must=gather(lambda: condition(must, fields, ctx, "fact", label)) if must is not None else None,
        times=gather(lambda: term_of(times, {}, ctx, "number")) if times is not None else None,
        every=shape.every,
        apart=gather(lambda: _apart(apart, ctx)) if apart is not None else None,
        during=gather(lambda: _season(shape.during, ctx)),
        excluded=gather(lambda: _season(shape.excluded, ctx)),
        partial=str(shape.partial or "half"),  # type: ignore[arg-type]
    )
    gather.done()
    return made


def _apart(node: Node, ctx: Context) -> Duration:
    _, high = duration_span(node, ctx)
    if not isinstance(high, Duration):
        raise wrong("WD135", node.span, text=node.text)
    return high


def _season(name: Name | None, ctx: Context) -> str | None:
    return None if name is None else known(name, ctx.calendar, "WD210")


# ── veto ─────────────────────────────────────────────────────────────────────────────────────────
def veto(shape: VetoShape, head: Head, ctx: Context) -> Veto:
    gather = Gather()
    strikes = gather(lambda: _strikes(shape.strikes, ctx))
    gather.done()
    source = strikes if strikes in ("subject", "post") else "grid"
    ctx = replace(ctx, holder=ctx.fields(source, ()))  # type: ignore[arg-type]
    scores = tuple(info.id for info in ctx.rules.values() if info.section == "scoring")
    touches, effect = shape.touches, shape.effect
    made = Veto(
        head,
        gather(lambda: selector(shape.cause, ctx, EVENTS)),
        strikes,
        shape.times,
        shape.every,
        gather(lambda: _lasts(shape.lasts)),
        gather(lambda: each(touches, lambda name: known(name, scores, "WD310"))) if touches is not None else scores,
    )
    if shape.times != 1 and shape.every is None:
        gather.problems.extend(wrong("WD111", shape.node.span, key="every").diagnostics)
    if effect is not None:
        effects = ctx.domain.effects
        made = replace(
            made,
            score=gather(lambda: _points(effect.score, ctx)),
            cap=gather(lambda: _points(effect.cap, ctx)),
            bars=gather(lambda: each(effect.bar, lambda name: known(name, effects.get("bars", ()), "WD216"))),
            lists=gather(lambda: each(effect.list, lambda name: known(name, effects.get("lists", ()), "WD216"))),
        )
    gather.done()
    return made


def _strikes(name: Name, ctx: Context) -> str:
    return str(name) if name in ("subject", "post") else ctx.tree_level(name)


def _lasts(node: Node | None) -> Duration | Literal["year", "until-fixed"]:
    if node is None or node.text == "year":
        return "year"
    return "until-fixed" if node.text == "until-fixed" else parse.duration(node)


def _points(node: Node | None, ctx: Context) -> Fraction | None:
    if node is None:
        return None
    found = term_of(node, {}, ctx, "number")
    if not isinstance(found, Lit) or not isinstance(found.value, Fraction):
        raise wrong("WD212", node.span, name="score", expected="number", found="text", value=node.text)
    return found.value


# ── targets ──────────────────────────────────────────────────────────────────────────────────────
def target(shape: TargetShape, head: Head, ctx: Context) -> Target:
    gather = Gather()
    holders, ctx, _ = holders_of(shape, ctx, gather)
    made = Target(head, holders, every=shape.every, hold=shape.hold)
    if shape.share is not None:
        share = shape.share
        of = gather(lambda: selector(share.of, ctx))
        second = gather(lambda: share_with(share.having, of, ctx)) if of is not None else None
        having, when = second or (None, None)
        made = replace(made, share_of=of, share_with=having, share_when=when)
    if shape.count is not None:
        count = shape.count
        made = replace(made, count=gather(lambda: selector(count, ctx)))
    if shape.measures is not None or shape.value is not None:
        made = gather(lambda: _value(made, shape, ctx))
    reach = shape.reach
    if reach.kind == "map" and shape.every is None:
        dates = gather(lambda: parse.collect([_dated_later(key, value, ctx) for key, value in reach.entries]))
        gather.done()
        return replace(made, reach_on=tuple(sorted(dates, key=lambda dated: dated[0])))
    if reach.kind == "map" or shape.every is None:
        found = "map" if reach.kind == "map" else "value"
        code_args = {"expected": "value" if found == "map" else "dates", "found": found}
        gather.problems.extend(wrong("WD146", reach.span, **code_args).diagnostics)
        gather.done()
    test = gather(lambda: test_of(reach, ctx, at_least=True))
    gather.done()
    return replace(made, reach=test)


def _value(made: Target, shape: TargetShape, ctx: Context) -> Target:
    measures = measures_of(shape.measures, ctx)
    fields = {measure.name: number_field(measure.name) for measure in measures}
    value = shape.value
    if value is None:
        raise wrong("WD111", shape.node.span, key="value")
    return replace(made, measures=measures, value=term_of(value, fields, ctx, "measures"))


def _dated_later(key: Node, value: Node, ctx: Context) -> Callable[[], tuple[int, Test]]:
    return lambda: (read_day(text_node(key.span, key.text)), test_of(value, ctx, at_least=True))
