"""How a score came about: measures, items with their points and limits, vetoes, band, rank, rewards."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import polars as pl

from wuding.assess.measures import points, with_measure
from wuding.assess.obligations import asked_by_period, holders
from wuding.domain.number import SCALE, rounded
from wuding.engines.columnar.exact import intervals
from wuding.engines.columnar.match import match
from wuding.engines.columnar.params import params_in, with_params
from wuding.explain.evidence import cells_of, evidence
from wuding.explain.model import Part
from wuding.explain.scene import Scene
from wuding.program import sentences
from wuding.program.model import Item, Limits, Scoring

Told = tuple[list[Part], list[str]]
Span = tuple[Fraction, Fraction] | None


def scoring(at: Scene) -> Told:
    rule = at.rule
    assert isinstance(rule, Scoring)
    asked = _asked(at, rule)
    links: list[str] = []
    measured: list[tuple[str, ...]] = []
    evidences: list[Part] = []
    kind = rule.holders.source
    for measure in rule.measures:
        asked = with_measure(at.ctx, asked, measure, kind, rule.every, [])
        what = sentences.measured(at.words, measure)
        name, how = at.words.called(measure.name), at.words.word("measure", measure.fn)
        measured.append((name, how, what, _said(at, cell(asked, f"f.{measure.name}"))))
        if measure.of is not None and measure.period == "current":
            found, ids = evidence(at, measure.of, asked, kind, rule.every)
            links += ids
            evidences.append(_titled(at, found[0], measure.name))
    lines: list[tuple[str, ...]] = [("", at.say("score.start"), _start(at, rule, asked), "")]
    for item in rule.items:
        line, found, ids = _item(at, rule, item, asked)
        lines += line
        evidences += found
        links += ids
    parts = [at.part("measures", (), ("name", "reckoned", "what", "value"), measured)] if measured else []
    parts.append(at.part("points", (), ("category", "item", "points", "limit"), lines))
    ruled, strikes = _ruled(at, rule)
    return [*parts, ruled, *[p for p in evidences if p.rows]], [*strikes, *links]


def _asked(at: Scene, rule: Scoring) -> pl.DataFrame:
    if rule.every is not None:
        asked = asked_by_period(at.ctx, rule.head, rule.holders, rule.every)
        return asked.filter((pl.col("holder") == at.row["holder"]) & (pl.col("label") == at.row["period"]))
    rows = holders(at.ctx, rule.holders).filter(pl.col("holder") == at.row["holder"]).head(1)
    return rows.with_columns(pday="start", mday="start").with_row_index("ask")


def cell(rows: pl.DataFrame, name: str) -> Span:
    """The interval in a pair of columns of the one row, millionths or text."""
    if rows.is_empty() or f"{name}.lo" not in rows.columns:
        return None
    ends = [rows[f"{name}.{e}"][0] for e in ("lo", "hi")]
    if any(end is None for end in ends):
        return None
    low, high = (Fraction(end) if isinstance(end, str) else Fraction(end, SCALE) for end in ends)
    return low, high


def _said(at: Scene, value: Span) -> str:
    return at.say("words.nothing") if value is None else at.span(*(rounded(end, 4) for end in value))


def _start(at: Scene, rule: Scoring, asked: pl.DataFrame) -> str:
    rows = with_params(at.ctx, asked, params_in(None, rule.start), "pday")
    return _said(at, cell(intervals(rows, rule.start, "_s"), "_s"))


def _item(
    at: Scene, rule: Scoring, item: Item, asked: pl.DataFrame
) -> tuple[list[tuple[str, ...]], list[Part], list[str]]:
    """An item's points, one line for each category, and the things that it counts."""
    limit, called = sentences.limits(item.limit) if item.limit else "", at.words.called
    if item.each is None:
        rows = with_params(at.ctx, asked, params_in(None, item.points, item.if_none), "pday")
        value = cell(intervals(rows, item.points, "_v"), "_v")
        if value is None and item.if_none is not None:
            value = cell(intervals(rows, item.if_none, "_n"), "_n")
        return [(called(item.category or ""), called(item.id), _said(at, _clamped(value, item.limit)), limit)], [], []
    kind = rule.holders.source
    total = points(at.ctx, asked, item, kind, rule.every, [])
    lines: list[tuple[str, ...]] = []
    for row in total.iter_rows(named=True):
        value = cell(pl.DataFrame([{"v.lo": row["lo"], "v.hi": row["hi"]}]), "v")
        lines.append((called(row["cat"] or ""), called(item.id), _said(at, _clamped(value, item.limit)), limit))
    rows = match(at.ctx, item.each, asked, kind, rule.every)
    rows = intervals(with_params(at.ctx, rows, params_in(None, item.points), "pday"), item.points, "_pt")
    rows = rows.sort([c for c in ("at", "seq", "id") if c in rows.columns])
    each = [_said(at, cell(rows[i], "_pt")) for i in range(len(rows))]
    listed = [(*cells, point) for cells, point in zip(cells_of(at, item.each, rows), each, strict=True)]
    from wuding.explain.evidence import COLUMNS

    part = at.part("counted", (), (*COLUMNS[item.each.source], "points"), listed)
    ids = at.names_of(rows, item.each) if item.each.source == "finding" else []
    return lines or [(item.category or "", item.id, "0", limit)], [_titled(at, part, item.id)], ids


def _titled(at: Scene, part: Part, name: str) -> Part:
    from dataclasses import replace

    return replace(part, title=at.say("part.counted-for", name=name))


def _clamped(value: Span, limit: Limits | None) -> Span:
    if value is None or limit is None:
        return value
    low, high = value
    for end, choose in ((limit.low, max), (limit.high, min)):
        if end is not None:
            low, high = choose(low, end), choose(high, end)
    return low, high


def _ruled(at: Scene, rule: Scoring) -> tuple[Part, list[str]]:
    """What became of the points: categories, range, vetoes, rounding, band, rank, rewards."""
    row = at.row
    detail: dict[str, Any] = json.loads(row["detail"] or "{}")
    said = [
        at.say("score.category", category=_category(at, name), limits=sentences.limits(limits))
        for name, limits in rule.categories.items()
    ]
    bounds = sentences.limits(rule.range)
    said += [at.say("score.range", limits=bounds)] if bounds else []
    strikes = []
    for key in ("struck_by", "pending"):
        for name in detail.get(key, ()):
            ids = _vetoes(at, name, key == "struck_by")
            strikes += ids
            said.append(at.say(f"score.{key}", rule=at.words.rule(name), ids=ids))
    said.append(at.say("score.total", value=at.value or at.say("words.nothing"), places=rule.places))
    if row["band"]:
        said.append(at.say("score.band", band=at.words.called(row["band"])))
    elif rule.bands:
        said.append(at.say("score.no-band"))
    if row["rank"] is not None:
        among = at.say("score.in-book") if rule.rank_in == "book" else at.words.level(rule.rank_in or "")
        said.append(at.say("score.rank", rank=row["rank"], among=among))
    for reward in detail.get("rewards", ()):
        given = [f"{at.words.called(name)} {value}" for name, value in reward["give"].items()]
        given += [at.say("asks.listed", list=at.words.called(reward["list"]))] if reward["list"] else []
        said.append(at.say("score.reward", given=at.words.joined(given, "list")))
    return at.part("result", said), strikes


def _category(at: Scene, name: str) -> str:
    return at.words.called(name) or at.say("score.no-category")


def _vetoes(at: Scene, rule: str, struck: bool) -> list[str]:
    """The vetoes of a rule that touch this score: those of the holder that stand at its end or fall in its period."""
    start, last = at.row["start"], at.row["end"] - 1
    stands = (pl.col("start") <= last) & (pl.col("end").is_null() | (last < pl.col("end")))
    within = pl.col("at").is_between(start, last)
    found = at.found.filter(
        (pl.col("rule") == rule) & (pl.col("holder") == at.row["holder"]) & (stands | within)
        & (pl.col("status") == ("struck" if struck else "undetermined"))
    )  # fmt: skip
    return found["id"].to_list()
