"""What the rules of a book ask about: every selector in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from wuding.program.model import Rule, Selector


def selectors(rule: Rule) -> Iterator[Selector]:
    """Every selector that stands anywhere in a rule, those inside others too."""
    yield from _inside(rule)


def _inside(value: object) -> Iterator[Selector]:
    if isinstance(value, Selector):
        yield value
    if isinstance(value, tuple):
        for one in value:
            yield from _inside(one)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _inside(getattr(value, field.name))
