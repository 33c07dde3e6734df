"""The tree of grids. A code keeps its meaning for ever; what changes is a new version with its own days."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """One version of a grid, valid from day `start` (None: always) up to, not including, day `end`."""

    code: str
    name: str
    parent: str | None
    level: str
    kinds: tuple[str, ...] = ()
    start: int | None = None
    end: int | None = None
