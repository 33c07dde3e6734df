"""`wuding explain`: why a finding is what it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from wuding.cli.out import command_line, console, escape, print_json, show, sign, table
from wuding.cli.settings import Settings

if TYPE_CHECKING:
    from wuding import Explanation

LINKS = 5  # further findings that are named


def add(app: typer.Typer) -> None:
    app.command("explain", help="cli.explain")(explain)


def explain(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="cli.explain.id", show_default=False)],
    check: Annotated[int | None, typer.Option("--check", help="cli.explain.check")] = None,
    book: Annotated[list[str] | None, typer.Option("--book", help="cli.explain.book")] = None,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    form = settings.form("text", "json")
    with Wuding.open(settings.db, books=book or (), create=False) as w:
        found = w.explain(id_, check, lang=settings.lang)
    if form == "json":
        print_json(asdict(found))
        return
    _print(settings, found)
    if found.links:
        print(f"\n{settings.say('explain.links')}")
    for link in found.links[:LINKS]:
        print(f"  {command_line(settings, 'explain', link, check=check, book=book)}")
    if len(found.links) > LINKS:
        print(f"  {settings.say('explain.more', count=len(found.links) - LINKS)}")


def _print(settings: Settings, found: Explanation) -> None:
    screen = console()
    mark, colour = sign(found.status)
    screen.print(f"[bold {colour}]{mark}[/] [bold]{escape(found.verdict)}[/]")
    screen.print(f"[dim]{escape(found.id)}[/]")
    for part in found.parts:
        screen.print(f"\n[bold]{escape(part.title)}[/]")
        for sentence in part.sentences:
            screen.print(f"  {escape(sentence)}")
        if part.rows:
            show(table(settings, part.columns, [[escape(cell) for cell in row] for row in part.rows]))
        if part.more:
            screen.print(f"  {escape(settings.say('explain.more', count=part.more))}")
