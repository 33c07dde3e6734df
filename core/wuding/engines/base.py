"""What an engine is given: a snapshot of everything known, in columns; and what matching facts answers.

The frames are Polars frames; facts stay lazy until a rule asks for their type. Days are days since
1970-01-01, instants microseconds since 1970-01-01 UTC. Fields are named `f.<name>`, with the types of
`wuding.engines.frames.DTYPES`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

import polars as pl

if TYPE_CHECKING:
    from wuding.domain.fact import Fact
    from wuding.program.model import Program

FactFrames = Mapping[tuple[str, str], pl.LazyFrame]


@dataclass(frozen=True)
class Snapshot:
    """All that a check may look at, as of one moment and one sequence of the ledger.

    `grids`: code name parent level kinds(list) start end; `subjects`: by type, id type grid name start end
    and the type's `f.` columns; `posts`: id person role grid subject capacity start end. `start` and `end`
    are days, end exclusive, null for open. `facts`: by (domain, type): seq grid subject actor at recorded
    and `f.` columns, corrections applied. `kept_by` (`grid branch`): the facts' files are kept by branch, and the
    facts of the domain have a column `branch` more.
    """

    grids: pl.DataFrame
    subjects: Mapping[str, pl.DataFrame]
    posts: pl.DataFrame
    facts: FactFrames
    as_of: int
    zone: str
    window_from: int
    boundaries: Mapping[str, bytes] = field(default_factory=dict)
    in_force: tuple[int | None, int | None] = (None, None)
    kept_by: pl.DataFrame | None = None


@dataclass(frozen=True)
class Changes:
    """What a check knows that an earlier one did not. `facts`: by (domain, type), the facts that are new, that have
    come into sight because time passed, and those that were corrected, in their old form and their new; columns as
    in a snapshot. `registry`: `grid`, `boundary`, `post`, `subject:<type>`, each when something of it changed.
    `added`: the keys of `facts` under which nothing was corrected."""

    facts: FactFrames = field(default_factory=dict)
    registry: frozenset[str] = frozenset()
    added: frozenset[tuple[str, str]] = frozenset()


# ── matching facts with one another (semantics 28) ───────────────────────────────────────────────
class Match(NamedTuple):
    """Facts that meet a selector of facts.

    `rule` is the rule's key in the book (`education[school]`); `term` the selector's place in the rule (`do`,
    `items.late.each`, `steps.fixed.of`, `do.with.0`, `do.without.0`). `seqs` are the fact's sequence and, for each
    `with` of facts in its order, that of one counterpart. What facts alone do not decide (a holder's field, a
    parameter, a role, a finding) leaves a match possible: `certain` is then false.
    """

    rule: str
    term: str
    seqs: tuple[int, ...]
    certain: bool


class Matcher(Protocol):
    """What matches facts: a pure function of the program and the facts, whichever engine does it.

    Facts are given after corrections (semantics 4), none later than the moment asked, in any order; sequences
    differ. Answers are sorted, each (rule, term, seqs) once.
    """

    def matches(self, program: Program, facts: Sequence[Fact]) -> list[Match]:
        """All matches of all selectors of facts, nested ones (`with`, `without`) as terms of their own."""
        ...

    def touched(self, program: Program, new_facts: Sequence[Fact], around: Sequence[Fact]) -> list[Match]:
        """The matches among `new_facts` and `around` in which a new fact takes part.

        A new fact that ends an older match by being what must not exist is told by a match of the `without` itself:
        a rule without any match here is not touched by these facts through its selectors."""
        ...

    def close(self) -> None:
        """Ends what the matcher runs beside this process. It may be asked again: then it starts anew."""
        ...


def involving(found: Sequence[Match], new_facts: Sequence[Fact]) -> list[Match]:
    """The matches in which one of the new facts takes part."""
    new = {fact.seq for fact in new_facts}
    return [match for match in found if not new.isdisjoint(match.seqs)]
