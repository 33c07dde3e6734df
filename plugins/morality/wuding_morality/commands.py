"""`wuding statement` and `wuding notice`: papers of a bank, as text and as HTML."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from wuding.cli.settings import Settings


def add(app: typer.Typer) -> None:
    app.command("statement", help="cli.statement")(statement)
    app.command("notice", help="cli.notice")(notice)


def statement(
    context: typer.Context,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="cli.statement.account", show_default=False)],
    book: Annotated[list[str] | None, typer.Option("--book", help="cli.statement.book")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="cli.statement.as-of")] = None,
) -> None:
    from wuding.app import Wuding
    from wuding_morality.statement import statement as made

    settings: Settings = context.obj
    form = settings.form("text", "html", "json")
    with Wuding.open(settings.db, books=book or (), create=False) as w:
        _print(made(w, account, as_of=as_of, lang=settings.lang), form)


def notice(
    context: typer.Context,
    start: Annotated[str, typer.Option("--from", help="cli.notice.from", show_default=False)],
    to: Annotated[str, typer.Option("--to", help="cli.notice.to", show_default=False)],
    grid: Annotated[str | None, typer.Option("--grid", help="cli.notice.grid")] = None,
    book: Annotated[list[str] | None, typer.Option("--book", help="cli.statement.book")] = None,
) -> None:
    from wuding.app import Wuding
    from wuding_morality.notice import notice as made

    settings: Settings = context.obj
    form = settings.form("text", "html", "json")
    with Wuding.open(settings.db, books=book or (), create=False) as w:
        _print(made(w, start, to, grid=grid, lang=settings.lang), form)


def _print(paper: object, form: str) -> None:
    from wuding.cli.out import print_json
    from wuding_morality.papers import Paper, rendered

    assert isinstance(paper, Paper)
    if form == "json":
        print_json(asdict(paper))
    else:
        print(rendered(paper, form))
