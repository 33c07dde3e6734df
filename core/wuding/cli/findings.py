"""`wuding findings`: the findings of a saved check, line by line; and how a finding is shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wuding.cli.out import escape, moment, print_csv, print_json, show, status_text, table
from wuding.cli.settings import Settings
from wuding.domain.finding import STATUSES
from wuding.errors import WudingError

if TYPE_CHECKING:
    import polars as pl

    from wuding.program.added import Sections

COLUMNS = (
    "id", "section", "rule", "status", "holder", "period", "case", "at", "low", "high", "needed", "value", "band",
)  # fmt: skip
LINES = 50
SCALE = 1_000_000


def add(app: typer.Typer) -> None:
    app.command("findings", help="cli.findings")(findings)


def findings(
    context: typer.Context,
    number: Annotated[int | None, typer.Option("--check", help="cli.findings.check")] = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="cli.findings.rule")] = None,
    status: Annotated[list[str] | None, typer.Option("--status", help="cli.findings.status")] = None,
    holder: Annotated[list[str] | None, typer.Option("--holder", help="cli.findings.holder")] = None,
    section: Annotated[list[str] | None, typer.Option("--section", help="cli.findings.section")] = None,
    period: Annotated[list[str] | None, typer.Option("--period", help="cli.findings.period")] = None,
    book: Annotated[list[str] | None, typer.Option("--book", help="cli.findings.book")] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="cli.findings.limit", min=0)] = None,
) -> None:
    from wuding.store.checks import load_check
    from wuding.store.ledger import open_ledger

    settings: Settings = context.obj
    form = settings.form("text", "json", "csv")
    sections = added_sections()
    groups = [*STATUSES.values(), *(one.statuses for one in sections.values())]
    _known("--status", status or (), {name for group in groups for name in group})
    _known("--section", section or (), {*STATUSES, *sections} - {"step"})
    with open_ledger(settings.db, create=False) as ledger:
        found = load_check(ledger, number, holders=holder or (), statuses=status or ())
        zone = ledger.zone
    frame = found.frame
    frame = _narrowed(frame, rule or (), {"section": section or (), "period": period or (), "book": book or ()})
    most = limit if limit is not None else LINES if form == "text" else frame.height
    rows = list(frame.head(most).iter_rows(named=True))
    if form == "json":
        print_json([plain(row, zone) for row in rows])
    elif form == "csv":
        print_csv([plain(row, zone) for row in rows], COLUMNS)
    else:
        print(
            settings.say("findings.head", check=found.number, at=moment(found.as_of, zone), count=f"{frame.height:,}")
        )
        if rows:
            show_lines(settings, rows, zone)
        if frame.height > len(rows):
            print(settings.say("findings.more", count=f"{frame.height - len(rows):,}"))


def _known(option: str, values: Sequence[str], known: Collection[str]) -> None:
    """A misspelt word must not look like a clean check. Raises WD810."""
    for value in values:
        if value not in known:
            raise WudingError("WD810", option=option, value=value, known=", ".join(sorted(known)))


def _narrowed(frame: pl.DataFrame, rules: Sequence[str], wanted: dict[str, Sequence[str]]) -> pl.DataFrame:
    """`--rule` takes `rule`, `rule.step` and `rule[variant]`."""
    import polars as pl

    for name, values in wanted.items():
        if values:
            frame = frame.filter(pl.col(name).is_in(list(values)))
    if not rules:
        return frame
    step = pl.when(pl.col("step") != "").then("." + pl.col("step")).otherwise(pl.lit(""))
    variant = pl.when(pl.col("variant") != "").then("[" + pl.col("variant") + "]").otherwise(pl.lit(""))
    names = (pl.col("rule"), pl.col("rule") + step, pl.col("rule") + variant, pl.col("rule") + variant + step)
    return frame.filter(pl.any_horizontal([name.is_in(list(rules)) for name in names]))


def show_lines(settings: Settings, rows: Sequence[dict[str, Any]], zone: str) -> None:
    cells = [
        [status_text(settings, row["status"]), escape(row["holder"]), escape(row["period"] or row["case"]),
         moment(row["at"], zone), escape(measured(row)), escape(row["id"])]
        for row in rows
    ]  # fmt: skip
    show(table(settings, ("status", "holder", "period", "at", "measured", "id"), cells))


def measured(row: dict[str, Any]) -> str:
    """What was counted or scored, short: `0 / 1`, `1..2 / 2`, `92.5 good #3`."""
    value = interval(row["value_low"], row["value_high"], SCALE)
    if value:
        rank = f"#{row['rank']}" if row["rank"] is not None else ""
        return " ".join(part for part in (value, row["band"] or "", rank) if part)
    count = interval(row["low"], row["high"], 1)
    return f"{count} / {row['needed']}" if count and row["needed"] else count


def interval(low: int | None, high: int | None, scale: int) -> str:
    """Both ends of an interval, or the one number that it is."""
    from fractions import Fraction

    from wuding.domain.number import plain as number

    if low is None or high is None:
        return "" if low is None else number(Fraction(low, scale))
    ends = [number(Fraction(end, scale)) for end in (low, high)]
    return ends[0] if low == high else "..".join(ends)


def added_sections() -> Sections:
    """The sections that plugins add."""
    from wuding.plugins import additions, plugin_manager

    return additions(plugin_manager()).sections


def plain(row: dict[str, Any], zone: str) -> dict[str, Any]:
    """A finding as JSON and CSV hold it: moments in the jurisdiction's time, exact numbers as text."""
    told: dict[str, Any] = {name: row[name] for name in COLUMNS if name in row}
    told["at"] = moment(row["at"], zone)
    told["value"] = interval(row["value_low"], row["value_high"], SCALE)
    names = ("book", "variant", "step", "trial", "holder_kind", "grid", "subject", "actor", "episode", "rank", "days")
    moments = {name: moment(row[name], zone) for name in ("start", "end", "due")}
    return told | {name: row[name] for name in names} | moments | {"missing": list(row["missing"] or ())}
