"""Posts: who holds which role, at which grid or subject, from when to when, in which capacity."""

from __future__ import annotations

from dataclasses import dataclass

CAPACITIES = ("principal", "A", "B")  # also the order of deputising


@dataclass(frozen=True)
class Post:
    """A person or body holding a role at a grid (and, when `subject` is given, at that subject in it),
    from day `start` (None: always) up to, not including, day `end`. `role` is a name, or `domain/name`
    where several domains have a role of that name and it is held in one alone."""

    id: str
    person: str
    role: str
    grid: str
    subject: str | None = None
    capacity: str = "principal"
    start: int | None = None
    end: int | None = None
