"""From facts to be recorded to the bytes that the chain covers: canonical JSON, RFC 8785.

Python's own encoder, which is fast, gives the canonical form of all but three things: numbers with a point,
integers beyond 2^53, and keys outside the basic plane. Text in which one of them may occur goes through the
slow, exact way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from wuding.domain.fact import Fact
from wuding.errors import WudingError

SAFE = 2**53 - 1  # the largest integer that JSON numbers carry exactly everywhere
NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class NewFact:
    """A fact to be recorded. `at`: when it happened, microseconds since 1970-01-01 UTC. `fields` and
    `private` hold values as JSON holds them; exact numbers, dates and instants are text."""

    domain: str
    type: str
    at: int
    grid: str | None = None
    subject: str | None = None
    actor: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    private: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """Facts ready to be appended, as columns: all work that needs no lock is done.

    `bodies` are the canonical bytes, `hashes` those of `row_hash`. `private`: the fact's place, the field,
    its salt, its value as canonical JSON.
    """

    domains: Sequence[str]
    types: Sequence[str]
    grids: Sequence[str | None]
    subjects: Sequence[str | None]
    actors: Sequence[str | None]
    ats: Sequence[int]
    bodies: Sequence[bytes]
    hashes: Sequence[bytes]
    private: Sequence[tuple[int, str, bytes, str]] = ()

    def __len__(self) -> int:
        return len(self.bodies)


def row_hash(place: int, body: bytes) -> bytes:
    """The hash of the fact at `place` (from 0) in its batch: a fact that is moved no longer fits."""
    return sha256(place.to_bytes(8, "big") + body).digest()


def root_of(hashes: Iterable[bytes]) -> bytes:
    """One hash over those of a batch's facts, in order."""
    return sha256(b"".join(hashes)).digest()


def link_of(prev: bytes, first: int, count: int, recorded: int, root: bytes) -> bytes:
    """The next link of the chain."""
    numbers = b"".join(n.to_bytes(8, "big", signed=True) for n in (first, count, recorded))
    return sha256(prev + numbers + root).digest()


def commitment(salt: bytes, value: str) -> str:
    """What the body says of a private field; `value` is canonical JSON."""
    return sha256(salt + value.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


_encode = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain
).encode
# Two searches that each begin with a set of characters: those are fast.
_odd_number = re.compile(r"[:\[,]-?(?:[0-9]+[.eE]|[0-9]{16})").search
_high_character = re.compile("[\U00010000-\U0010ffff]").search
_word = re.compile(r"\w[\w-]*\Z").match


def is_word(name: str) -> bool:
    """May a domain or a fact type be called so? They name folders too."""
    return _word(name) is not None


def canonical(value: object) -> str:
    """`value` as canonical JSON. Raises ValueError or TypeError for what has no exact form in JSON: floats,
    integers beyond 2^53, half characters, anything that is no JSON."""
    text = _encode(value if type(value) is not MappingProxyType else dict(value))
    ascii_only = text.isascii()
    if _odd_number(text) or isinstance(value, int | float) or (not ascii_only and _high_character(text)):
        import rfc8785

        _exact(value)
        text = rfc8785.dumps(json.loads(text)).decode()
    if not ascii_only:
        text.encode()  # raises UnicodeEncodeError, a ValueError, for half characters
    return text


def _exact(value: object) -> None:
    if isinstance(value, Mapping):
        for one in value.values():
            _exact(one)
    elif isinstance(value, list | tuple):
        for one in value:
            _exact(one)
    elif isinstance(value, float):
        raise ValueError(f"the float {value!r} is not exact: write the number as text")
    elif isinstance(value, int) and abs(value) > SAFE:
        raise ValueError(f"the integer {value} is beyond 2^53: write it as text")


class _Names(dict[str | None, str]):
    """Codes and names as JSON, each encoded once: few of them differ."""

    def __missing__(self, name: str | None) -> str:
        if name is not None and (type(name) is not str or "\0" in name):
            raise ValueError(f"{name!r} is no name")
        made = self[name] = canonical(name)
        return made


def prepare(facts: Sequence[NewFact], salt: Callable[[], bytes], first: int = 0) -> Prepared:
    """Encode and hash `facts`, of which `first` stand before these in their batch. Raises WD506, naming the fact's
    place, for what the ledger cannot hold."""
    names = _Names()
    bodies: list[bytes] = []
    hashes: list[bytes] = []
    private: list[tuple[int, str, bytes, str]] = []
    place = first
    try:
        for place, fact in enumerate(facts, first):
            sealed = ""
            if fact.private:
                new = _sealed(place, fact, salt)
                private += new
                promises = {name: commitment(salted, value) for _, name, salted, value in new}
                sealed = f',"private":{canonical(promises)}'
            body = (
                f"{head(names, fact.actor, fact.at, fact.domain)}{canonical(fact.fields) if fact.fields else '{}'}"
                f"{grid_part(names, fact.grid)}{sealed}{tail(names, fact.subject, fact.type)}"
            ).encode()
            bodies.append(body)
            hashes.append(sha256(place.to_bytes(8, "big") + body).digest())
    except (ValueError, TypeError, RecursionError) as error:
        raise WudingError("WD506", place=place + 1, type=str(facts[place - first].type), reason=str(error)) from error
    domains, types = [fact.domain for fact in facts], [fact.type for fact in facts]
    for word in {*domains, *types}:
        if not is_word(word):
            place = first + min(names.index(word) for names in (domains, types) if word in names)
            raise WudingError("WD506", place=place + 1, type=word, reason=f"{word!r} names no domain or type")
    return Prepared(
        domains=domains,
        types=types,
        grids=[fact.grid for fact in facts],
        subjects=[fact.subject for fact in facts],
        actors=[fact.actor for fact in facts],
        ats=[fact.at for fact in facts],
        bodies=bodies,
        hashes=hashes,
        private=private,
    )


def head(names: Mapping[str | None, str], actor: str | None, at: int, domain: str) -> str:
    """A body up to the value of its `fields`."""
    if type(at) is not int or abs(at) > SAFE:
        raise ValueError(f"{at!r} is no moment in microseconds between the years 1685 and 2255")
    return f'{{"actor":{names[actor]},"at":{at},"domain":{names[domain]},"fields":'


def grid_part(names: Mapping[str | None, str], grid: str | None) -> str:
    return f',"grid":{names[grid]}'


def tail(names: Mapping[str | None, str], subject: str | None, type_: str) -> str:
    """The end of a body, after `grid` and `private`."""
    return f',"subject":{names[subject]},"type":{names[type_]}}}'


def names() -> Mapping[str | None, str]:
    """A cache of names as JSON, for `head`, `grid_part` and `tail`."""
    return _Names()


def _sealed(place: int, fact: NewFact, salt: Callable[[], bytes]) -> list[tuple[int, str, bytes, str]]:
    both = fact.private.keys() & fact.fields.keys()
    if both:
        raise ValueError(f"the field {min(both)} is both open and private")
    return [(place, name, salt(), canonical(fact.private[name])) for name in sorted(fact.private)]


def fact_of(row: Any, fields: Mapping[str, object]) -> Fact:
    """The fact in a row of the table (seq, domain, type, grid, subject, actor, occurred_at, recorded_at, ...)."""
    seq, domain, type_, grid, subject, actor, at, recorded = row[:8]
    return Fact(seq, domain, type_, grid, subject, actor, at, recorded, fields)


def fields_of(body: bytes) -> dict[str, Any]:
    """The open fields that a body holds."""
    found: dict[str, Any] = json.loads(body)["fields"]
    return found
