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
from typing import Any

import pluggy

from wuding.program.model import Label

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
