"""Where the domain, the book and the mapping lie. All that they say is YAML."""

from __future__ import annotations

from wuding.hookspecs import Resource, hookimpl


@hookimpl
def wuding_domains() -> list[Resource]:
    return [("wuding_requests", "books/domain.yaml")]


@hookimpl
def wuding_books() -> list[Resource]:
    return [("wuding_requests", "books/boston.yaml")]


@hookimpl
def wuding_mappings() -> list[Resource]:
    return [("wuding_requests", "mappings/boston-311.yaml")]
