"""The morality-bank domain: what it knows is YAML; this module only says where."""

from __future__ import annotations

from wuding.hookspecs import Resource, hookimpl


@hookimpl
def wuding_domains() -> list[Resource]:
    """The domain, as (package, path inside it)."""
    return [("wuding_morality", "books/domain.yaml")]


@hookimpl
def wuding_books() -> list[Resource]:
    """The base book that jurisdictions extend, as (package, path inside it)."""
    return [("wuding_morality", "books/base.yaml")]
