"""The charts of a page as SVG, drawn by Vega-Lite through Altair: no script, nothing fetched, links into the page.

Colours are Okabe and Ito's, which people with any colour vision tell apart; every mark has its number or sign besides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from wuding.errors import WudingError
from wuding.report.page import Board, Cell, Duty, Map, Matters, Stock

Say = Callable[..., str]
WIDTH = 330  # of a chart, in its own units: as wide as a phone shows
SCALE = 1.5  # at most so many pixels to a unit
ROW = 19
PLACE = 96  # room for the names of rows
SANS = "'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',system-ui,sans-serif"
INK, SOFT, PALE = "#1d2327", "#5c666d", "#e7eaec"
COLOURS = {
    "struck": "#000000", "breach": "#D55E00", "unknown": "#CC79A7", "open": "#56B4E9", "good": "#009E73",
    "none": "#9aa3a8",
}  # fmt: skip
SIGNS = {"struck": "⊘", "breach": "✗", "unknown": "?", "open": "…", "good": "✓", "none": "–"}
BANDS = ("#0072B2", "#56B4E9", "#F0E442", "#E69F00", "#D55E00", "#CC79A7", "#009E73")
SHARE = {
    "domain": [0, 0.5, 0.8, 1], "range": ["#E07B39", "#F2B48A", "#F6F3EA", "#6FAFD6"], "interpolate": "rgb",
}  # fmt: skip


def need_charts() -> None:
    """Raises WD870 where the libraries that draw are not installed."""
    missing = [name for name in ("altair", "vl_convert") if find_spec(name) is None]
    if missing:
        raise WudingError("WD870", missing=missing)


def drawn(chart: Any, label: str, width: int = WIDTH) -> str:
    """A chart as an `<svg>` element that fills the width it is given, with a text for those who cannot see it."""
    import vl_convert

    config = {
        "background": None, "font": SANS, "view": {"stroke": None},
        "axis": {"labelColor": INK, "labelFontSize": 10, "titleColor": SOFT, "titleFontSize": 10,
                 "titleFontWeight": 400, "domain": False, "ticks": False, "grid": False, "labelPadding": 4},
        "text": {"font": SANS, "fontSize": 9.5},
        "legend": {"labelFontSize": 10, "labelColor": INK, "title": None, "orient": "bottom", "symbolType": "square"},
    }  # fmt: skip
    svg = vl_convert.vegalite_to_svg(chart.to_dict(), config=config)
    return tidy(svg, label, width)


def tidy(svg: str, label: str, width: int) -> str:
    """Vega's SVG for use inside a page: numbers to a tenth, links that stay on the page, no namespaces to look up."""
    from html import escape

    head, _, rest = svg.partition(">")
    box = re.search(r'viewBox="([^"]+)"', head)
    rest = re.sub(r"-?\d+\.\d{2,}", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), rest)
    rest = re.sub(r'xlink:href="[^"#]*#', 'href="#', rest)
    rest = re.sub(r' (role|aria-[a-z]+|class)="[^"]*"', "", rest).replace("<text ", '<text class="t" ')
    view = box[1] if box else ""
    natural = float(view.split()[2]) if view else float(width)
    label = escape(label, quote=True)
    return f'<svg viewBox="{view}" role="img" aria-label="{label}" style="max-width:{natural * SCALE:.0f}px">{rest}'


# ── the calendar ─────────────────────────────────────────────────────────────────────────────────
def months_chart(
    cells: Sequence[Cell], months: Sequence[str], label: str, links: Mapping[str, str] | None = None
) -> str:
    """A square for each place (or duty) and month: how much of what was asked was met, and how often it was not."""
    import altair as alt

    places = list(dict.fromkeys(cell.place for cell in cells))
    rows = [
        {"place": c.place, "month": c.month, "share": c.share, "said": _said(c),
         "href": (links or {}).get(c.place, "#")}
        for c in cells
    ]  # fmt: skip
    year = "datum.index == 0 || slice(datum.label, 5) == '01' ? [slice(datum.label, 5), slice(datum.label, 0, 4)]"
    x = alt.X("month:O", sort=None, title=None, scale=alt.Scale(domain=list(months), padding=0)).axis(
        orient="top", labelAngle=0, labelExpr=f"{year} : slice(datum.label, 5)", labelFontSize=9, labelBaseline="bottom"
    )
    y = alt.Y("place:N", sort=None, title=None, scale=alt.Scale(domain=places, padding=0)).axis(
        labelLimit=PLACE, minExtent=PLACE, maxExtent=PLACE
    )
    fill = alt.condition(
        "isValid(datum.share)", alt.Color("share:Q", scale=alt.Scale(**SHARE), legend=None), alt.value("#eef0f1")
    )
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, y=y, **({"href": "href:N"} if links else {}))
    squares = base.mark_rect(stroke="#ffffff", strokeWidth=1.5, aria=False).encode(color=fill)
    words = base.mark_text(aria=False, fontWeight=600).encode(text="said:N", color=alt.value(INK))
    size = {"width": WIDTH - PLACE - 8, "height": len(places) * ROW}
    return drawn((squares + words).properties(**size), label)


def _said(cell: Cell) -> str:
    if cell.missed:
        return str(cell.missed)
    return "✓" if cell.met else "?" if cell.unknown else "–" if cell.excused else "…"


def duties_chart(duties: Sequence[Duty], months: Sequence[str], label: str) -> str:
    """All duties of a book over the months; a row leads to its duty."""
    names = {duty.anchor: f"{n} {duty.title}" for n, duty in enumerate(duties, 1)}
    cells = [replace(cell, place=names[duty.anchor]) for duty in duties for cell in duty.cells]
    return months_chart(cells, months, label, {names[duty.anchor]: f"#{duty.anchor}" for duty in duties})


# ── scores ───────────────────────────────────────────────────────────────────────────────────────
def scores_chart(board: Board, most: int, label: str) -> str:
    """A bar for each of the first `most` that were scored, with its number, band and rank."""
    import altair as alt

    shown = [score for score in board.scores if score.value is not None][:most]
    rows = [
        {"who": f"{n}", "value": s.value, "band": s.band or "–", "href": f"#{s.anchor or board.listed.anchor}",
         "said": "  ".join(filter(None, (s.low, s.band, f"#{s.rank}" if s.rank else "")))}
        for n, s in enumerate(shown)
    ]  # fmt: skip
    names = json.dumps({f"{n}": s.who for n, s in enumerate(shown)}, ensure_ascii=False)
    values = [s.value for s in shown if s.value is not None]
    y = alt.Y("who:N", sort=None, title=None).axis(
        labelLimit=PLACE, minExtent=PLACE, maxExtent=PLACE, labelExpr=f"{names}[datum.label]"
    )
    low, high = min(0.0, *values), max(1.0, *values)
    x = alt.X("value:Q", title=None, scale=alt.Scale(domain=[low, high], nice=False)).axis(None)
    used = list(dict.fromkeys([*board.bands, *(str(row["band"]) for row in rows)]))
    palette = [BANDS[n % len(BANDS)] for n in range(len(used))]
    colour = alt.Color("band:N", scale=alt.Scale(domain=used, range=palette), legend=None)
    base = alt.Chart(alt.Data(values=rows)).encode(y=y, href="href:N")
    bars = base.mark_bar(aria=False, height=11, stroke=INK, strokeWidth=0.6).encode(x=x, color=colour)
    words = base.mark_text(aria=False, align="left", dx=4).encode(x=x, text="said:N", color=alt.value(INK))
    size = {"width": WIDTH - PLACE - 84, "height": len(rows) * ROW}
    return drawn((bars + words).properties(**size), label)


# ── open cases ───────────────────────────────────────────────────────────────────────────────────
def weeks_chart(weeks: Sequence[Matters], say: Say, label: str) -> str:
    """How many steps of open cases are due in each week; those past due apart."""
    import altair as alt

    kinds = {"late": say("page.past-due"), "waiting": say("page.to-come")}
    rows = [
        {"week": w.week[5:], "kind": name, "count": getattr(w, kind), "order": kind}
        for w in weeks
        for kind, name in kinds.items()
        if getattr(w, kind)
    ]
    x = alt.X("week:O", sort=None, title=say("page.week-of")).axis(labelAngle=0, labelOverlap=True)
    y = alt.Y("count:Q", title=None).axis(None).stack("zero")
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(kinds.values()), range=[COLOURS["breach"], "#56B4E9"]))
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, y=y)
    bars = base.mark_bar(aria=False, stroke="#ffffff").encode(color=colour)
    words = base.mark_text(aria=False, dy=9, fontWeight=600).encode(
        text="count:Q", color=alt.value(INK), detail="kind:N"
    )
    return drawn((bars + words).properties(width=WIDTH - 16, height=110), label)


# ── map and atlas ────────────────────────────────────────────────────────────────────────────────
def map_chart(chart: Map, label: str, links: Mapping[str, str]) -> str:
    """The boundaries, coloured by how much of what was asked was met, each with its name, its share and its sign."""
    import altair as alt

    width = WIDTH + 90
    size = {"width": width, "height": round(width / chart.ratio)}
    shapes = [
        {"type": "Feature", "geometry": o.geometry, "share": o.share, "href": links.get(o.code, "#tree")}
        for o in chart.outlines
    ]
    fill = alt.condition(
        "isValid(datum.share)", alt.Color("share:Q", scale=alt.Scale(**SHARE), legend=None), alt.value("#f3f4f5")
    )
    areas = (
        alt.Chart(alt.Data(values=shapes))
        .mark_geoshape(stroke="#3d474d", strokeWidth=0.8, aria=False)
        .encode(color=fill, href="href:N")
    )
    names = [
        {"x": o.at[0], "y": o.at[1], "name": o.name, "said": f"{SIGNS[o.standing]} {_percent(o.share)}".strip()}
        for o in chart.outlines
        if not o.inner
    ]
    halo = {"stroke": "#ffffff", "strokeWidth": 3, "strokeJoin": "round", "aria": False}
    base = alt.Chart(alt.Data(values=names)).encode(longitude="x:Q", latitude="y:Q")
    layers = [areas]
    for column, dy, weight in (("name:N", -6, 600), ("said:N", 6, 400)):
        layers.append(base.mark_text(dy=dy, fontWeight=weight, **halo).encode(text=column))
        layers.append(base.mark_text(dy=dy, fontWeight=weight, color=INK, aria=False).encode(text=column))
    if chart.spots:
        spots = [{"x": s.at[0], "y": s.at[1], "type": s.type} for s in chart.spots]
        types = list(dict.fromkeys(s.type for s in chart.spots))
        shape = alt.Shape("type:N", scale=alt.Scale(domain=types))
        tint = alt.Color("type:N", scale=alt.Scale(domain=types, range=list(BANDS)))
        at = alt.Chart(alt.Data(values=spots)).encode(longitude="x:Q", latitude="y:Q", shape=shape, color=tint)
        layers.append(at.mark_point(filled=True, size=34, stroke=INK, strokeWidth=0.5, aria=False))
    plane = alt.Projection(type="identity", reflectY=True)
    whole = alt.layer(*layers).project(**plane.to_dict()).properties(**size).resolve_scale(color="independent")
    return drawn(whole, label, width)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{int(share * 1000) / 10:g}%"


def stock_chart(stock: Sequence[Stock], places: Sequence[str], types: Sequence[str], label: str) -> str:
    """How many subjects of each type stand where: a disc with its number."""
    import altair as alt

    totals: dict[tuple[str, str], int] = {}
    for one in stock:
        totals[one.place, one.type] = totals.get((one.place, one.type), 0) + one.count
    rows = [{"place": place, "type": type_, "count": n} for (place, type_), n in totals.items()]
    short = "length(datum.label) > 7 ? [slice(datum.label, 0, 7), slice(datum.label, 7)] : datum.label"
    x = alt.X("type:N", sort=None, title=None, scale=alt.Scale(domain=list(types))).axis(
        orient="top", labelAngle=-50, labelAlign="left", labelLimit=110, labelExpr=short, labelFontSize=9
    )
    y = alt.Y("place:N", sort=None, title=None, scale=alt.Scale(domain=list(places))).axis(
        labelLimit=PLACE, minExtent=PLACE, maxExtent=PLACE, grid=True, gridColor=PALE
    )
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, y=y)
    size = alt.Size("count:Q", scale=alt.Scale(range=[110, 330]), legend=None)
    discs = base.mark_circle(aria=False, opacity=1, color="#9fd0ee").encode(size=size)
    words = base.mark_text(aria=False, fontWeight=600, color=INK).encode(text="count:Q")
    area = {"width": WIDTH - PLACE - 8, "height": len(places) * (ROW + 3)}
    return drawn((discs + words).properties(**area), label)
