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

import pluggy

Resource = tuple[str, str]

PROJECT = "wuding"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


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
