"""A world: everything a check is asked about, as plain records. What tests and the oracle are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wuding.domain.fact import Fact
from wuding.domain.grid import Grid
from wuding.domain.post import Post
from wuding.domain.subject import Subject


@dataclass(frozen=True)
class World:
    """What is known, and the moment of which it is asked.

    `facts` are all known facts in ledger order, corrections not yet applied. Those of the domain `core` are:

    - `absence`: fields `person`, `from`, `to` (days as text, `to` inclusive; without it: for ever);
    - `waiver`: `rule`, `holder`, `from`, `to` (as above), `approver`, `reason`, `retroactive` (bool);
    - `appeal`: `finding` (a finding's id), `upheld` (bool);
    - `correction`: `fact` (a sequence number) and either `void: true`, or `grid`, `subject`, `actor`, `at` (an
      instant as text, `2024-05-03T01:00:00Z`) and `fields` (a JSON object as text) of what replaces it.

    `as_of` is in microseconds since 1970-01-01 UTC. `window_from` and `in_force` (of the book's edition, end
    exclusive) are days since 1970-01-01. `boundaries` are WKB by grid code, longitude and latitude.
    """

    grids: tuple[Grid, ...]
    subjects: tuple[Subject, ...]
    posts: tuple[Post, ...]
    facts: tuple[Fact, ...]
    as_of: int
    zone: str = "Asia/Shanghai"
    window_from: int | None = None
    boundaries: Mapping[str, bytes] = field(default_factory=dict)
    in_force: tuple[int | None, int | None] = (None, None)
