"""The facts that make, move and close grids, subjects and posts and put books into force; and what they make.

Each says that from a day on something reads thus, or is closed. Of all that is said of one grid, what begins
latest holds until the next begins, or until its own end; of two that begin on one day, the one recorded later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

from wuding.domain.fact import CORE, Fact
from wuding.domain.grid import Grid
from wuding.domain.period import to_date, to_day
from wuding.domain.post import CAPACITIES, Post
from wuding.domain.subject import Subject
from wuding.errors import WudingError
from wuding.store.canonical import NOTHING, NewFact, canonical

KINDS = ("grid", "subject", "post")
REGISTRY = (*KINDS, *(f"{kind}-closed" for kind in KINDS), "book")  # fact types of domain core
ALWAYS = -(2**31)


@dataclass(frozen=True)
class Book:
    """A book as it was put into force: its text, from day `start` (None: always)."""

    id: str
    text: str
    digest: str
    start: int | None
    seq: int


@dataclass(frozen=True)
class Entry:
    """What one fact says of one thing. `row` is that thing without its days; None: closed from `start` on."""

    kind: str
    key: str
    seq: int
    start: int | None
    end: int | None
    row: tuple[object, ...] | None


def grid_fact(grid: Grid, at: int) -> NewFact:
    """The making of a grid, or, when its code is known, its new version from `grid.start` on."""
    fields = {
        "code": grid.code,
        "name": grid.name,
        "parent": grid.parent,
        "level": grid.level,
        "kinds": list(grid.kinds),
    }
    return NewFact(CORE, "grid", at, grid.code, fields=fields | _days(grid.start, grid.end))


def subject_fact(subject: Subject, at: int, private: Mapping[str, object] = NOTHING) -> NewFact:
    """The making of a subject, or its new version (a move, new fields). `private`: fields to be kept apart."""
    fields = {"id": subject.id, "type": subject.type, "name": subject.name, "fields": dict(subject.fields)}
    days = _days(subject.start, subject.end)
    return NewFact(CORE, "subject", at, subject.grid, subject.id, fields=fields | days, private=private)


def post_fact(post: Post, at: int) -> NewFact:
    """An appointment. A post without an id is called `person:role@grid`, or `person:role@grid/subject`."""
    key = post.id or post_id(post.person, post.role, post.grid, post.subject)
    fields = {"id": key, "person": post.person, "role": post.role, "capacity": post.capacity}
    return NewFact(CORE, "post", at, post.grid, post.subject, fields=fields | _days(post.start, post.end))


def post_id(person: str, role: str, grid: str, subject: str | None = None) -> str:
    return f"{person}:{role}@{grid}/{subject}" if subject else f"{person}:{role}@{grid}"


def close_grid(code: str, end: int, at: int) -> NewFact:
    """The grid exists up to, not including, day `end`."""
    return NewFact(CORE, "grid-closed", at, code, fields={"code": code, "to": _iso(end - 1)})


def close_subject(id: str, end: int, at: int) -> NewFact:
    """The subject exists up to, not including, day `end`."""
    return NewFact(CORE, "subject-closed", at, subject=id, fields={"id": id, "to": _iso(end - 1)})


def close_post(id: str, end: int, at: int) -> NewFact:
    """The post is held up to, not including, day `end`."""
    return NewFact(CORE, "post-closed", at, fields={"id": id, "to": _iso(end - 1)})


def book_fact(id: str, text: str, at: int, *, start: int | None = None, digest: str = "") -> NewFact:
    """The putting into force of a book's text from day `start` on. `digest` defaults to the text's SHA-256."""
    fields = {"id": id, "text": text, "digest": digest or sha256(text.encode()).hexdigest()}
    return NewFact(CORE, "book", at, fields=fields | _days(start, None))


def _iso(day: int) -> str:
    return to_date(day).isoformat()


def _days(start: int | None, end: int | None) -> dict[str, object]:
    days: dict[str, object] = {} if start is None else {"from": _iso(start)}
    return days | ({} if end is None else {"to": _iso(end - 1)})


# ── reading them ─────────────────────────────────────────────────────────────────────────────────
def entry_of(fact: Fact) -> Entry | Book:
    """What a registry fact says. Raises WD507 when it is malformed."""
    try:
        return _entry(fact)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else str(error)
        raise WudingError("WD507", type=fact.type, reason=reason) from error


def _entry(fact: Fact) -> Entry | Book:
    told = fact.fields
    start, last = _day(told, "from"), _day(told, "to")
    if start is not None and last is not None and last < start:
        raise ValueError("`to` lies before `from`")
    end = None if last is None else last + 1
    kind = fact.type.removesuffix("-closed")
    if kind == "book":
        return Book(_text(told, "id"), _text(told, "text"), _text(told, "digest"), start, fact.seq)
    key = _text(told, "code" if kind == "grid" else "id")
    if kind != fact.type:
        if end is None:
            raise KeyError("to")
        return Entry(kind, key, fact.seq, end, None, None)
    row: tuple[object, ...]
    if kind == "grid":
        kinds = told.get("kinds", [])
        if not isinstance(kinds, list) or not all(isinstance(one, str) for one in kinds):
            raise ValueError("`kinds` is a list of words")
        parent = None if told.get("parent") is None else _text(told, "parent")
        row = (_text(told, "name"), parent, _text(told, "level"), canonical(kinds))
    elif kind == "subject":
        fields = told.get("fields", {})
        if not isinstance(fields, dict):
            raise ValueError("`fields` is an object")
        name = told.get("name", "")
        row = (_text(told, "type"), _given(fact.grid, "grid"), str(name), canonical(fields))
    else:
        capacity = told.get("capacity", "principal")
        if capacity not in CAPACITIES:
            raise ValueError(f"`capacity` is one of {', '.join(CAPACITIES)}")
        row = (_text(told, "person"), _text(told, "role"), _given(fact.grid, "grid"), fact.subject, capacity)
    return Entry(kind, key, fact.seq, start, end, row)


def _text(told: Mapping[str, object], name: str) -> str:
    value = told[name]
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"`{name}` is text")
    return value


def _given(value: str | None, name: str) -> str:
    if value is None:
        raise KeyError(name)
    return value


def _day(told: Mapping[str, object], name: str) -> int | None:
    value = told.get(name)
    return None if value is None else to_day(date.fromisoformat(_text(told, name)))


def versions(entries: Iterable[Entry]) -> list[Entry]:
    """All that is said of one thing, in the order of recording, as what holds from day to day."""
    by_start = {(ALWAYS if one.start is None else one.start): one for one in entries}
    starts = sorted(by_start)
    found = []
    for start, following in zip(starts, [*starts[1:], None], strict=False):
        one = by_start[start]
        end = one.end if following is None else following if one.end is None else min(one.end, following)
        found.append(one if end == one.end else replace(one, end=end))
    return found


def opened(fact: Fact, private: Mapping[str, object]) -> Fact:
    """A registry fact with the private fields that are still there: those of a subject are among its fields."""
    if not private:
        return fact
    fields = dict(fact.fields)
    told = fields.get("fields", {})
    return replace(fact, fields=fields | {"fields": {**(told if isinstance(told, dict) else {}), **private}})
