"""The command of the tiny plugin."""

from __future__ import annotations

import typer


def add(app: typer.Typer) -> None:
    app.command("grove", help="cli.grove")(grove)


def grove(context: typer.Context) -> None:
    print(context.obj.say("grove.said"))
