"""The findings that a page shows, each with its explanation: as many as it has room for, a fair share of every rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import polars as pl

from wuding.domain.instants import local_day, show_instant
from wuding.domain.number import SCALE, plain
from wuding.domain.period import to_date
from wuding.report.found import KIND, Reading, open_matters
from wuding.report.page import Entry, Listed, Why

FIRST = 40  # of scores, vetoes and open cases, before the rest of the room is shared out
Explainer = Callable[[Sequence[str]], Mapping[str, Why]]


@dataclass(frozen=True)
class Group:
    """Findings that belong into one list, those first that are worth looking at first."""

    book: Reading
    section: str
    key: str  # of the rule; empty for cases
    statuses: tuple[str, ...]
    rows: pl.DataFrame
    period: str = ""
    first: bool = False


def groups(book: Reading) -> list[Group]:
    """Everything of a book that is worth showing."""
    return [*_scores(book), *_vetoes(book), *_cases(book), *_gaps(book), *_missed(book), *_targets(book)]


def _scores(book: Reading) -> Iterable[Group]:
    for key in book.keys("scoring"):
        mine = book.live.filter((pl.col("section") == "scoring") & (pl.col("key") == key))
        done = mine.filter(pl.col("status") != "running")
        done = mine if done.is_empty() else done
        period = done.sort("at", nulls_last=False).get_column("period")[-1]
        rows = done.filter(pl.col("period") == period).sort(
            ["rank", "value_low", "holder"], descending=[False, True, False], nulls_last=True
        )
        statuses = tuple(sorted(rows.get_column("status").unique()))
        yield Group(book, "scoring", key, statuses, rows, period, first=True)


def _vetoes(book: Reading) -> Iterable[Group]:
    for key in book.keys("veto"):
        mine = book.latest.filter((pl.col("section") == "veto") & (pl.col("key") == key))
        yield from _by_status(book, "veto", key, mine.sort("at", descending=True, maintain_order=True), first=True)


def _cases(book: Reading) -> Iterable[Group]:
    rows = open_matters(book.live).sort("due", "at", nulls_last=True, maintain_order=True)
    statuses = tuple(sorted(rows.get_column("status").unique()))
    yield Group(book, "escalation", "", statuses, rows, first=True)


def _gaps(book: Reading) -> Iterable[Group]:
    for key in book.keys("charter"):
        mine = book.latest.filter((pl.col("section") == "charter") & (pl.col("key") == key))
        mine = mine.filter(pl.col("status").is_in(["gap", "undetermined"]))
        yield from _by_status(book, "charter", key, mine.sort("start", "holder", maintain_order=True))


def _missed(book: Reading) -> Iterable[Group]:
    for key in book.keys("patrol"):
        mine = book.live.filter((pl.col("section") == "patrol") & (pl.col("key") == key))
        mine = mine.filter(pl.col("status").is_in(["missed", "undetermined"]) & pl.col("month").is_in(book.months))
        yield from _by_status(book, "patrol", key, mine.sort("at", descending=True, maintain_order=True))


def _targets(book: Reading) -> Iterable[Group]:
    for key in book.keys("targets"):
        mine = book.latest.filter((pl.col("section") == "targets") & (pl.col("key") == key))
        mine = mine.filter(pl.col("status").is_in(["missed", "undetermined"]))
        yield from _by_status(book, "targets", key, mine.sort("value_low", nulls_last=True, maintain_order=True))


def _by_status(book: Reading, section: str, key: str, frame: pl.DataFrame, first: bool = False) -> Iterable[Group]:
    for status in ("struck", "gap", "missed", "undetermined"):
        rows = frame.filter(pl.col("status") == status)
        if not rows.is_empty():
            yield Group(book, section, key, (status,), rows, first=first)


def shared_out(sizes: Sequence[tuple[int, bool]], room: int) -> list[int]:
    """How many of each group are shown: groups that go first fill up to `FIRST`, the rest of the room is dealt out
    one by one, so that no rule crowds out another."""
    taken = [0] * len(sizes)
    for n, (size, first) in enumerate(sizes):
        if first:
            taken[n] = min(size, FIRST, room)
            room -= taken[n]
    while room:
        hungry = [n for n, (size, _) in enumerate(sizes) if taken[n] < size]
        if not hungry:
            break
        for n in hungry[:room]:
            taken[n] += 1
        room -= min(room, len(hungry))
    return taken


def listed(found: Sequence[Group], room: int, check: int, explain: Explainer) -> list[Listed]:
    """A list for each group; all in all `room` entries, each explained. A finding that cannot be explained any more
    (its rule has left the book) is not shown."""
    taken = shared_out([(group.rows.height, group.first) for group in found], room)
    picked = [group.rows.head(n) for group, n in zip(found, taken, strict=True)]
    why = explain([id_ for rows in picked for id_ in rows.get_column("id")])
    made: list[Listed] = []
    number = 0
    for n, (group, rows) in enumerate(zip(found, picked, strict=True)):
        entries = []
        for row in rows.iter_rows(named=True):
            if row["id"] in why:
                number += 1
                entries.append(entry(group.book, row, f"f{number}", why[row["id"]]))
        made.append(_list(group, f"l{n}", entries, check))
    return made


def _list(group: Group, anchor: str, entries: Sequence[Entry], check: int) -> Listed:
    book, total = group.book, group.rows.height
    title = book.title(group.key) if group.key else ""
    whole = Listed(anchor, group.key, title, book.clauses(group.key), total, tuple(entries))
    if len(entries) == total:
        return whole
    shown = {e.id for e in entries}
    other = next(id_ for id_ in group.rows.get_column("id") if id_ not in shown)
    words = ["findings", "--check", str(check), "--book", book.program.book]
    words += ["--rule", group.key] if group.key else ["--section", group.section]
    words += [word for status in group.statuses for word in ("--status", status)]
    words += ["--period", group.period] if group.period else []
    return replace(whole, rest=tuple(words), explain=("explain", other, "--check", str(check)))


def entry(book: Reading, row: Mapping[str, Any], anchor: str, why: Why) -> Entry:
    """A finding in words."""
    zone = book.program.zone
    what = book.title(row["key"])
    if row["step"]:
        what = book.words.say("words.named", code=what, name=book.words.called(row["step"]))
    due = row["due"] if row["section"] == "escalation" else None
    return Entry(
        anchor=anchor,
        id=row["id"],
        kind=KIND.get(row["status"], "none"),
        status=row["status"],
        what=what,
        who=holder(book, row),
        where=book.ground.path(row["grid"]),
        when=_when(row, zone),
        due="" if due is None else show_instant(due, zone)[:16].replace("T", " "),
        value=measured(row),
        band=book.words.called(row["band"] or ""),
        rank=row["rank"],
        why=why,
    )


def holder(book: Reading, row: Mapping[str, Any]) -> str:
    """Whom a finding is about, by name."""
    kind, code = row["holder_kind"], row["holder"]
    if kind == "grid":
        return book.ground.name(code)
    if kind == "subject":
        return book.subject_names.get(code) or code
    return str(row["actor"] or code) if kind == "post" else book.words.say("words.fact-number", seq=code)


def _when(row: Mapping[str, Any], zone: str) -> str:
    if row["section"] == "veto":
        return "" if row["at"] is None else to_date(local_day(row["at"], zone)).isoformat()
    return str(row["case"] or row["period"])


def measured(row: Mapping[str, Any]) -> str:
    """What was counted, scored or measured: `0 / 1`, `92.5`, `47.2%`, `1..2 / 2`."""
    percent = "%" in row["needed"]
    value = _interval(row["value_low"], row["value_high"], SCALE, percent)
    count = value or _interval(row["low"], row["high"], 1, False)
    needed = row["needed"] if row["section"] != "scoring" and "$" not in row["needed"] else ""
    return f"{count} / {needed}" if count and needed else count


def _interval(low: int | None, high: int | None, scale: int, percent: bool) -> str:
    if low is None or high is None:
        return ""
    ends = [Fraction(end, scale) * (100 if percent else 1) for end in (low, high)]
    said = [plain(Fraction(round(end * 100), 100)) + ("%" if percent else "") for end in ends]
    return said[0] if said[0] == said[1] else "..".join(said)
