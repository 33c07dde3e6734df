"""Every hook that a plugin may implement. Start here when you write one.

A plugin is a Python module named by an entry point in the group `wuding`; mostly it only says where its
YAML lies:

    from wuding.hookspecs import Resource, hookimpl

    @hookimpl
    def wuding_domains() -> list[Resource]:
        return [("wuding_forest", "books/domain.yaml")]

A `Resource` is a package and a path inside it, read through `importlib.resources`, so that it works from a
wheel, an editable install and a zip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pluggy

from wuding.program.added import Section
from wuding.program.model import Label, Program

if TYPE_CHECKING:
    from wuding.book.added import Lint
    from wuding.domain.fact import Fact
    from wuding.store.standing import Standing

Resource = tuple[str, str]

PROJECT = "wuding"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True)
class Demo:
    """A scenario that `wuding demo` runs: load, check, tell.

    `source` says where its data is from, and what of it is simulated. The books are put into force, `load` is
    called with a `wuding.Wuding` on a new ledger and a seed (equal seeds must load equal facts), the books are
    checked as of the moment `as_of`, and the lines that `tell` gives (the same `Wuding`, the `CheckResult`, the
    language `zh` or `en`) are printed. `next` gives what to try then: command lines without `wuding`, as words.
    """

    name: str
    title: Label
    source: Label
    books: tuple[str, ...]
    as_of: str
    load: Callable[[Any, int], None]
    tell: Callable[[Any, Any, str], Iterable[str]]
    next: Callable[[Any], Sequence[Sequence[str]]]


@dataclass(frozen=True)
class Guard:
    """What must be decided when it is written: inside the ledger's transaction, while nobody else can write.

    `concerns` says, for a book that is in force or opened with, which fact types of the book's domain the guard decides
    about (none: the book is nothing to it). `decide` is called with the book, the ledger as it would be with the new
    facts (`wuding.store.standing.Standing`), and the facts of these types that come, or that a correction changes, in
    their form before and after. It refuses the whole batch by raising `WudingError`. What it may refuse is what nobody
    can want recorded; everything else is a finding.
    """

    concerns: Callable[[Program], Iterable[str]]
    decide: Callable[[Program, Standing, Sequence[Fact]], None]


@hookspec
def wuding_domains() -> list[Resource]:  # type: ignore[empty-body]
    """The `domain.yaml` files that the plugin brings: levels, roles, duties, subjects, fact types, effects."""


@hookspec
def wuding_books() -> list[Resource]:  # type: ignore[empty-body]
    """The rule books that the plugin brings: a domain's base, or the books of jurisdictions."""


@hookspec
def wuding_mappings() -> list[Resource]:  # type: ignore[empty-body]
    """Mapping files that say how columns of a well-known file become facts; used by name, `--mapping NAME`
    (the file's name without its ending)."""


@hookspec
def wuding_clauses() -> list[Resource]:  # type: ignore[empty-body]
    """Lists of clauses: what a plan or a by-law asks for, in words. Rules cite their ids, and `wuding clauses` says
    which rules implement each and what is missing."""


@hookspec
def wuding_demos() -> list[Demo]:  # type: ignore[empty-body]
    """Scenarios for `wuding demo`, in the order in which they are told. What the last one offers to try next
    closes the demonstration."""


@hookspec
def wuding_sections() -> list[Section]:  # type: ignore[empty-body]
    """Kinds of sections that rule books may have besides those of the core: how a rule is read and linked, what it
    finds, and why. See `Section`. Asked whenever a book is read, so that what it needs to assess is imported where
    it assesses."""


@hookspec
def wuding_guards() -> list[Guard]:  # type: ignore[empty-body]
    """What must be decided while facts are written. See `Guard`."""


@hookspec
def wuding_lints() -> list[Lint]:  # type: ignore[empty-body]
    """Reasons to refuse books that are right in themselves: functions of a `Program` and of the book's nodes (for
    places) that give diagnostics. An error refuses the book everywhere: in `wuding lint`, `check`, `enforce`."""


@hookspec
def wuding_texts() -> list[Resource]:  # type: ignore[empty-body]
    """JSON files of texts in Chinese and English, as in `wuding.catalogue`: messages of the plugin's codes with their
    `.help`, `status.X` and `section.X` of its sections, `cli.X` of its commands. A text of the core
    cannot be changed."""


@hookspec
def wuding_commands() -> dict[str, str]:  # type: ignore[empty-body]
    """Commands of `wuding`: the name, and the module whose `add(app)` puts it on a Typer app. A module is imported when
    its command is asked for. The command finds its `wuding.cli.settings.Settings` in `context.obj`."""
