"""`wuding lint` (its work is in `lint.py`) and `wuding plugins`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from wuding.cli import lint as linting
from wuding.cli.out import rows
from wuding.cli.settings import Settings


def add(app: typer.Typer) -> None:
    app.command("lint", help="cli.lint")(lint)
    app.command("plugins", help="cli.plugins")(plugins)


def lint(
    context: typer.Context, paths: Annotated[list[str], typer.Argument(help="cli.lint.paths", show_default=False)]
) -> None:
    sys.exit(linting.lint(paths, context.obj))


def plugins(context: typer.Context) -> None:
    from wuding.plugins import plugin_manager

    settings: Settings = context.obj
    manager = plugin_manager()
    packages: dict[Any, Any] = dict(manager.list_plugin_distinfo())
    found = [_described(name, module, packages.get(module)) for name, module in manager.list_name_plugin()]
    columns = ("plugin", "package", "version", "domains", "books")
    rows(settings, sorted(found, key=lambda row: row["plugin"]), columns)


def _described(name: str, module: Any, package: Any) -> dict[str, str]:
    """What a plugin brings, by the names in its files: a file with mistakes must not hide the plugin."""
    from wuding.cli.lint import DOMAIN
    from wuding.plugins import book_name, read_resource

    def texts(hook: str) -> list[str]:
        return [read_resource(r)[0] for r in getattr(module, hook, list)()]

    domains = [found[1] for text in texts("wuding_domains") if (found := DOMAIN.search(text))]
    books = [own for text in texts("wuding_books") if (own := book_name(text))]
    return {
        "plugin": name,
        "package": package.metadata["Name"] if package else "",
        "version": package.version if package else "",
        "domains": ", ".join(domains),
        "books": ", ".join(books),
    }
