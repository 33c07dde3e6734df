"""The commands. Each group has a file of its own, and only the one that is asked for is imported."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import wuding
from wuding.allocator import be_frugal
from wuding.catalogue import choose_lang, text, texts
from wuding.cli.settings import Settings, split
from wuding.errors import Rejected, WudingError

# Commands in the order in which one meets them, and where each is defined.
COMMANDS = {
    "demo": "demo", "init": "ledger", "grid": "grids", "appoint": "ledger", "enforce": "ledger", "import": "facts",
    "record": "facts", "correct": "facts", "watch": "watching", "tick": "watching", "notices": "watching",
    "check": "checks", "findings": "findings",
    "explain": "explain", "charter": "charter", "report": "report",
    "lint": "books", "test": "tests", "clauses": "clauses", "plugins": "books", "new-domain": "new",
    "verify": "ledger", "columns": "columns",
}  # fmt: skip
BAD_INPUT = 2


def main() -> None:
    """The command `wuding`. Exit codes: 0 clean, 1 findings or failures, 2 bad input."""
    be_frugal()
    sys.exit(run(sys.argv[1:], os.environ))


def run(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """Run one command line and answer with its exit code. A `WudingError` is said on stderr, in words."""
    asked = [value for option, value in itertools.pairwise(arguments) if option == "--lang"]
    settings = Settings(choose_lang(asked[0] if asked else None, env))
    try:
        settings, rest = split(arguments, env)
        if rest == ["--version"]:
            print(f"wuding {wuding.__version__}")
            return 0
        if rest[:1] == ["lint"] and len(rest) > 1 and not any(word.startswith("-") for word in rest):
            # Typer alone, with what it imports, takes as long as reading a book: an editor waits for this.
            from wuding.cli.lint import lint

            return lint(rest[1:], settings)
        return _invoke(rest, settings)
    except WudingError as error:
        print(said(error, settings.lang), file=sys.stderr)
        return BAD_INPUT


def said(error: WudingError, lang: str) -> str:
    """An error with its remedy, or all the diagnostics that it carries."""
    if isinstance(error, Rejected):
        from wuding.catalogue import render

        return "\n".join(render(d, lang) for d in error.diagnostics)
    line = f"{error.code}  {text(error.code, lang, **error.args_)}"
    remedy = f"{error.code}.help"
    return f"{line}\n   = {text('help', lang)}{text(remedy, lang, **error.args_)}" if remedy in texts() else line


def _invoke(rest: list[str], settings: Settings) -> int:
    from wuding.cli.usage import bad_line

    name = next((word for word in rest if not word.startswith("-")), "")
    known = {name: f"wuding.cli.{COMMANDS[name]}"} if name in COMMANDS else every_command()
    if name and name not in known:
        raise WudingError("WD830", name=name, allowed=list(known))
    command = built({name: known[name]} if name else known, settings)
    try:
        code = command.main(args=rest, prog_name="wuding", obj=settings, standalone_mode=False)
    except SystemExit as stop:
        code = stop.code
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # the help has been printed
            return BAD_INPUT
        raise bad_line(error) from error
    return code if isinstance(code, int) else 0 if code is None else BAD_INPUT


def every_command() -> dict[str, str]:
    """The commands of the core, then those of the plugins: name, module. Of two of one name the core's is meant."""
    from wuding.plugins import commands, plugin_manager

    added = commands(plugin_manager())
    own = {name: f"wuding.cli.{module}" for name, module in COMMANDS.items()}
    return own | {name: added[name] for name in sorted(added.keys() - own.keys())}


def built(modules: Mapping[str, str], settings: Settings) -> Any:
    """The commands asked for (name, module), under one roof, their help in the language of the run."""
    import typer
    from typer.main import get_command

    from wuding.cli.usage import translate

    app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback(help="cli.help", epilog="cli.epilog")(_root)
    for module in dict.fromkeys(modules.values()):
        import_module(module).add(app)
    command = get_command(app)
    order = {name: i for i, name in enumerate([*COMMANDS, *modules])}
    commands: dict[str, Any] = command.commands  # type: ignore[attr-defined]
    for name in sorted(commands, key=lambda name: order.get(name, len(order))):
        commands[name] = commands.pop(name)
    translate(command, settings)
    return command


def _root() -> None:
    """Holds the commands together, also when only one of them was imported."""
