"""How a correction is written into the ledger; what it means is `wuding.domain.corrections`."""

from __future__ import annotations

from wuding.domain.corrections import CORRECTION
from wuding.domain.fact import CORE
from wuding.domain.instants import iso_z
from wuding.store.canonical import NewFact, canonical


def correction_fact(seq: int, at: int, new: NewFact | None, *, actor: str | None = None, reason: str = "") -> NewFact:
    """The fact, happening at `at`, that replaces fact `seq` by `new` (whose domain and type do not matter), or
    voids it when `new` is None. Private fields of `new` stay private. `actor` is who corrects."""
    told: dict[str, object] = {"fact": seq, "void": new is None} | ({"reason": reason} if reason else {})
    if new is None:
        return NewFact(CORE, CORRECTION, at, actor=actor, fields=told)
    places = {"grid": new.grid, "subject": new.subject, "actor": new.actor}
    told |= {name: value for name, value in places.items() if value is not None}
    told |= {"at": iso_z(new.at), "fields": canonical(new.fields)}
    return NewFact(CORE, CORRECTION, at, new.grid, new.subject, actor, told, new.private)
