"""`wuding report`: a check as a page to look at, print and pass on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wuding.cli.out import progress
from wuding.cli.settings import Settings
from wuding.errors import WudingError

OUT = "wuding-report.html"


def add(app: typer.Typer) -> None:
    app.command("report", help="cli.report")(report)


def report(
    context: typer.Context,
    check: Annotated[int | None, typer.Option("--check", help="cli.report.check")] = None,
    grid: Annotated[str | None, typer.Option("--grid", help="cli.report.grid")] = None,
    book: Annotated[list[str] | None, typer.Option("--book", help="cli.report.book")] = None,
    shown: Annotated[int, typer.Option("--shown", help="cli.report.shown", min=0)] = 240,
    out: Annotated[str, typer.Option("--out", help="cli.report.out")] = OUT,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    form = settings.form("text", "html", "json")  # text says what was written
    if form != "json":
        from wuding.report.charts import need_charts

        need_charts()
    with (
        Wuding.open(settings.db, books=book or (), create=False) as w,
        progress(settings.say("page.explaining")) as told,
    ):
        page = w.report(check, grid=grid, books=w.book_names, shown=shown, lang=settings.lang, progress=told)
    if form == "json":
        from dataclasses import asdict

        from wuding.cli.out import print_json

        print_json(asdict(page))
        return
    from wuding.report.html import report_html

    html = report_html(page)
    if out == "-" or form == "html":
        print(html)
        return
    try:
        Path(out).write_text(html, encoding="utf-8")
    except OSError as error:
        raise WudingError("WD871", path=out, reason=error.strerror or str(error)) from error
    size = f"{len(html.encode()) // 1024:,}"
    print(settings.say("page.written", path=out, size=size, shown=f"{page.shown:,}", worth=f"{page.worth:,}"))
