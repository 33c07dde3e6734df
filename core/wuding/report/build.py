"""From the findings of a check to its page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from wuding.domain.instants import local_day, show_instant
from wuding.domain.number import from_scaled, plain
from wuding.domain.period import to_date
from wuding.report.atlas import atlases
from wuding.report.calendar import duties
from wuding.report.entries import Explainer, Group, groups, holder, listed
from wuding.report.found import Governed, Reading, open_matters, reading
from wuding.report.ground import Ground, ground
from wuding.report.maps import map_of
from wuding.report.page import Board, BookPart, Listed, Matters, ReportPage, Score, Tally
from wuding.report.tree import nodes
from wuding.store.ledger import Head


def report_page(
    books: Sequence[Governed], grid: str | None, head: Head, check: int, room: int, lang: str, explain: Explainer
) -> ReportPage:
    """The page of a check: of each book what it found, below `grid` (None: wherever the books govern).

    `head` is the place in the ledger that the check knew; at most `room` findings are shown, those that `explain`
    explains. `lang` is `zh` or `en`.
    """
    snap, zone = books[0].snap, books[0].program.zone
    day = local_day(snap.as_of - 1, zone)
    on = ground(snap.grids, day, [grid] if grid is not None else [book.program.grid for book in books])
    read = [reading(book, on, lang) for book in books]
    worth = [group for book in read for group in groups(book)]
    lists = listed(worth, room, check, explain)
    pairs = list(zip(worth, lists, strict=True))
    anchors = {
        (group.book.program.book, key, status): made.anchor
        for group, made in pairs
        for status in group.statuses
        for key in ([group.key] if group.key else set(group.rows.get_column("key")))
    }
    totals: Counter[str] = Counter()
    for book in read:
        totals.update(dict(book.latest.group_by("kind").len().iter_rows()))
    names = [on.name(root) for root in on.roots]
    return ReportPage(
        lang=lang,
        title=names[0] if len(names) == 1 else read[0].words.joined(names, "list"),
        check=check,
        as_of=show_instant(snap.as_of, zone)[:16].replace("T", " "),
        known_seq=head.seq,
        books=tuple(_part(book, [pair for pair in pairs if pair[0].book is book]) for book in read),
        tree=nodes(on, read, anchors),
        map=map_of(on, read),
        atlases=atlases(on, read),
        shown=sum(len(made.entries) for made in lists),
        worth=sum(made.total for made in lists),
        totals=dict(totals),
    )


def _part(book: Reading, pairs: Sequence[tuple[Group, Listed]]) -> BookPart:
    def of(section: str) -> list[tuple[Group, Listed]]:
        return [(group, made) for group, made in pairs if group.section == section]

    patrols = {(group.key, group.statuses[0]): made for group, made in of("patrol")}
    first = {section: _first(of(section)) for section in ("charter", "targets")}
    sections = book.live.filter(pl.col("section") == "patrol").filter(pl.col("month").is_in(book.months))
    return BookPart(
        book=book.program.book,
        title=book.words.label(book.program.title),
        domain=book.words.label(book.program.domain.label),
        months=book.months,
        counts=dict(sections.group_by("status").len().iter_rows()),
        duties=duties(book, patrols),
        boards=tuple(_board(group, made) for group, made in of("scoring")),
        vetoes=tuple(made for _, made in of("veto")),
        cases=next((made for _, made in of("escalation") if made.total), None),
        weeks=tuple(_weeks(book)),
        asks=tuple(_tallies(book, "charter", first["charter"])),
        gaps=tuple(made for _, made in of("charter")),
        goals=tuple(_tallies(book, "targets", first["targets"])),
        targets=tuple(made for _, made in of("targets")),
    )


def _first(pairs: Sequence[tuple[Group, Listed]]) -> dict[str, str]:
    """The anchor of the first list of each rule."""
    return {group.key: made.anchor for group, made in reversed(pairs)}


def _tallies(book: Reading, section: str, anchors: dict[str, str]) -> list[Tally]:
    """Each rule of a section with how many holders stand how; those with most breaches first."""
    now = book.latest.filter(pl.col("section") == section)
    if section == "targets":
        running = book.live.filter((pl.col("section") == section) & (pl.col("status") == "on-course"))
        now = pl.concat([now, running])
    found = []
    for key in book.keys(section):
        mine = dict(now.filter(pl.col("key") == key).group_by("status").len().iter_rows())
        if mine:
            found.append(Tally(book.title(key), anchors.get(key, ""), mine))
    return sorted(found, key=lambda tally: -sum(tally.counts.get(bad, 0) for bad in ("gap", "missed")))


def _board(group: Group, made: Listed) -> Board:
    book = group.book
    rule = next((r for r in book.program.rules if r.head.key == group.key), None)
    anchors = {entry.id: entry.anchor for entry in made.entries}
    scores = []
    for row in group.rows.iter_rows(named=True):
        low, high = row["value_low"], row["value_high"]
        said = "" if low is None else plain(from_scaled(low))
        if low is not None and high is not None and high != low:
            said = book.words.say("words.interval", low=said, high=plain(from_scaled(high)))
        value = None if low is None else float(from_scaled(low))
        who, anchor = holder(book, row), anchors.get(row["id"], "")
        scores.append(Score(who, value, said, book.words.called(row["band"] or ""), row["rank"], row["status"], anchor))
    bands = tuple(book.words.called(name) for name, _ in getattr(rule, "bands", ()))
    return Board(group.key, book.title(group.key), group.period, bands, tuple(scores), made)


def _weeks(book: Reading) -> list[Matters]:
    """What is due, week by week (from its Monday)."""
    rows = open_matters(book.live).filter(pl.col("due").is_not_null())
    found: Counter[tuple[date, bool]] = Counter()
    for due, status in rows.select("due", "status").iter_rows():
        day = to_date(local_day(due - 1, book.program.zone))
        found[day - timedelta(days=day.weekday()), status == "overdue"] += 1
    weeks = sorted({week for week, _ in found})
    return [Matters(week.isoformat(), found[week, True], found[week, False]) for week in weeks]


__all__ = ["Governed", "Ground", "report_page"]
