"""Where the domain, the book and the mapping lie. All that they say is YAML."""

from __future__ import annotations

from wuding.hookspecs import Resource, hookimpl


@hookimpl
def wuding_domains() -> list[Resource]:
    return [("wuding_food", "books/domain.yaml")]


@hookimpl
def wuding_books() -> list[Resource]:
    return [("wuding_food", "books/chicago.yaml")]


@hookimpl
def wuding_mappings() -> list[Resource]:
    return [("wuding_food", "mappings/chicago-canvass.yaml")]
