"""`wuding check`: what follows from the facts, in sum."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wuding.cli.findings import added_sections, plain, show_lines
from wuding.cli.out import (
    command_line,
    console,
    escape,
    moment,
    print_csv,
    print_json,
    show,
    status_text,
    table,
)
from wuding.cli.settings import Settings
from wuding.domain.finding import BREACHES
from wuding.errors import WudingError

if TYPE_CHECKING:
    import polars as pl

    from wuding.app import CheckResult, WrittenCheck

FIRST = ("struck", "overdue", "missed", "late", "failed", "unstaffed", "out-of-order", "gap")  # worth looking at first
TOP = 20


def add(app: typer.Typer) -> None:
    app.command("check", help="cli.check")(check)


def check(
    context: typer.Context,
    book: Annotated[list[str] | None, typer.Option("--book", help="cli.check.book")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="cli.check.as-of")] = None,
    known_at: Annotated[str | None, typer.Option("--known-at", help="cli.check.known-at")] = None,
    start: Annotated[str | None, typer.Option("--from", help="cli.check.from")] = None,
    no_save: Annotated[bool, typer.Option("--no-save", help="cli.check.no-save")] = False,
    top: Annotated[int, typer.Option("--top", help="cli.check.top", min=0)] = TOP,
    partitions: Annotated[int | None, typer.Option("--partitions", help="cli.check.partitions", min=1)] = None,
    on: Annotated[str | None, typer.Option("--on", help="cli.check.on")] = None,
    columns: Annotated[Path | None, typer.Option("--columns", help="cli.check.columns")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="cli.check.to")] = None,
) -> None:
    settings: Settings = context.obj
    form = settings.form("text", "json", "csv")
    asked: dict[str, Any] = {"as_of": as_of, "start": start, "books": book or ()}
    parts: dict[str, Any] = {"partitions": partitions, "on": on}
    if columns is not None and known_at is not None:  # what was known then, the columns do not tell
        raise WudingError("WD810", option="--known-at", value=known_at, known="wuding columns export --known-at")
    if columns is not None:
        result, zone = _of_columns(columns, to, asked, parts)
    else:
        asked |= {"known_at": known_at}
        result, zone = _of_ledger(settings, to, asked, {**parts, "save": not no_save and to is None})
    _say_parts(settings, result)
    counts, worst = counted(result.lazy()), breaches(result.lazy())
    if form == "json":
        told = {"check": result.number, "as_of": moment(result.as_of, zone), "known_seq": result.known_seq}
        first = [plain(row, zone) for row in worst.head(top).iter_rows(named=True)]
        print_json(told | {"books": list(result.books), "counts": counts, "breaches": worst.height, "first": first})
    elif form == "csv":
        print_csv(counts, ("book", "section", "status", "count"))
    else:
        _summary(settings, result, counts, worst, zone, top, book or ())
    if worst.height:
        sys.exit(1)


def _of_columns(
    columns: Path, to: Path | None, asked: Mapping[str, Any], parts: Mapping[str, Any]
) -> tuple[CheckResult | WrittenCheck, str]:
    """A check of exported columns, and the zone that it is told in."""
    from wuding.app import check_columns, check_columns_to
    from wuding.store.export import open_export

    zone = open_export(columns).manifest.zone
    if to is not None and not any(parts.values()):
        return check_columns_to(to, columns, **asked), zone
    result = check_columns(columns, **asked, **parts)
    if to is not None:
        result.write(to)
    return result, zone


def _of_ledger(
    settings: Settings, to: Path | None, asked: Mapping[str, Any], how: Mapping[str, Any]
) -> tuple[CheckResult | WrittenCheck, str]:
    """A check of the ledger, and the zone that it is told in."""
    from wuding.app import Wuding

    with Wuding.open(settings.db, books=asked["books"], create=False) as w:
        told = {name: value for name, value in asked.items() if name != "books"}
        if to is not None and how["partitions"] is None and how["on"] is None:
            return w.check_to(to, **told), w.ledger.zone
        result = w.check(**told, **how)
        if to is not None:
            result.write(to)
        return result, w.ledger.zone


def _say_parts(settings: Settings, result: CheckResult | WrittenCheck) -> None:
    """On stderr: in how many parts each book was checked, and which rules on everything, and why."""
    for split in (edition.split for edition in result.editions if edition.split is not None):
        by_reason: dict[str, list[str]] = {}
        for key, why in split.whole.items():
            by_reason.setdefault(settings.say(f"whole.{why}"), []).append(key)
        named = {why: settings.say("comma").join(keys) for why, keys in by_reason.items()}
        reasons = settings.say("semicolon").join(
            settings.say("check.why", rules=rules, why=why) for why, rules in named.items()
        )
        if split.parts == 1:
            print(f"WD883  {settings.say('WD883', book=split.book, reasons=reasons)}", file=sys.stderr)
            continue
        key = "check.parted" if reasons else "check.parted-all"
        told = settings.say(key, book=split.book, parts=split.parts, count=len(split.whole), reasons=reasons)
        print(told, file=sys.stderr)


def counted(found: pl.LazyFrame) -> list[dict[str, Any]]:
    """How many findings of each book, section and status there are; trial rules count apart, as `trial`."""
    import polars as pl

    section = pl.when("trial").then(pl.lit("trial")).otherwise("section").alias("section")
    grouped = found.with_columns(section).group_by("book", "section", "status", maintain_order=True).len("count")
    return list(grouped.collect().iter_rows(named=True))


def breaches(found: pl.LazyFrame) -> pl.DataFrame:
    """The breaches of live rules, those first that are worth looking at first; among equals the latest."""
    import polars as pl

    bad = BREACHES.union(*(section.breaches for section in added_sections().values()))
    found = found.filter(pl.col("status").is_in(sorted(bad)) & ~pl.col("trial"))
    # A gap that was closed long ago can wait, one that stands cannot; a late case is told by its late step.
    past = (pl.col("status") == "gap") & pl.col("end").is_not_null()
    order = pl.col("status").replace_strict({name: i for i, name in enumerate(FIRST)}, default=0, return_dtype=pl.Int32)
    found = found.filter(~((pl.col("section") == "escalation") & (pl.col("step") == "")))
    ordered = found.with_columns(_past=past, _order=order).sort(
        ["_past", "_order", "at"], descending=[False, False, True], nulls_last=True, maintain_order=True
    )
    return ordered.collect()


def _summary(
    settings: Settings,
    result: CheckResult | WrittenCheck,
    counts: Sequence[dict[str, Any]],
    worst: pl.DataFrame,
    zone: str,
    top: int,
    given: Sequence[str],
) -> None:
    screen = console()
    number = settings.say("check.number", number=result.number) if result.number else settings.say("check.unsaved")
    head = settings.say("check.head", number=number, at=moment(result.as_of, zone), seq=result.known_seq)
    screen.print(escape(head))
    for book in result.books:
        screen.print(f"\n[bold]{escape(book)}[/]")
        mine = [row for row in counts if row["book"] == book]
        if not mine:
            screen.print(escape(settings.say("check.nothing")))
            continue
        lines = []
        for section in dict.fromkeys(row["section"] for row in mine):
            parts = [row for row in mine if row["section"] == section]
            said = "   ".join(f"{status_text(settings, row['status'])} {row['count']:,}" for row in parts)
            lines.append([settings.word("section", section), f"{sum(row['count'] for row in parts):,}", said])
        show(table(settings, ("section", "count", "statuses"), lines, numbers=(1,)))
    if counts and not worst.height:
        screen.print(f"\n[green]✓[/] {escape(settings.say('check.clean'))}")
        return
    shown = list(worst.head(top).iter_rows(named=True))
    if shown:
        screen.print(f"\n{escape(settings.say('check.worst', count=f'{worst.height:,}', shown=len(shown)))}")
        show_lines(settings, shown, zone)
    if worst.height > len(shown) and result.number:
        screen.print(escape(settings.say("check.more", check=result.number)))
    if shown and result.number:
        files = [name for name in given if name.endswith((".yaml", ".yml"))]
        command = command_line(settings, "explain", shown[0]["id"], check=result.number, book=files)
        print(settings.say("check.explain", command=command))
