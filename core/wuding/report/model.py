"""The charter of a grid as data: the five fixed things of one grid in one domain, in one language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Seat:
    """A post at the grid. `since` is its first day, empty when it was always held."""

    role: str
    name: str
    capacity: str
    since: str


@dataclass(frozen=True)
class Clause:
    """A rule in sentences, with the clauses of the plan that it rests on."""

    title: str
    sentences: tuple[str, ...]
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lack:
    """What is not fixed. `status` is `gap` or `undetermined`; `since` is the gap's first day, `days` its length so
    far; `missing` names the fields that leave it undetermined."""

    id: str
    title: str
    status: str
    since: str
    days: int | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class CharterPage:
    """The five fixed things (五定责任书) of a grid under one book, as of a day.

    `area` is pairs of label and value; `duties` pairs of a role and its duties; `tasks` the patrol rules that select
    the grid or subjects in it; `rewards` the scoring and veto rules for it; `gaps` what is not fixed today.
    """

    grid: str
    name: str
    level: str
    book: str
    book_title: str
    domain: str
    as_of: str
    lang: str
    area: tuple[tuple[str, str], ...]
    persons: tuple[Seat, ...]
    duties: tuple[tuple[str, tuple[str, ...]], ...]
    tasks: tuple[Clause, ...]
    rewards: tuple[Clause, ...]
    gaps: tuple[Lack, ...]
