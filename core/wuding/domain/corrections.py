"""Corrections: a later fact that replaces an earlier one whole, or voids it (semantics 4)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from wuding.domain.fact import Fact
from wuding.domain.instants import to_us
from wuding.errors import WudingError

CORRECTION = "correction"


@dataclass(frozen=True)
class Ruling:
    """What the last correction says of a fact. `seq` is the correction's own."""

    seq: int
    void: bool
    at: int = 0
    grid: str | None = None
    subject: str | None = None
    actor: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)


def moment(text: object) -> int:
    """The instant that ISO text with an offset stands for, microseconds UTC. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no instant")
    return to_us(datetime.fromisoformat(text))


def ruling_of(correction: Fact) -> tuple[int, Ruling]:
    """The fact that `correction` names, and what it says of it. Fields beside those of a correction are the
    opened private fields of the new fact. Raises WD507 when it is malformed."""
    told: dict[str, Any] = dict(correction.fields)
    try:
        seq, void = told.pop("fact"), told.pop("void", False)
        if type(seq) is not int or type(void) is not bool:
            raise ValueError("`fact` is a sequence number, `void` is true or false")
        if void:
            return seq, Ruling(correction.seq, True)
        at = moment(told.pop("at"))
        fields = json.loads(told.pop("fields", "{}"))
        if not isinstance(fields, dict):
            raise ValueError("`fields` is a JSON object as text")
        places = {name: _name(told.pop(name, None)) for name in ("grid", "subject", "actor")}
    except (KeyError, TypeError, ValueError) as error:
        reason = f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else str(error)
        raise WudingError("WD507", type=CORRECTION, reason=reason) from error
    told.pop("reason", None)
    return seq, Ruling(correction.seq, False, at, fields=fields | told, **places)


def _name(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{value!r} is no name")
    return value


def rulings(corrections: Iterable[Fact]) -> dict[int, Ruling]:
    """Fact sequence: the ruling that holds. A correction can itself be corrected, by a later one: hence from
    the last to the first, so that it is known whether a correction still stands, and how it reads."""
    found: dict[int, Ruling] = {}
    for correction in sorted(corrections, key=lambda one: one.seq, reverse=True):
        standing = corrected(correction, found.get(correction.seq))
        if standing:
            seq, ruling = ruling_of(standing)
            if seq < correction.seq:
                found.setdefault(seq, ruling)
    return found


def corrected(fact: Fact, ruling: Ruling | None) -> Fact | None:
    """`fact` after its correction, with its sequence and moment of recording unchanged; None when it is void."""
    if ruling is None:
        return fact
    if ruling.void:
        return None
    return replace(
        fact, at=ruling.at, grid=ruling.grid, subject=ruling.subject, actor=ruling.actor, fields=ruling.fields
    )
