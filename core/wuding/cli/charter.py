"""`wuding charter`: the five fixed things of a grid, as a page to pin on a wall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from wuding.cli.out import console, escape, print_json, show, table
from wuding.cli.settings import Settings

if TYPE_CHECKING:
    from wuding.report.model import CharterPage, Clause


def add(app: typer.Typer) -> None:
    app.command("charter", help="cli.charter")(charter)


def charter(
    context: typer.Context,
    grid: Annotated[str, typer.Argument(metavar="GRID", help="cli.charter.grid", show_default=False)],
    book: Annotated[list[str] | None, typer.Option("--book", help="cli.charter.book")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="cli.charter.as-of")] = None,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    form = settings.form("text", "html", "json")
    with Wuding.open(settings.db, books=book or (), create=False) as w:
        pages = w.charter(grid, as_of=as_of, lang=settings.lang)
    if form == "json":
        print_json([asdict(page) for page in pages])
    elif form == "html":
        from wuding.report.html import charter_html

        print(charter_html(pages))
    else:
        for page in pages:
            _print(settings, page)


def _print(settings: Settings, page: CharterPage) -> None:
    screen = console()
    screen.print(f"[bold]{escape(settings.say('report.title'))}  {escape(page.name)}[/]")
    screen.print(f"[dim]{escape(page.domain)} · {escape(page.book_title)}[/]")

    def heading(number: str, name: str) -> None:
        screen.print(f"\n[bold]{escape(settings.say(f'report.number-{number}'))} {escape(settings.say(name))}[/]")

    heading("1", "report.area")
    for label, value in page.area:
        screen.print(f"  [dim]{escape(label)}[/]  {escape(value)}")
    heading("2", "report.persons")
    if page.persons:
        rows = [[escape(cell) for cell in (p.role, p.name, p.capacity, p.since)] for p in page.persons]
        show(table(settings, ("role", "who", "capacity", "since"), rows))
    else:
        screen.print(f"  {escape(settings.say('charter.nobody'))}")
    heading("3", "report.duties")
    for role, duties in page.duties:
        screen.print(f"  {escape(role)}  {escape(settings.say('semicolon').join(duties))}")
    heading("4", "report.tasks")
    _rules(settings, page.tasks)
    heading("5", "report.rewards")
    _rules(settings, page.rewards)
    screen.print(f"\n[bold]{escape(settings.say('report.gaps'))}[/]")
    for gap in page.gaps:
        missing = settings.say("list").join(gap.missing)
        state = settings.say(f"report.{gap.status}", since=gap.since, days=gap.days, missing=missing)
        screen.print(f"  [red]✗[/] {escape(gap.title)}  {escape(state)}")
    if not page.gaps:
        screen.print(f"  [green]✓[/] {escape(settings.say('charter.fixed'))}")
    foot = settings.say("report.foot", day=page.as_of, book=page.book, grid=page.grid)
    screen.print(f"\n[dim]{escape(foot)}[/]\n")


def _rules(settings: Settings, rules: Sequence[Clause]) -> None:
    screen = console()
    for rule in rules:
        clauses = settings.say("list").join(rule.clauses)
        screen.print(f"  {escape(rule.title)}  [dim]{escape(clauses)}[/]")
        for sentence in rule.sentences:
            screen.print(f"    {escape(sentence)}")
    if not rules:
        screen.print(f"  {escape(settings.say('words.nothing'))}")
