"""Linking of scoring rules, and of the measures that scores and targets share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from wuding.book.bands import check_bands
from wuding.book.context import ANYTHING, Context, Fields, Gather, known
from wuding.book.rules import FUNCTIONS, ItemShape, MeasureShape, RewardShape, ScoringShape
from wuding.book.selectors import (
    HOLDERS,
    IT,
    THINGS,
    condition,
    limits,
    number_field,
    selector,
    share_with,
    term_of,
)
from wuding.book.shapes import NAME, Name, expect, load
from wuding.lang import parse, types
from wuding.lang.nodes import Cond, Field, Lit
from wuding.lang.tree import Node, Places, wrong
from wuding.lang.types import NUMBERS
from wuding.program.model import FieldType, Head, Item, Label, Limits, Measure, Reward, Scoring, Selector

TOTAL = "total"


def scoring(shape: ScoringShape, head: Head, ctx: Context) -> Scoring:
    gather = Gather()
    found: Selector | None = gather(lambda: selector(shape.holders, ctx, HOLDERS))
    ctx = replace(ctx, holder=ANYTHING if found is None else ctx.of(found))
    measures: tuple[Measure, ...] | None = gather(lambda: measures_of(shape.measures, ctx))
    numbers = ANYTHING if measures is None else {measure.name: number_field(measure.name) for measure in measures}
    start = shape.start
    items = gather.every(shape.items, lambda item: _item(item, numbers, ctx))
    _refuse_twice(shape, gather)
    categories = gather(lambda: _categories(shape.categories, ctx))
    extent = shape.range
    area = gather(lambda: limits(extent, ctx)) if extent is not None else Limits()
    known_numbers = numbers
    if measures is not None and categories is not None:
        known_numbers = {**numbers, **{name: number_field(name) for name in categories}, TOTAL: number_field(TOTAL)}
    bands = gather(lambda: _bands(shape.bands, known_numbers, ctx))
    rewards = gather.every(shape.rewards, lambda reward: _reward(reward, shape, ctx))
    rank = gather(lambda: _rank(shape, ctx))
    first = gather(lambda: term_of(start, {}, ctx, "number")) if start is not None else Lit(Fraction(0), "number")
    gather.done()
    assert found is not None and measures is not None
    made = Scoring(
        head,
        found,
        shape.every,
        first,
        measures,
        items,
        categories,
        area,
        bands,
        rank,
        str(shape.rank.order or "desc") if shape.rank else "desc",  # type: ignore[arg-type]
        rewards,
        shape.places,
        str(shape.rounding or "half-away"),
    )
    if shape.bands is not None:
        check_bands(made, shape.bands)
    return made


def _refuse_twice(shape: ScoringShape, gather: Gather) -> None:
    seen: set[str] = set()
    for item in shape.items:
        if item.id in seen:
            gather.problems.extend(wrong("WD306", item.id.span, name=str(item.id)).diagnostics)
        seen.add(item.id)


def _item(shape: ItemShape, measures: Fields, ctx: Context) -> Item:
    gather = Gather()
    each, limit, if_none = shape.each, shape.limit, shape.if_none
    of = gather(lambda: selector(each, ctx, THINGS)) if each is not None else None
    gather.done()
    fields = ctx.of(of) if of is not None else measures
    kind, name = (of.source, "/".join(of.names)) if of is not None else ("measures", "")
    points = gather(lambda: term_of(shape.points, fields, ctx, kind, name))
    bounds = gather(lambda: limits(limit, ctx)) if limit is not None else None
    instead = gather(lambda: term_of(if_none, {}, ctx, "number")) if if_none is not None else None
    gather.done()
    category = shape.category
    by_field = category is not None and of is not None and category in fields
    return Item(str(shape.id), str(category) if category else None, by_field, of, points, bounds, instead)


def _categories(node: Node | None, ctx: Context) -> dict[str, Limits]:
    if node is None:
        return {}
    return dict(parse.collect([_category_later(key, value, ctx) for key, value in node.entries]))


def _category_later(key: Node, value: Node, ctx: Context) -> Callable[[], tuple[str, Limits]]:
    return lambda: (key.text, limits(value, ctx))


def _bands(node: Node | None, fields: Fields, ctx: Context) -> tuple[tuple[str, Cond | None], ...]:
    if node is None:
        return ()
    return tuple(parse.collect([_band_later(key, value, fields, ctx) for key, value in node.entries]))


def _band_later(key: Node, value: Node, fields: Fields, ctx: Context) -> Callable[[], tuple[str, Cond | None]]:
    def task() -> tuple[str, Cond | None]:
        if value.scalar and value.text == "else":
            return key.text, None
        if value.kind == "map":
            return key.text, condition(value, fields, ctx, "score")
        places = Places(value.span)
        cond = parse.test(value, places.put(Field(TOTAL), key.span), places)
        return key.text, types.typed(cond, places, ctx.scope(fields, "score"))

    return task


def _reward(shape: RewardShape, rule: ScoringShape, ctx: Context) -> Reward:
    gather = Gather()
    bands = tuple(key.text for key, _ in rule.bands.entries) if rule.bands is not None else ()
    fields = {
        "band": FieldType("band", "enum", Label("等次", "band"), values=bands),
        "rank": number_field("rank", "int"),
        TOTAL: number_field(TOTAL),
    }
    when, listed = shape.when, shape.list
    cond = gather(lambda: condition(when, fields, ctx, "score")) if when is not None else None
    give = gather(lambda: _gives(shape.give, ctx))
    on = gather(lambda: known(listed, ctx.domain.effects.get("lists", ()), "WD216")) if listed is not None else None
    gather.done()
    return Reward(cond, give, on)


def _gives(node: Node | None, ctx: Context) -> dict[str, object]:
    if node is None:
        return {}
    return dict(parse.collect([_give_later(key, value, ctx) for key, value in node.entries]))


def _give_later(key: Node, value: Node, ctx: Context) -> Callable[[], tuple[str, object]]:
    def task() -> tuple[str, object]:
        name = known(Name(key.text, key.span), ctx.domain.effects.get("gives", ()), "WD216")
        if not value.scalar or value.kind == "null":
            raise wrong("WD112", value.span, expected="value", found=value.kind)
        return name, value.value

    return task


def _rank(shape: ScoringShape, ctx: Context) -> str | None:
    if shape.rank is None:
        return None
    level = shape.rank.level
    return "book" if level == "book" else ctx.tree_level(level)


# ── measures ─────────────────────────────────────────────────────────────────────────────────────
def measures_of(node: Node | None, ctx: Context) -> tuple[Measure, ...]:
    """The measures, each after those that it uses. Raises Rejected."""
    if node is None:
        return ()
    names = {key.text: number_field(key.text) for key, _ in node.entries}
    found = dict(parse.collect([_measure_later(key, value, names, ctx) for key, value in node.entries]))
    ordered: dict[str, Measure] = {}
    for key, _ in node.entries:
        _place(key, found, ordered, ())
    return tuple(ordered.values())


def _place(key: Node, found: dict[str, Measure], ordered: dict[str, Measure], above: tuple[str, ...]) -> None:
    if key.text in above:
        raise wrong("WD304", key.span, path=" -> ".join((*above, key.text)))
    expr = found[key.text].expr
    for used in parse.names_in(expr) if expr is not None else ():
        if isinstance(used, Field) and used.name not in ordered:
            _place(Node("text", key.span, used.name), found, ordered, (*above, key.text))
    ordered[key.text] = found[key.text]


def _measure_later(key: Node, value: Node, names: Fields, ctx: Context) -> Callable[[], tuple[str, Measure]]:
    def task() -> tuple[str, Measure]:
        if not NAME.match(key.text) or key.text in (TOTAL, IT):
            raise wrong("WD140", key.span, name=key.text)
        if value.kind != "map":
            return key.text, Measure(key.text, "expr", expr=term_of(value, names, ctx, "measures"))
        return key.text, _measure(key.text, load(MeasureShape, expect(value, "map")), ctx)

    return task


def _measure(name: str, shape: MeasureShape, ctx: Context) -> Measure:
    gather = Gather()
    function = next(fn for fn in FUNCTIONS if getattr(shape, fn) is not None)
    period = str(shape.period or "current")
    if shape.share is not None:
        share = shape.share
        of = gather(lambda: selector(share.of, ctx))
        gather.done()
        having, when = share_with(share.having, of, ctx)
        return Measure(name, "share", of, having, when, period=period)  # type: ignore[arg-type]
    of = gather(lambda: selector(getattr(shape, function), ctx))
    gather.done()
    fields, label = ctx.of(of), "/".join(of.names)
    field = shape.field
    if field is not None:
        gather(lambda: _numeric_field(field, fields, of.source, label))
    last_per = gather.every(shape.last_per, lambda key: known(key, fields, "WD204", kind=of.source, of=label))
    gather.done()
    named = str(field) if field else None
    return Measure(name, function, of, field=named, period=period, last_per=last_per)  # type: ignore[arg-type]


def _numeric_field(name: Name, fields: Fields, kind: str, label: str) -> None:
    known(name, fields, "WD204", kind=kind, of=label)
    if fields[name].type not in NUMBERS:
        raise wrong("WD212", name.span, name=str(name), expected="number", found=fields[name].type, value=str(name))
