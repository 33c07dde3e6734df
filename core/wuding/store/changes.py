"""What the ledger knows that an earlier check of it did not."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from sqlalchemy import bindparam, text

from wuding.domain.corrections import CORRECTION
from wuding.domain.fact import CORE
from wuding.engines.base import Changes
from wuding.program.model import Domain
from wuding.store.canonical import fields_of
from wuding.store.columns import Columns
from wuding.store.entries import REGISTRY
from wuding.store.ledger import Ledger
from wuding.store.projection import ERASURE
from wuding.store.snapshot import fact_types

Moment = tuple[int, int]  # as of when, and the last sequence known
BOUNDARY = "boundary"


def changes_between(ledger: Ledger, columns: Columns, domain: Domain, old: Moment, new: Moment) -> Changes | None:
    """What a check at `new` sees that one at `old` did not. None: it cannot be told apart, or time or knowledge has
    gone back, so that everything must be looked at."""
    if new[0] < old[0] or new[1] < old[1]:
        return None
    registry = registry_changes(ledger, domain, old[1], new[1])
    if registry is None:
        return None
    types = fact_types(domain)
    columns.sync(types)
    facts = {key: lazy for key in types if (lazy := fact_changes(columns, key, old, new)) is not None}
    added = frozenset(key for key in facts if not corrected_between(columns, key, old[1], new[1]))
    return Changes(facts, registry, added)


def fact_changes(columns: Columns, key: tuple[str, str], old: Moment, new: Moment) -> pl.LazyFrame | None:
    """The facts of one type that are new, that time has brought into sight, or that were corrected (old form and
    new); None when there are none for certain."""
    (was, knew), (now, knows) = old, new
    parts = [columns.scan(*key, knows, after=knew)] if columns.holds(*key, knew, knows) else []
    if now > was:
        parts.append(columns.scan(*key, knew).filter((pl.col("at") > was) & (pl.col("at") <= now)))
    if differ := corrected_between(columns, key, knew, knows):
        some = pl.col("seq").is_in(pl.Series(differ, dtype=pl.Int64).implode())
        parts += [columns.scan(*key, knew).filter(some), columns.scan(*key, knows).filter(some)]
    return pl.concat(parts) if parts else None


def corrected_between(columns: Columns, key: tuple[str, str], knew: int, knows: int) -> list[int]:
    """The facts of one type, by sequence, of which something else holds at the later of two sequences."""
    ruled, rules = (columns.corrections(seq).get(key, {}) for seq in (knew, knows))
    return sorted(seq for seq in {*ruled, *rules} if ruled.get(seq) != rules.get(seq))


def registry_changes(ledger: Ledger, domain: Domain, knew: int, knows: int) -> frozenset[str] | None:
    """What of the registry was recorded or corrected between two sequences: `grid`, `post`, `boundary`,
    `subject:<type>`. None where something was erased: what an earlier check saw cannot be seen again."""
    query = text(
        "SELECT type, body FROM fact WHERE domain = 'core' AND type IN :types AND seq > :knew AND seq <= :knows"
    ).bindparams(bindparam("types", [*REGISTRY, BOUNDARY, CORRECTION, ERASURE], expanding=True))
    with ledger.database.read() as conn:
        rows = conn.execute(query, {"knew": knew, "knows": knows}).fetchall()
        named = [fields_of(row.body).get("fact") for row in rows if row.type == CORRECTION]
        aims = text("SELECT domain, type FROM fact WHERE seq IN :seqs").bindparams(bindparam("seqs", expanding=True))
        aimed = {(r.domain, r.type) for r in conn.execute(aims, {"seqs": named})} if named else set()
    every = {f"subject:{name}" for name in domain.subjects}
    found: set[str] = set()
    for row in rows:
        kind = row.type.removesuffix("-closed")
        if kind == ERASURE:
            return None
        if kind == "subject":
            told: Mapping[str, object] = fields_of(row.body)
            found |= {f"subject:{told['type']}"} if "type" in told else every
            if row.type == "subject":  # it may have been of another type before
                found |= every if _known_before(ledger, str(told.get("id")), knew) else set()
        elif kind != CORRECTION:
            found.add(kind)
    if aimed & {(CORE, kind) for kind in (*REGISTRY, BOUNDARY, CORRECTION, ERASURE)}:
        found |= {"grid", "post", BOUNDARY, *every}
    return frozenset(found)


def _known_before(ledger: Ledger, id_: str, seq: int) -> bool:
    query = text("SELECT 1 FROM subject WHERE id = :id AND seq <= :seq LIMIT 1")
    with ledger.database.read() as conn:
        return conn.execute(query, {"id": id_, "seq": seq}).first() is not None
