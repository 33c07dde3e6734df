"""`wuding columns export`: the ledger's facts as Parquet, for a check on another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wuding.cli.out import print_json
from wuding.cli.settings import Settings

BRANCHES = 16


def add(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
    group.callback(help="cli.columns")(_group)
    group.command("export", help="cli.columns.export")(export)
    app.add_typer(group, name="columns", help="cli.columns")


def _group() -> None:
    """Holds the commands together, also when there is but one."""


def export(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="cli.columns.folder", show_default=False)],
    book: Annotated[list[str] | None, typer.Option("--book", help="cli.columns.book")] = None,
    branches: Annotated[int, typer.Option("--branches", help="cli.columns.branches", min=1)] = BRANCHES,
    known_at: Annotated[str | None, typer.Option("--known-at", help="cli.check.known-at")] = None,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    form = settings.form("text", "json")
    with Wuding.open(settings.db, books=book or (), create=False) as w:
        made = w.export_columns(folder, branches=branches, known_at=known_at)
    rows = sum(made.rows.values())
    if form == "json":
        print_json({"folder": str(folder), "seq": made.seq, "facts": rows, "branches": made.branches})
    else:
        said = {"folder": str(folder), "seq": made.seq, "rows": f"{rows:,}", "branches": made.branches}
        print(settings.say("columns.done", **said))
