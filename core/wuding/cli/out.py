"""How answers are printed: tables for people, JSON and CSV for programs, moments in the jurisdiction's time."""

from __future__ import annotations

import csv
import json
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wuding.cli.settings import DATABASE, Settings
from wuding.domain.finding import STATUSES
from wuding.domain.instants import show_instant

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Row = Mapping[str, Any]
# A sign besides the colour: not everybody sees it, and a file has none.
SIGNS = {
    "good": ("✓", "green"), "bad": ("✗", "red"), "open": ("…", "yellow"), "unknown": ("?", "magenta"),
    "none": ("–", "dim"),
}  # fmt: skip
KINDS = {
    "good": ("fixed", "met", "scored", "closed", "done", "reached", "told"),
    "bad": ("gap", "missed", "struck", "late", "overdue", "out-of-order", "failed", "unstaffed"),
    "open": ("due", "running", "open", "waiting", "on-course", "pending"),
    "unknown": ("undetermined", "provisional"),
}


def moment(us: int | None, zone: str) -> str:
    """An instant to the minute: `2024-05-03 09:00`; empty for none."""
    return "" if us is None else show_instant(us, zone)[:16].replace("T", " ")


def sign(status: str) -> tuple[str, str]:
    """The sign and the colour of a status."""
    return SIGNS[next((kind for kind, names in KINDS.items() if status in names), None) or _added_kind(status)]


@cache
def _added_kind(status: str) -> str:
    """What a status is that a plugin's section adds."""
    from wuding.plugins import additions, plugin_manager

    for section in additions(plugin_manager()).sections.values():
        if status in section.statuses and status not in STATUSES["charter"]:  # `waived` and the like are nobody's own
            return "bad" if status in section.breaches else "good"
    return "none"


def status_text(settings: Settings, status: str) -> str:
    """`✗ missed`, as markup."""
    mark, colour = sign(status)
    return f"[{colour}]{mark} {settings.word('status', status)}[/]"


def console(stderr: bool = False) -> Console:
    """Where text goes. A pipe is not folded: what reads it can count on lines."""
    from rich.console import Console

    target = sys.stderr if stderr else sys.stdout
    return Console(file=target, highlight=False, soft_wrap=not target.isatty())


def escape(value: object) -> str:
    """A text of the user's, so that its brackets are not taken for markup."""
    from rich.markup import escape as escaped

    return escaped("" if value is None else str(value))


def table(
    settings: Settings, headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()
) -> Table:
    """A table with headings from the catalogue (`column.<name>`); `numbers` are the columns set to the right."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for i, name in enumerate(headings):
        made.add_column(settings.word("column", name), justify="right" if i in numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def show(made: Table) -> None:
    """Prints a table; as wide as it needs to be where nobody looks at a screen."""
    screen = console()
    if not sys.stdout.isatty():
        screen.width = 10_000  # what a table measures is cut at the screen's width
        screen.width = max(screen.measure(made).maximum, 1)
    screen.print(made)


def called_as(typed: str) -> str:
    """What to type for this program: its plain name where the shell finds it by that, else as it was typed."""
    found = shutil.which("wuding")
    return "wuding" if found and Path(found).resolve() == Path(typed).resolve() else typed


def command_line(settings: Settings, *words: str, **options: object) -> str:
    """A command as it can be typed: quoted, with the options that are given, on the ledger of this run."""
    told = [called_as(sys.argv[0]), *words]
    for name, value in options.items():
        for one in value if isinstance(value, list) else [] if value is None else [value]:
            told += [f"--{name}", str(one)]
    return shlex.join([*told, *(["--db", settings.db] if settings.db != DATABASE else [])])


def print_json(value: object, *, lines: bool = False) -> None:
    """JSON for programs; on one line where more may follow."""
    print(json.dumps(value, ensure_ascii=False, indent=None if lines else 2, default=str), flush=lines)


def print_csv(rows: Sequence[Row], columns: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if row[name] is None else row[name] for name in columns])


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, where somebody looks at a screen; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns: Any = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def rows(settings: Settings, found: Sequence[Row], columns: Sequence[str], numbers: Sequence[int] = ()) -> None:
    """Plain rows in the format asked for."""
    form = settings.form("text", "json", "csv")
    if form == "json":
        print_json([{name: row[name] for name in columns} for row in found])
    elif form == "csv":
        print_csv(found, columns)
    else:
        show(table(settings, columns, [[escape(row[name]) for name in columns] for row in found], numbers))
