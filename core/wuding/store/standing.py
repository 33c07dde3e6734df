"""Facts as they stand, read inside a transaction: for what must be decided while it is written (semantics 6)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, text

from wuding.domain.corrections import CORRECTION, Ruling, corrected, rulings
from wuding.domain.fact import Fact
from wuding.domain.grid import Grid
from wuding.domain.subject import Subject
from wuding.domain.world import World
from wuding.store import projection
from wuding.store.canonical import fact_of, fields_of

FACT = "seq, domain, type, grid, subject, actor, occurred_at, recorded_at, body"
FEW = 900  # names in one query
Kind = tuple[str, str]  # domain and type of a fact


@dataclass(frozen=True)
class Standing:
    """The ledger as the transaction `conn` sees it, with what it is about to write; `before` is the same without.
    `upto`: the last sequence that is seen (None: all)."""

    conn: Connection
    zone: str
    last: int  # the last sequence before what is about to be written
    upto: int | None = None

    @property
    def before(self) -> Standing:
        return replace(self, upto=self.last)

    def facts(
        self,
        kinds: Collection[Kind],
        *,
        subjects: Collection[str] | None = None,
        grids: Collection[str] | None = None,
    ) -> list[Fact]:
        """The facts of these kinds after all corrections, in order; with `subjects` or `grids` those about one of
        them (either, when both are given)."""
        ruled = rulings(projection.read_core(self.conn, (CORRECTION,), self.upto))
        found = {fact.seq: fact for fact in self._read(kinds, subjects, grids)}
        moved = [seq for seq in ruled if seq not in found]  # a correction may have brought them here
        found |= {fact.seq: fact for fact in by_seq(self.conn, moved) if (fact.domain, fact.type) in set(kinds)}
        known = ((seq, found[seq]) for seq in sorted(found) if self.upto is None or seq <= self.upto)
        stand = (corrected(fact, ruled.get(seq)) for seq, fact in known)
        return [fact for fact in stand if fact is not None and _about(fact, subjects, grids)]

    def world(self, kinds: Collection[Kind], *, subjects: Collection[str] = (), grids: Collection[str] = ()) -> World:
        """The facts of these kinds about these subjects and grids as a world of their own, as of the last of them:
        with the subjects, the grids in which all this lies and those above them, without posts. Of the registry its
        present state."""
        facts = self.facts(kinds, subjects=subjects, grids=grids)
        about = tuple(self.subjects(subjects))
        places = {*grids, *(one.grid for one in about), *(fact.grid for fact in facts if fact.grid)}
        at = max((fact.at for fact in facts), default=0) + 1
        return World(tuple(self.grids(places)), about, (), tuple(facts), at, self.zone)

    def subjects(self, ids: Collection[str]) -> Iterable[Subject]:
        """Every version of these subjects."""
        query = 'SELECT id, type, grid, name, fields, start, "end" FROM subject WHERE NOT closed AND id IN :names'
        for row in _named(self.conn, query, ids):
            yield Subject(row.id, row.type, row.grid, row.name, json.loads(row.fields), row.start, row.end)

    def grids(self, codes: Collection[str]) -> Iterable[Grid]:
        """Every version of these grids and of all above them."""
        query = 'SELECT code, name, parent, level, kinds, start, "end" FROM grid WHERE NOT closed AND code IN :names'
        known: set[str] = set()
        while codes := set(codes) - known:
            known |= codes
            rows = list(_named(self.conn, query, codes))
            for row in rows:
                kinds = tuple(json.loads(row.kinds))
                yield Grid(row.code, row.name, row.parent, row.level, kinds, row.start, row.end)
            codes = {row.parent for row in rows if row.parent}

    def _read(
        self, kinds: Collection[Kind], subjects: Collection[str] | None, grids: Collection[str] | None
    ) -> Iterable[Fact]:
        where = "domain IN :domains AND type IN :types"
        names: dict[str, Any] = {"domains": sorted({d for d, _ in kinds}), "types": sorted({t for _, t in kinds})}
        if subjects is None and grids is None:
            yield from _facts(self.conn, where, names)
        for column, some in (("subject", subjects), ("grid", grids)):
            for part in projection.chunks(sorted(some or ()), FEW):
                yield from _facts(self.conn, f"{column} IN :names AND {where}", {**names, "names": part})


def _about(fact: Fact, subjects: Collection[str] | None, grids: Collection[str] | None) -> bool:
    if subjects is None and grids is None:
        return True
    return fact.subject in (subjects or ()) or fact.grid in (grids or ())


def by_seq(conn: Connection, seqs: Iterable[int]) -> list[Fact]:
    """The facts with these sequences, as recorded, private fields opened."""
    parts = projection.chunks(sorted(seqs), FEW)
    return [fact for part in parts for fact in _facts(conn, "seq IN :seqs", {"seqs": part})]


def between(conn: Connection, first: int, last: int, types: Collection[str]) -> list[Fact]:
    """The facts of these types from sequence `first` to `last`, as recorded."""
    names = {"first": first, "last": last, "types": sorted(types)}
    return _facts(conn, "seq BETWEEN :first AND :last AND type IN :types", names)


def forms(conn: Connection, corrections: Sequence[Fact], before: int) -> list[Fact]:
    """What the facts named by these corrections were up to sequence `before`, and what they are now: each form that
    stands or stood, with the facts' own sequences. A correction of a correction speaks of the fact at its end."""
    if not corrections:
        return []
    every = projection.read_core(conn, (CORRECTION,), None)
    now = rulings(every)
    then = rulings(one for one in every if one.seq <= before)
    seqs = {seq for seq in {*now, *then} if now.get(seq) != then.get(seq)}
    facts = [fact for fact in by_seq(conn, seqs) if fact.type != CORRECTION]
    return [form for fact in facts for form in _both(fact, then.get(fact.seq), now.get(fact.seq))]


def _both(fact: Fact, then: Ruling | None, now: Ruling | None) -> list[Fact]:
    return [form for form in (corrected(fact, then), corrected(fact, now)) if form is not None]


def _facts(conn: Connection, where: str, given: Mapping[str, Any]) -> list[Fact]:
    lists: list[Any] = [bindparam(name, expanding=True) for name, value in given.items() if isinstance(value, list)]
    query = text(f"SELECT {FACT} FROM fact WHERE {where} ORDER BY seq").bindparams(*lists)
    found = [fact_of(row, fields_of(row.body)) for row in conn.execute(query, dict(given))]
    opened: dict[int, dict[str, Any]] = {}
    for part in projection.chunks([fact.seq for fact in found], FEW):
        secrets = text("SELECT seq, field, value FROM private WHERE value IS NOT NULL AND seq IN :seqs")
        for row in conn.execute(secrets.bindparams(bindparam("seqs", expanding=True)), {"seqs": part}):
            opened.setdefault(row.seq, {})[row.field] = json.loads(row.value)
    return [replace(fact, fields={**fact.fields, **opened.get(fact.seq, {})}) for fact in found]


def _named(conn: Connection, query: str, names: Collection[str]) -> Iterable[Any]:
    asked = text(query).bindparams(bindparam("names", expanding=True))
    for part in projection.chunks(sorted(names), FEW):
        yield from conn.execute(asked, {"names": part})
