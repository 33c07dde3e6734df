"""Charters and reports as one HTML page that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from wuding.catalogue import text, texts
from wuding.report.model import CharterPage
from wuding.report.page import STANDINGS, BookPart, Node, ReportPage

if TYPE_CHECKING:
    from jinja2 import Template

SCORES = 40  # bars of a chart


def charter_html(pages: Sequence[CharterPage]) -> str:
    """The pages as a document for a screen of any width and for A4 paper; each charter begins a sheet of its own."""
    lang = pages[0].lang
    return _template("charter.html.j2").render(pages=pages, lang=_tag(lang), say=_say(lang))


@dataclass(frozen=True)
class Tile:
    """A number at the head of the page."""

    kind: str
    value: str
    label: str


def report_html(page: ReportPage, command: Callable[[Sequence[str]], str] | None = None) -> str:
    """The page of a check as a document for a screen of any width and for A4 paper. `command` gives the line to type
    for the words of a command (`findings`, `--check`, ...), without an address of the ledger: pages are passed on.

    Raises WD870 where the libraries that draw charts are not installed.
    """
    from markupsafe import Markup

    from wuding.report import charts
    from wuding.report.found import KIND

    charts.need_charts()
    say = _say(page.lang)

    def word(kind: str, name: str) -> str:
        return say(f"{kind}.{name}") if f"{kind}.{name}" in texts() else name

    def by_kind(counts: Mapping[str, int]) -> dict[str, int]:
        return {kind: sum(n for s, n in counts.items() if KIND.get(s, "none") == kind) for kind in STANDINGS}

    codes = {code for root in page.tree for code in _codes(root)}
    links = {code: f"#g-{code}" for code in codes}
    return _template("report.html.j2").render(
        page=page,
        lang=_tag(page.lang),
        css=Markup(files(__package__).joinpath("report.css").read_text(encoding="utf-8")),
        say=say,
        word=word,
        signs=charts.SIGNS,
        standings=STANDINGS,
        kind_of=lambda status: KIND.get(status, "none"),
        by_kind=by_kind,
        percent=percent,
        command=command or (lambda words: shlex.join(["wuding", *words])),
        tiles=_tiles(page, say),
        at={entry.id: entry.anchor for entry in _entries(page)},
        most=SCORES,
        map=Markup(charts.map_chart(page.map, say("page.map"), links)) if page.map else None,
        drawings=[_drawings(part, say) for part in page.books],
        atlas_art=[
            [
                Markup(charts.stock_chart(s.stock, s.places, s.types, say("page.stock"))) if s.stock else ""
                for s in a.sheets
            ]
            for a in page.atlases
        ],
    )


def percent(met: int, asked: int) -> str:
    """A share, never rounded up: what is not whole must not read `100%`."""
    return f"{met * 1000 // asked / 10:g}%"


def _drawings(part: BookPart, say: Callable[..., str]) -> dict[str, Any]:
    from markupsafe import Markup

    from wuding.report import charts

    def grids(cells: Any, title: str) -> str:
        if len({cell.place for cell in cells}) < 2:
            return ""  # one row is that of the calendar above
        return Markup(charts.months_chart(cells, part.months, title))

    return {
        "calendar": Markup(charts.duties_chart(part.duties, part.months, say("page.calendar"))) if part.duties else "",
        "duties": [grids(duty.grids, duty.title) for duty in part.duties],
        "boards": [
            Markup(charts.scores_chart(board, SCORES, board.title))
            if any(s.value is not None for s in board.scores)
            else ""
            for board in part.boards
        ],
        "weeks": Markup(charts.weeks_chart(part.weeks, say, say("page.cases"))) if len(part.weeks) > 1 else "",
    }


def _tiles(page: ReportPage, say: Callable[..., str]) -> list[Tile]:
    met = sum(part.counts.get("met", 0) for part in page.books)
    missed = sum(part.counts.get("missed", 0) for part in page.books)
    gaps = sum(tally.counts.get("gap", 0) for part in page.books for tally in part.asks)
    vetoes = sum(made.total for part in page.books for made in part.vetoes)
    late = sum(week.late for part in page.books for week in part.weeks)
    cases = sum(part.cases.total for part in page.books if part.cases)
    unknown = page.totals.get("unknown", 0)
    tiles = []
    if met + missed:
        kind = "breach" if missed else "good"
        tiles.append(Tile("good", percent(met, met + missed), say("page.tile-met", met=f"{met:,}")))
        tiles.append(Tile(kind, f"{missed:,}", say("page.tile-missed")))
    tiles.append(Tile("breach" if gaps else "good", f"{gaps:,}", say("page.tile-gaps")))
    tiles.append(Tile("struck" if vetoes else "good", f"{vetoes:,}", say("page.tile-vetoes")))
    tiles.append(
        Tile("breach" if late else "open" if cases else "good", f"{cases:,}", say("page.tile-cases", late=late))
    )
    if unknown:
        tiles.append(Tile("unknown", f"{unknown:,}", say("page.tile-unknown")))
    return tiles


def _entries(page: ReportPage) -> Iterator[Any]:
    for part in page.books:
        lists = [board.listed for board in part.boards]
        lists += [*part.vetoes, *part.gaps, *part.targets, *([part.cases] if part.cases else [])]
        lists += [made for duty in part.duties for made in (*([duty.missed] if duty.missed else []), *duty.unknown)]
        for made in lists:
            yield from made.entries


def _codes(node: Node) -> Iterator[str]:
    yield node.code
    for child in node.children:
        yield from _codes(child)


def _say(lang: str) -> Callable[..., str]:
    def say(key: str, /, **args: object) -> str:
        return text(key, lang, **args)

    return say


def _tag(lang: str) -> str:
    return {"zh": "zh-CN"}.get(lang, lang)


def _template(name: str) -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(files(__package__).joinpath(name).read_text(encoding="utf-8"))
