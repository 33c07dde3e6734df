"""The columns: the ledger's facts as typed Parquet, one folder per fact type, following it by sequence.

A cache: it may be deleted at any time. It is made anew when the ledger is another one, and a type is made anew
when its fields changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import polars as pl
from sqlalchemy import bindparam, text

from wuding.domain.corrections import CORRECTION, Ruling, corrected, rulings
from wuding.domain.fact import CORE, Fact
from wuding.engines.frames import DECODER, PRIVATE, RAW, decoded, frame_of, schema_of
from wuding.program.model import FieldType
from wuding.store import parts as files
from wuding.store.ledger import Ledger
from wuding.store.parts import Manifest, Part, State
from wuding.store.projection import ERASURE, chunks, read_core

Fields = Mapping[str, FieldType]
Types = Mapping[tuple[str, str], Fields]
WINDOW = 500_000  # sequences read at a time: bounds the memory
LARGE = 5_000  # sequences from which on ADBC is worth its beginning
TRIES = 3


class Columns:
    """The columns of one ledger, in `folder` (default: beside an SQLite file, else in the user's cache)."""

    def __init__(self, ledger: Ledger, folder: Path | None = None) -> None:
        self.ledger = ledger
        self.folder = folder or _default_folder(ledger)
        self._types: dict[tuple[str, str], Fields] = {}
        self._manifest = Manifest(ledger.id, 0, ledger.genesis.hex(), {})
        self._changed: dict[int, dict[tuple[str, str], dict[int, tuple[int, Ruling]]]] = {}  # by sequence known

    def sync(self, types: Types) -> int:
        """Bring the columns of these types (by domain and type) up to the head of the ledger, and answer with
        its sequence. Registry facts have no columns: ask `registry`."""
        self._types |= types
        for attempt in range(TRIES):
            try:
                self._manifest, self._changed = self._synced(types), {}
                return self._manifest.seq
            except FileNotFoundError:  # another process swept, or somebody deleted the folder: begin again
                if attempt == TRIES - 1:
                    raise
        raise AssertionError

    def scan(self, domain: str, type: str, known_seq: int | None = None, after: int = 0) -> pl.LazyFrame:
        """The facts of a type behind sequence `after` up to `known_seq` (None: all), after the corrections known
        then, in no promised order. Raises LookupError for what was not synced, by type or by sequence."""
        fields = self._types[domain, type]
        state = self._manifest.types[_name(domain, type)]
        known = state.upto if known_seq is None else known_seq
        if known > state.upto:
            raise LookupError(f"{domain}/{type} is known up to {state.upto}, not {known}: sync first")
        used = [part for part in state.parts if part.first <= known and part.last > after]
        empty = pl.LazyFrame(schema=schema_of(fields))
        found = files.scan_parts(self.folder, _name(domain, type), used) if used else empty
        if used and used[-1].last > known:
            found = found.filter(pl.col("seq") <= known)
        if used and used[0].first <= after:
            found = found.filter(pl.col("seq") > after)
        changed = {seq: one for seq, one in self.corrections(known).get((domain, type), {}).items() if seq > after}
        if not changed:
            return found
        facts = [
            corrected(Fact(seq, domain, type, None, None, None, 0, recorded), ruling)
            for seq, (recorded, ruling) in sorted(changed.items())
        ]
        new = frame_of([fact for fact in facts if fact], fields)
        old = pl.LazyFrame({"seq": sorted(changed)}, schema={"seq": pl.Int64})
        return pl.concat([found.join(old, on="seq", how="anti"), new.lazy()])

    def holds(self, domain: str, type: str, after: int, upto: int) -> bool:
        """May there be facts of a type behind sequence `after` up to `upto`?"""
        return any(part.first <= upto and part.last > after for part in self._manifest.types[_name(domain, type)].parts)

    def _synced(self, types: Types) -> Manifest:
        head = self.ledger.head()
        old = files.read_manifest(self.folder)
        if old and not self._ours(old):
            old = None
        states = dict(old.types) if old else {}
        if old and head.seq > old.seq:
            states = self._without_erased(states, old.seq)
        purged = old is not None and states != dict(old.types)
        behind: dict[int, dict[tuple[str, str], Fields]] = {}
        for key, fields in types.items():
            name, digest = _name(*key), schema_digest(fields)
            if name not in states or states[name].schema != digest:
                files.retire(self.folder, name, states[name].parts if name in states else ())
                states[name] = State(digest, 0)
            if states[name].upto < head.seq:
                behind.setdefault(states[name].upto, {})[key] = fields
        for after, some in behind.items():
            new = self._read(after, head.seq, some)
            for key in some:
                name = _name(*key)
                joined = files.compacted(self.folder, name, (*states[name].parts, *new.get(name, ())))
                states[name] = State(states[name].schema, head.seq, joined)
        made = Manifest(self.ledger.id, head.seq, head.link, states)
        if made != old:
            files.write_manifest(self.folder, made)
            files.sweep(self.folder, made, 0 if purged else files.LINGER)
        return made

    def _ours(self, manifest: Manifest) -> bool:
        """Whether these are columns of this ledger: by its id, and by its chain, for a ledger may have been put
        back to an earlier copy and have gone on differently."""
        there = self.ledger.head_at(manifest.seq)
        return manifest.ledger == self.ledger.id and (there.seq, there.link) == (manifest.seq, manifest.link)

    def _read(self, after: int, upto: int, types: Types) -> dict[str, list[Part]]:
        database = self.ledger.database
        body = "CAST(body AS TEXT)" if database.path else "convert_from(body, 'UTF8')"
        wanted = ", ".join(f"({_literal(domain)}, {_literal(type_)})" for domain, type_ in types)
        query = (
            "SELECT seq, grid, subject, actor, occurred_at AS at, recorded_at AS recorded,"
            f" {body} AS text, domain, type FROM fact WHERE (domain, type) IN (VALUES {wanted})"
        )
        schema = {**RAW, "domain": pl.String(), "type": pl.String()}
        found: dict[str, list[Part]] = {}
        for start in range(after, upto, WINDOW):
            end = min(start + WINDOW, upto)
            between, large = f"seq > {start} AND seq <= {end}", end - start >= LARGE
            rows = database.frame(f"{query} AND {between}", schema, large=large).sort("seq")
            hidden = f"SELECT seq, field, value FROM private WHERE value IS NOT NULL AND {between}"
            private = database.frame(hidden, PRIVATE, large=large)
            for (domain, type_), some in rows.partition_by("domain", "type", as_dict=True).items():
                frame = decoded(some, private, types[str(domain), str(type_)])
                name = _name(str(domain), str(type_))
                found.setdefault(name, []).append(files.write_part(self.folder, name, frame))
        return found

    def _without_erased(self, states: dict[str, State], since: int) -> dict[str, State]:
        """Take out of the parts, at once, the private values that were erased after sequence `since`."""
        for erasure in self.ledger.facts(since, domain=CORE, type=ERASURE):
            seq, column = erasure.fields["fact"], f"f.{erasure.fields['field']}"
            for name, state in states.items():
                for part in state.parts:
                    if not part.first <= int(str(seq)) <= part.last:
                        continue
                    frame = files.scan_parts(self.folder, name, [part]).collect()
                    if column not in frame.columns or not (frame["seq"] == seq).any():
                        continue
                    value = pl.when(pl.col("seq") != seq).then(pl.col(column)).alias(column)
                    new = files.write_part(self.folder, name, frame.with_columns(value))
                    (self.folder / name / part.file).unlink()
                    kept = tuple(new if one == part else one for one in state.parts)
                    states = states | {name: State(state.schema, state.upto, kept)}
                    break
        return states

    def corrections(self, known: int) -> dict[tuple[str, str], dict[int, tuple[int, Ruling]]]:
        """By type: the corrected facts, with their moment of recording and what holds of them."""
        if known in self._changed:
            return self._changed[known]
        found: dict[tuple[str, str], dict[int, tuple[int, Ruling]]] = {}
        with self.ledger.database.read() as conn:
            ruled = rulings(read_core(conn, (CORRECTION,), known))
            query = text("SELECT seq, domain, type, recorded_at FROM fact WHERE seq IN :seqs")
            for seqs in chunks(sorted(ruled), 500):
                for row in conn.execute(query.bindparams(bindparam("seqs", expanding=True)), {"seqs": seqs}):
                    found.setdefault((row.domain, row.type), {})[row.seq] = (row.recorded_at, ruled[row.seq])
        self._changed[known] = found
        return found


def _name(domain: str, type_: str) -> str:
    return f"{domain}.{type_}"


def _literal(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def schema_digest(fields: Fields) -> str:
    """Tells apart columns that were decoded differently."""
    told = [DECODER, sorted((name, field.type) for name, field in fields.items())]
    return sha256(json.dumps(told).encode()).hexdigest()[:16]


def _default_folder(ledger: Ledger) -> Path:
    if ledger.database.path:
        return ledger.database.path.with_name(ledger.database.path.name + ".columns")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "wuding" / f"{ledger.id}.columns"
