"""Subjects: what a duty is about, inside one grid (a household, an enterprise, a shop, a source of pollution)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Subject:
    """One version of a subject, valid from day `start` (None: always) up to, not including, day `end`.

    `fields` hold values as JSON holds them: text for dates (`2024-05-03`) and for exact numbers.
    """

    id: str
    type: str
    grid: str
    name: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    start: int | None = None
    end: int | None = None
