"""What an explanation is: sentences and rows under headings. How it looks is the business of who shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One heading of an explanation. `kind` is stable (`rule`, `asked`, `counted`, `not-counted`, ...), `title`
    and all below it are in the explanation's language; `columns` name the cells of `rows`. `more` tells how many
    further rows there are."""

    kind: str
    title: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    more: int = 0


@dataclass(frozen=True)
class Explanation:
    """Why a finding is what it is. `verdict` says it in one sentence; `links` are the findings that it rests on,
    by id: each can be explained in turn."""

    id: str
    status: str
    title: str
    verdict: str
    parts: tuple[Part, ...]
    links: tuple[str, ...] = ()
