"""Help and mistakes of the command line itself, in the language of the run: Typer's own texts are English."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from wuding.catalogue import texts
from wuding.cli.settings import Settings
from wuding.errors import WudingError


def translate(command: Any, settings: Settings) -> None:
    """Puts the catalogue's texts where a command, its options and its subcommands name a key of it, and where
    Typer has texts of its own."""
    names = SimpleNamespace(help_option_names=["--help"])  # all that Typer asks of the context there
    asking = command.get_help_option(names)
    asking.help = settings.say("usage.help")
    for thing in (command, *command.params):
        for attribute in ("help", "short_help", "epilog"):
            key = getattr(thing, attribute, None)
            if isinstance(key, str) and key in texts():
                setattr(thing, attribute, settings.say(key))
    for param in (asking, *command.params):
        param.rich_help_panel = settings.say(f"usage.{param.param_type_name}s")
    usage = command.get_usage
    command.get_usage = lambda context: usage(context).replace("Usage:", settings.say("usage"), 1)
    for child in getattr(command, "commands", {}).values():
        child.rich_help_panel = settings.say("usage.commands")
        translate(child, settings)


def bad_line(error: Exception) -> Exception:
    """Typer's complaint about a command line as an error of ours; any other exception as it is.

    Recognised by name: Typer has brought its own copy of Click since 0.2x, and used Click's before."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    found: Any = error
    context = getattr(found, "ctx", None)
    words = context.command_path if context is not None else "wuding"
    if "ClickException" not in kinds:
        return error
    if "NoSuchOption" in kinds:
        known = [o for p in context.command.params for o in p.opts if o.startswith("-")] if context else []
        return WudingError("WD831", name=found.option_name, allowed=known, command=words)
    if "MissingParameter" in kinds:
        return WudingError("WD832", name=_shown(found.param), command=words)
    if "BadParameter" in kinds:
        return WudingError("WD833", name=_shown(found.param), reason=found.message, command=words)
    if "BadOptionUsage" in kinds:
        return WudingError("WD811", option=found.option_name)
    below = list(getattr(context.command, "commands", {})) if context is not None else []
    if below:
        name = found.format_message().partition("'")[2].partition("'")[0]
        return WudingError("WD830", name=name, allowed=below)
    reason = found.format_message()
    if "unexpected extra" in reason:
        return WudingError("WD835", words=reason.rpartition("(")[2].rstrip(").") or reason, command=words)
    return WudingError("WD834", reason=reason, command=words)


def _shown(param: Any) -> str:
    """An option as it is typed, an argument as help names it."""
    return str(param.opts[0] if param.param_type_name == "option" else param.metavar or param.name)
