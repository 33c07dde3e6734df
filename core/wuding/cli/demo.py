"""The command `demo`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from wuding.cli.out import called_as
from wuding.cli.settings import Settings


def add(app: typer.Typer) -> None:
    app.command("demo", help="cli.demo")(demo)


def demo(context: typer.Context, seed: Annotated[int, typer.Option("--seed", help="cli.demo.seed")] = 2024) -> None:
    from wuding.demo import run_demo

    settings: Settings = context.obj
    run_demo(settings.db, settings.lang, print, seed, program=called_as(sys.argv[0]))
