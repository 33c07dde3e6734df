"""Offers every rule book of this package: a new YAML file needs no Python."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from wuding.hookspecs import Resource, hookimpl

PACKAGE = "wuding_rules"


@hookimpl
def wuding_books() -> list[Resource]:
    """All books of the package, as (package, path inside it), in order of path; their tests are left out."""
    return [(PACKAGE, path) for path in sorted(_books(files(PACKAGE), ""))]


def _books(folder: Traversable, prefix: str) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _books(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".yaml") and not entry.name.endswith(".test.yaml"):
            yield f"{prefix}{entry.name}"
