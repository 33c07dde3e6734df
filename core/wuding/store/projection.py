"""The tables of grids, subjects, posts and books: written with the facts, always equal to a replay of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, text

from wuding.domain.corrections import CORRECTION, corrected, ruling_of, rulings
from wuding.domain.fact import CORE, Fact
from wuding.errors import WudingError
from wuding.store.canonical import Prepared, fact_of, fields_of
from wuding.store.database import Database
from wuding.store.entries import KINDS, REGISTRY, Book, Entry, entry_of, opened, versions

ERASURE = "erasure"
DAYS = ("start", "end", "closed")
COLUMNS = {
    "grid": ("code", "seq", "name", "parent", "level", "kinds"),
    "subject": ("id", "seq", "type", "grid", "name", "fields"),
    "post": ("id", "seq", "person", "role", "grid", "subject", "capacity"),
    "book": ("id", "seq", "text", "digest", "start"),
}
HEARD = frozenset(
    (*REGISTRY, CORRECTION, ERASURE)
)  # types of core facts that say something of others, or of the registry
FEW = 500  # keys that fit one query
Rows = dict[str, list[tuple[object, ...]]]


def core_facts(new: Prepared, first: int = 0) -> list[Fact]:
    """The facts among `new` that say something of the registry or of other facts; sequences count from `first`, as
    the places of `new.private` do."""
    places = [n for n, domain in enumerate(new.domains) if domain == CORE and new.types[n] in HEARD]
    if not places:
        return []
    private: dict[int, dict[str, object]] = {}
    for place, name, _, value in new.private:
        private.setdefault(place, {})[name] = json.loads(value)
    found = []
    for n in places:
        fact = Fact(first + n, CORE, new.types[n], new.grids[n], new.subjects[n], new.actors[n], new.ats[n], 0,
                    fields_of(new.bodies[n]))  # fmt: skip
        found.append(opened(fact, private.get(first + n, {})) if fact.type in REGISTRY else fact)
    return found


def apply(database: Database, conn: Connection, facts: Sequence[Fact], last: int) -> None:
    """Bring the tables up to date with `facts`, which were written in this transaction. `last`: the newest
    sequence before them. Raises WD507 for a malformed one, WD508 for one that names what was not recorded."""
    entries = [entry_of(fact) for fact in facts if fact.type in REGISTRY]
    named = [_target(fact, last) for fact in facts if fact.type in (CORRECTION, ERASURE)]
    if named and _touch_registry(conn, named):
        made = replay(conn)
        for table in COLUMNS:
            conn.execute(text(f'DELETE FROM "{table}"'))
    elif entries:
        made = _merged(conn, entries)
    else:
        return
    for table, rows in made.items():
        if rows:
            days = () if table == "book" else DAYS
            database.insert(conn, table, COLUMNS[table] + days, rows)


def _target(fact: Fact, last: int) -> int:
    seq = ruling_of(fact)[0] if fact.type == CORRECTION else fact.fields["fact"]
    if not isinstance(seq, int) or not 0 < seq <= last:
        raise WudingError("WD508", seq=seq)
    return seq


def _touch_registry(conn: Connection, named: Iterable[int]) -> bool:
    query = text("SELECT domain, type FROM fact WHERE seq IN :seqs").bindparams(bindparam("seqs", expanding=True))
    of = {(CORE, one) for one in (*REGISTRY, CORRECTION)}
    return any(
        (row.domain, row.type) in of
        for seqs in chunks(sorted(set(named)), FEW)
        for row in conn.execute(query, {"seqs": seqs})
    )


def _merged(conn: Connection, new: Sequence[Entry | Book]) -> Rows:
    """The rows of everything that `new` speaks of; their present rows are taken out of the tables."""
    made: Rows = {"book": [_book_row(one) for one in new if isinstance(one, Book)]}
    for kind in KINDS:
        fresh = [one for one in new if isinstance(one, Entry) and one.kind == kind]
        keys = sorted({one.key for one in fresh})
        name = COLUMNS[kind][0]
        where: Any = bindparam("keys", expanding=True)
        query = text(f'SELECT * FROM "{kind}" WHERE {name} IN :keys ORDER BY {name}, seq').bindparams(where)
        remove = text(f'DELETE FROM "{kind}" WHERE {name} IN :keys').bindparams(where)
        past: list[Entry] = []
        for some in chunks(keys, FEW):
            found = [entry_of_row(kind, row._mapping) for row in conn.execute(query, {"keys": some})]
            if found:
                conn.execute(remove, {"keys": some})
            past += found
        made[kind] = _rows([*past, *fresh])
    return made


def replay(conn: Connection, upto: int | None = None) -> Rows:
    """The rows of all tables as the facts up to sequence `upto` make them: the definition of the registry."""
    entries = [entry_of(fact) for fact in effective(conn, REGISTRY, upto)]
    made: Rows = {
        kind: _rows([one for one in entries if isinstance(one, Entry) and one.kind == kind]) for kind in KINDS
    }
    return made | {"book": [_book_row(one) for one in entries if isinstance(one, Book)]}


def effective(conn: Connection, types: Sequence[str], upto: int | None = None) -> list[Fact]:
    """The facts of domain core of these types up to sequence `upto`, after corrections, in order."""
    ruled = rulings(read_core(conn, (CORRECTION,), upto))
    found = (corrected(fact, ruled.get(fact.seq)) for fact in read_core(conn, types, upto))
    return [fact for fact in found if fact]


def read_core(conn: Connection, types: Sequence[str], upto: int | None) -> list[Fact]:
    """The facts of domain core of these types up to sequence `upto`, as recorded, private fields opened."""
    # The literal lets the database use the index that holds the facts of domain core alone.
    of = "FROM fact f WHERE f.domain = 'core' AND f.type IN :types AND f.seq <= :upto"
    given = {"types": list(types), "upto": 2**62 if upto is None else upto}
    types_in: Any = bindparam("types", expanding=True)
    facts = text(
        f"SELECT seq, domain, type, grid, subject, actor, occurred_at, recorded_at, body {of} ORDER BY seq"
    ).bindparams(types_in)
    secrets = text(
        f"SELECT p.seq, p.field, p.value FROM private p WHERE p.value IS NOT NULL AND p.seq IN (SELECT f.seq {of})"
    ).bindparams(types_in)
    private: dict[int, dict[str, object]] = {}
    for row in conn.execute(secrets, given):
        private.setdefault(row.seq, {})[row.field] = json.loads(row.value)
    found = [fact_of(row, fields_of(row.body)) for row in conn.execute(facts, given)]
    if not private:
        return found
    return [
        opened(fact, private.get(fact.seq, {}))
        if fact.type in REGISTRY
        else replace(fact, fields={**fact.fields, **private.get(fact.seq, {})})
        for fact in found
    ]


def _rows(entries: Iterable[Entry]) -> list[tuple[object, ...]]:
    by_key: dict[str, list[Entry]] = {}
    for one in entries:
        by_key.setdefault(one.key, []).append(one)
    return [_row(one) for key in sorted(by_key) for one in versions(by_key[key])]


def _row(one: Entry) -> tuple[object, ...]:
    said = one.row if one.row is not None else ("",) * (len(COLUMNS[one.kind]) - 2)
    return (one.key, one.seq, *said, one.start, one.end, one.row is None)


def _book_row(one: Book) -> tuple[object, ...]:
    return (one.id, one.seq, one.text, one.digest, one.start)


def entry_of_row(kind: str, row: Any) -> Entry:
    key, _, *said = COLUMNS[kind]
    made = None if row["closed"] else tuple(row[name] for name in said)
    return Entry(kind, row[key], row["seq"], row["start"], row["end"], made)


def chunks(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
