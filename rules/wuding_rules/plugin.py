"""Offers every rule book of this package (a new YAML file needs no Python), and the demonstration."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from wuding.hookspecs import Demo, Resource, hookimpl

PACKAGE = "wuding_rules"
NO_BOOKS = ("domains", "mappings", "data")  # folders that hold something else
CLAUSES = "clauses.yaml"


@hookimpl
def wuding_books() -> list[Resource]:
    """All books of the package, as (package, path inside it), in order of path; their tests are left out."""
    return [(PACKAGE, path) for path in sorted(_books(files(PACKAGE), ""))]


def _books(folder: Traversable, prefix: str) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name not in NO_BOOKS:
            yield from _books(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".yaml") and not entry.name.endswith(".test.yaml") and entry.name != CLAUSES:
            yield f"{prefix}{entry.name}"


@hookimpl
def wuding_clauses() -> list[Resource]:
    """The clauses of the nine plans."""
    return [(PACKAGE, CLAUSES)]


@hookimpl
def wuding_domains() -> list[Resource]:
    """The small domain of the demonstration."""
    return [(PACKAGE, "demo/domains/requests.yaml")]


@hookimpl
def wuding_mappings() -> list[Resource]:
    """How the sample of the demonstration becomes facts."""
    return [(PACKAGE, "demo/mappings/boston-sample.yaml")]


@hookimpl
def wuding_demos() -> list[Demo]:
    """Boston's requests, which are real, then a simulated year of fire safety on the real tree of 南城县."""
    from wuding_rules.demo import nancheng, requests

    return [requests.demo(), nancheng.demo()]
