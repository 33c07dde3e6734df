"""Selectors, tests, limits and conditions of a rule, linked and typed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from wuding.book.context import Context, Fields, Gather, each, known
from wuding.book.models import SOURCES, SelectorShape
from wuding.book.shapes import Name, load
from wuding.book.variants import is_selector
from wuding.lang import parse, types
from wuding.lang.nodes import And, Cmp, Cond, Duration, Field, Lit, Param, Term
from wuding.lang.texts import duration_of, percent_of
from wuding.lang.tree import Node, Places, wrong
from wuding.program.model import FieldType, Label, Limits, Selector, Source, Test

HOLDERS = ("grid", "subject", "post", "fact")
THINGS = ("grid", "subject", "post", "fact", "finding")
EVENTS = ("fact", "finding")
WHO = ("grid", "subject", "actor")  # what `same` may name of anything (semantics 14a)
IT = "it"


def condition(node: Node, fields: Fields, ctx: Context, kind: str, name: str = "") -> Cond:
    """A condition over the fields of a thing. Raises Rejected with every mistake in it."""
    places = Places(node.span)
    return types.condition(node, places, ctx.scope(fields, kind, name))


def selector(shape: SelectorShape, ctx: Context, sources: Sequence[str] = THINGS) -> Selector:
    """The selector with its names found and its condition typed. Raises Rejected."""
    gather = Gather()
    source = _source(shape)
    given: tuple[Name, ...] = getattr(shape, source)
    if source not in sources:
        raise wrong("WD232", shape.node.keys[source].span, found=source, allowed=tuple(sources))
    names = gather(lambda: _names(source, given, ctx)) or ()
    fields = ctx.fields(source, names)
    label = "/".join(given)
    when = shape.when
    cond = (
        gather(lambda: condition(when, fields, ctx, source, label))
        if when is not None and not gather.problems
        else None
    )
    by = gather(lambda: _by(shape, ctx))
    same = gather(lambda: _same(shape, fields, source, label))
    distinct = shape.distinct
    if distinct is not None and not gather.problems:
        gather(lambda: known(distinct, fields, "WD204", kind=source, of=label))
    within = gather(lambda: _within(shape))
    having = gather.every(shape.having, lambda part: selector(part, ctx))
    lacking = gather.every(shape.lacking, lambda part: selector(part, ctx))
    gather.done()
    return Selector(
        source, names, cond, by, same, within, having, lacking, str(distinct) if distinct else None, shape.node.span
    )


def _source(shape: SelectorShape) -> Source:
    return next(source for source in SOURCES if getattr(shape, source) is not None)


def _names(source: Source, given: tuple[Name, ...], ctx: Context) -> tuple[str, ...]:
    if tuple(given) == ("any",) and source != "finding":
        return ()
    if source == "grid":
        return tuple(dict.fromkeys(name for names in each(given, ctx.tree_levels) for name in names))
    if source == "post":
        return each(given, ctx.role)
    if source == "finding":
        return each(given, ctx.finding)
    table, code = (ctx.domain.facts, "WD205") if source == "fact" else (ctx.domain.subjects, "WD206")
    return each(given, lambda name: known(name, table, code))


def _by(shape: SelectorShape, ctx: Context) -> tuple[str, ...]:
    return each(shape.by or (), lambda name: "self" if name == "self" else ctx.role(name))


def _same(shape: SelectorShape, fields: Fields, source: str, label: str) -> tuple[str, ...] | None:
    if shape.same is None:
        return None
    allowed = dict.fromkeys((*fields, *WHO))
    return each(shape.same, lambda name: known(name, allowed, "WD204", kind=source, of=label))


def _within(shape: SelectorShape) -> Duration | Literal["self", "subtree"] | None:
    node = shape.within
    if node is None:
        return None
    if node.text == "self":
        return "self"
    return "subtree" if node.text == "subtree" else parse.duration(node)


def share_with(node: Node, of: Selector, ctx: Context) -> tuple[Selector | None, Cond | None]:
    """The second half of a share: a selector, or a plain condition on the very things of the first half."""
    if is_selector(node):
        return selector(load(SelectorShape, node), ctx), None
    return None, condition(node, ctx.of(of), ctx, of.source, "/".join(of.names))


# ── tests of one number, intervals, durations ────────────────────────────────────────────────────
def number_field(name: str, kind: str = "number") -> FieldType:
    return FieldType(name, kind, Label(name, name))


def test_of(node: Node, ctx: Context, kind: str = "number", at_least: bool = False) -> Test:
    """A test of the number `it`. With `at_least`, a bare number or percent means at least that."""
    places = Places(node.span)
    scope = ctx.scope({IT: number_field(IT, kind)}, "number")
    bare = node.kind == "number" or (node.kind == "text" and percent_of(node.text) is not None)
    cond = parse.test(node, places.put(Field(IT), node.span), places)
    if bare and at_least and isinstance(cond, Cmp):
        cond = places.put(Cmp(">=", cond.left, cond.right), node.span)
    text = node.text if node.scalar else f"[{', '.join(item.text for item in node.items)}]"
    return Test(types.typed(cond, places, scope), text)


def term_of(node: Node, fields: Fields, ctx: Context, kind: str, name: str = "") -> Term:
    """An expression that gives a number."""
    places = Places(node.span)
    return types.numeric(parse.term(node, places), places, ctx.scope(fields, kind, name))


def limits(node: Node, ctx: Context) -> Limits:
    """`-20..`, `0..100`, `>= 0`: closed bounds, in plain numbers. Raises WD134 for anything else."""
    low, high = _bounds(test_of(node, ctx).cond)
    found = [None if bound is None else _number(bound, node) for bound in (low, high)]
    if low is None and high is None:
        raise wrong("WD134", node.span)
    return Limits(found[0], found[1])


def _number(bound: Term, node: Node) -> Fraction:
    if isinstance(bound, Lit) and isinstance(bound.value, Fraction):
        return bound.value
    raise wrong("WD134", node.span)


def _bounds(cond: Cond) -> tuple[Term | None, Term | None]:
    """The closed bounds of a test, None where there is none or the test is something else."""
    parts = cond.args if isinstance(cond, And) else (cond,)
    low = next((part.right for part in parts if isinstance(part, Cmp) and part.op == ">="), None)
    high = next((part.right for part in parts if isinstance(part, Cmp) and part.op == "<="), None)
    fits = all(isinstance(part, Cmp) and part.op in (">=", "<=") for part in parts)
    return (low, high) if fits else (None, None)


def duration_term(node: Node, ctx: Context) -> Duration | Term:
    """`7d`, or a parameter that holds a duration."""
    if duration := duration_of(node.text):
        return duration
    if not node.text.startswith("$"):
        return parse.duration(node)
    places = Places(node.span)
    found = types.term(parse.term(node, places), places, ctx.scope({}, "number"))
    if not isinstance(found, Param) or found.type not in ("duration", ""):
        raise wrong("WD212", node.span, name="within", expected="duration", found=found.type, value=node.text)
    return found


def duration_span(node: Node, ctx: Context) -> tuple[Duration | None, Duration | Term]:
    """`7d`, `3d..7d`, `..7d`, `$limit`: the earliest (None: at once) and the latest."""
    if ".." not in node.text and not node.text.startswith("<="):
        return None, duration_term(node, ctx)
    low, high = _bounds(test_of(node, ctx, "duration").cond)
    if high is None:
        raise wrong("WD135", node.span, text=node.text)
    first = low.value if isinstance(low, Lit) and isinstance(low.value, Duration) else None
    if low is not None and first is None:
        raise wrong("WD135", node.span, text=node.text)
    if isinstance(high, Lit):
        assert isinstance(high.value, Duration)
        return first, high.value
    return first, high


def measured(node: Node) -> tuple[Fraction, str]:
    """`0 m2`, `2 km2`, `10%`: a tolerance of area. Raises WD145."""
    text = node.text.strip()
    if node.kind == "text" and (percent := percent_of(text)) is not None:
        return percent * 100, "%"
    number, _, unit = text.rpartition(" ")
    try:
        value = Fraction(number)
    except (ValueError, ZeroDivisionError):
        raise wrong("WD145", node.span, text=node.text or node.kind) from None
    if unit not in ("m2", "km2") or value < 0:
        raise wrong("WD145", node.span, text=node.text)
    return (value * 1_000_000 if unit == "km2" else value), "m2"
