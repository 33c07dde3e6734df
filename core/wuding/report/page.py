"""The page about a check, as plain data: what stands on it, before it is drawn.

Texts are in the page's language; instants and days are text in the jurisdiction's time. An `anchor` is the name of a
place on the page (`f12`), unique on it. Every finding that an `Entry` shows has its explanation beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

STANDINGS = ("struck", "breach", "unknown", "open", "good", "none")  # the gravest first


class Told(Protocol):
    """One heading of an explanation: sentences, and rows under columns; `more` further rows are left out."""

    @property
    def title(self) -> str: ...
    @property
    def sentences(self) -> tuple[str, ...]: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def rows(self) -> tuple[tuple[str, ...], ...]: ...
    @property
    def more(self) -> int: ...


class Why(Protocol):
    """Why a finding is what it is."""

    @property
    def verdict(self) -> str: ...
    @property
    def parts(self) -> Sequence[Told]: ...


@dataclass(frozen=True)
class Entry:
    """A finding that is shown, with its explanation. `kind` is one of `STANDINGS`, `status` the finding's status;
    `what` the rule's title, with the step of a case; `when` the period, case, or first day; `value` what was counted or
    scored."""

    anchor: str
    id: str
    kind: str
    status: str
    what: str
    who: str
    where: str
    when: str
    due: str
    value: str
    band: str
    rank: int | None
    why: Why


@dataclass(frozen=True)
class Listed:
    """Findings that say the same (`missed`, `gap`, ...) of one rule, or the open cases of a book. There are `total`,
    `entries` of them are shown, worst first; `rest` is the command, word by word, that lists them all, `explain` one
    that explains the first that is not shown (empty when all are)."""

    anchor: str
    rule: str
    title: str
    clauses: tuple[str, ...]
    total: int
    entries: tuple[Entry, ...]
    rest: tuple[str, ...] = ()
    explain: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """The periods of a duty that ended in a month, by what became of them. `place` names the grid, or the duty."""

    place: str
    month: str
    met: int = 0
    missed: int = 0
    unknown: int = 0
    excused: int = 0
    due: int = 0

    @property
    def share(self) -> float | None:
        """The share that was met of what was met or missed; None when nothing was."""
        asked = self.met + self.missed
        return self.met / asked if asked else None


@dataclass(frozen=True)
class Duty:
    """A duty over the months: in all, and by grid."""

    anchor: str
    title: str
    clauses: tuple[str, ...]
    cells: tuple[Cell, ...]
    grids: tuple[Cell, ...]
    more_grids: int
    missed: Listed | None
    unknown: tuple[Listed, ...]

    def total(self, name: str) -> int:
        return sum(getattr(cell, name) for cell in self.cells)


@dataclass(frozen=True)
class Score:
    """A score of the latest period that has any. `anchor` is that of its entry; empty when it is not shown."""

    who: str
    value: float | None
    low: str
    band: str
    rank: int | None
    status: str
    anchor: str


@dataclass(frozen=True)
class Board:
    """The scores of one rule in one period, best first; `bands` are the rule's, best first as the book lists them."""

    rule: str
    title: str
    period: str
    bands: tuple[str, ...]
    scores: tuple[Score, ...]
    listed: Listed


@dataclass(frozen=True)
class Tally:
    """How many findings of a rule there are of each status. `anchor` leads to those that are shown, or is empty."""

    title: str
    anchor: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Matters:
    """How many steps of open cases are due in a week that begins on `week`; `late` of them are past due."""

    week: str
    late: int
    waiting: int


@dataclass(frozen=True)
class BookPart:
    """What one book's check found."""

    book: str
    title: str
    domain: str
    months: tuple[str, ...]
    counts: Mapping[str, int]
    duties: tuple[Duty, ...]
    boards: tuple[Board, ...]
    vetoes: tuple[Listed, ...]
    cases: Listed | None
    weeks: tuple[Matters, ...]
    asks: tuple[Tally, ...]
    gaps: tuple[Listed, ...]
    goals: tuple[Tally, ...]
    targets: tuple[Listed, ...]


@dataclass(frozen=True)
class Reason:
    """Why a grid stands as it does: so many findings of one rule. `anchor` leads to them; `id` is one of them."""

    kind: str
    status: str
    title: str
    count: int
    anchor: str
    id: str


@dataclass(frozen=True)
class Node:
    """A grid of the tree. `standing` is its own (with its subjects); `below` counts those of the grids under it;
    `met` of `asked` duties were met in the months shown, here and below. `cut` grids are left out under it."""

    code: str
    name: str
    level: str
    kinds: tuple[str, ...]
    standing: str
    scores: tuple[str, ...]
    reasons: tuple[Reason, ...]
    below: Mapping[str, int]
    met: int
    asked: int
    children: tuple[Node, ...] = ()
    cut: int = 0


@dataclass(frozen=True)
class Outline:
    """A grid on the map: its boundary as a GeoJSON geometry, in units in which both axes are equally long;
    `at` is a point inside; `inner` says that grids below it are on the map too."""

    code: str
    name: str
    standing: str
    share: float | None
    at: tuple[float, float]
    geometry: Mapping[str, Any]
    inner: bool = False


@dataclass(frozen=True)
class Spot:
    """A subject with a place of its own on the map."""

    name: str
    type: str
    at: tuple[float, float]


@dataclass(frozen=True)
class Map:
    """The grids that have a boundary, those that contain others first; `width` to `height` is its shape."""

    outlines: tuple[Outline, ...]
    spots: tuple[Spot, ...]
    ratio: float


@dataclass(frozen=True)
class Held:
    """A person or body in the atlas: what they are, and the areas that they have."""

    person: str
    roles: tuple[str, ...]
    areas: tuple[str, ...]
    more: int = 0  # areas that are left out


@dataclass(frozen=True)
class Stock:
    """How many subjects of a type (and of a kind within it) a grid of a sheet has."""

    place: str
    type: str
    kind: str
    count: int


@dataclass(frozen=True)
class Sheet:
    """One sheet of an atlas: all grids of one kind (`urban`, `rural`; empty: of none), what stands in them, who serves
    them. `grids` are pairs of a level and how many; `more` persons are left out."""

    kind: str
    grids: tuple[tuple[str, int], ...]
    stock: tuple[Stock, ...]
    places: tuple[str, ...]
    types: tuple[str, ...]
    kinds_of: tuple[tuple[str, str, int], ...]
    staff: tuple[Held, ...]
    more: int


@dataclass(frozen=True)
class Atlas:
    """The grids, subjects and staff of a domain, by kind of grid."""

    domain: str
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True)
class ReportPage:
    """A check as a page. `shown` findings of all those worth showing (`worth`) are on it, each explained."""

    lang: str
    title: str
    check: int
    as_of: str
    known_seq: int
    books: tuple[BookPart, ...]
    tree: tuple[Node, ...]
    map: Map | None
    atlases: tuple[Atlas, ...]
    shown: int
    worth: int
    totals: Mapping[str, int] = field(default_factory=dict)
