"""Facts: something that happened. Never changed; only corrected by a later fact (semantics 1 to 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CORE = "core"  # the domain of what the system itself records: registry changes, corrections, rulings


@dataclass(frozen=True)
class Fact:
    """A recorded fact. Instants are microseconds since 1970-01-01 UTC.

    `seq` is its place in the ledger and its permanent name. `fields` hold values as JSON holds them:
    exact numbers, dates and instants are text (`12.50`, `2024-05-03`, `2024-05-03T01:00:00Z`); int, bool,
    text are themselves. A fact about a subject names the subject's grid at that time as its grid.
    """

    seq: int
    domain: str
    type: str
    grid: str | None
    subject: str | None
    actor: str | None
    at: int
    recorded: int
    fields: Mapping[str, object] = field(default_factory=dict)
