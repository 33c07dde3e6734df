"""Facts in columns to the bytes that the chain covers, a block at a time: what `canonical.prepare` makes of them.

Whatever the columns cannot say the same way for sure (a moment that no ledger holds, a name with a NUL) goes through
`prepare` itself, so that both always agree, also in what they refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import polars as pl

from wuding.domain.fact import CORE, Fact
from wuding.store.canonical import (
    NOTHING,
    SAFE,
    NewFact,
    Prepared,
    canonical,
    commitment,
    is_word,
    prepare,
)
from wuding.store.projection import HEARD, core_facts

SIZE = 65_536  # facts of a block: bounds the memory that bytes and hashes take
NAMES = ("grid", "subject", "actor")
ESCAPED = '["\\\\\x00-\x1f]'  # what JSON text cannot hold as it is
NUL = "\0"
BLOCK = {
    "domain": pl.String, "type": pl.String, "grid": pl.String, "subject": pl.String, "actor": pl.String,
    "at": pl.Int64, "body": pl.String, "hash": pl.Binary,
}  # fmt: skip


@dataclass(frozen=True)
class FactColumns:
    """Facts of one type. `frame` has the columns `at grid subject actor` and one for each of the fields, `f:name`:
    text, whole numbers or truth values, as facts hold them; null where a fact lacks the field. The fields `private`
    are kept apart."""

    domain: str
    type: str
    frame: pl.DataFrame
    fields: tuple[str, ...] = ()
    private: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.frame.height

    def facts(self) -> list[NewFact]:
        """The same facts one by one."""
        columns = [self.frame[name].to_list() for name in ("at", *NAMES)]
        rows = zip(*columns, _objects(self.frame, self.fields), _objects(self.frame, self.private), strict=True)
        return [
            NewFact(self.domain, self.type, at, grid, subject, actor, own, sealed)
            for at, grid, subject, actor, own, sealed in rows
        ]


Part = Sequence[NewFact] | FactColumns


@dataclass(frozen=True)
class Block:
    """Facts ready to be written: `frame` has the columns of `BLOCK`; the first of them stands at `place` among those
    that are appended together. `private` as in `canonical.Prepared`; `core`: those that say something of the registry
    or of other facts, their places for sequences."""

    place: int
    frame: pl.DataFrame
    private: Sequence[tuple[int, str, bytes, str]] = ()
    core: Sequence[Fact] = ()


def blocks(parts: Sequence[Part], salt: Callable[[], bytes]) -> Iterator[Block]:
    """The blocks of facts that are appended together. Raises WD506, naming the fact's place."""
    place = 0
    for part in parts:
        for start in range(0, len(part), SIZE):
            if isinstance(part, FactColumns):
                frame = part.frame.slice(start, SIZE)
                some = FactColumns(part.domain, part.type, frame, part.fields, part.private)
                yield _of_columns(some, place, salt)
                place += len(some)
            else:
                rows = part[start : start + SIZE]
                yield _of_prepared(prepare(rows, salt, place), place)
                place += len(rows)


def _of_prepared(new: Prepared, place: int) -> Block:
    columns = (new.domains, new.types, new.grids, new.subjects, new.actors, new.ats,
               [body.decode() for body in new.bodies], new.hashes)  # fmt: skip
    series = [pl.Series(name, values, dtype=BLOCK[name]) for name, values in zip(BLOCK, columns, strict=True)]
    return Block(place, pl.DataFrame(series), new.private, core_facts(new, place))


def _of_columns(some: FactColumns, place: int, salt: Callable[[], bytes]) -> Block:
    frame = some.frame
    if not _plain(some):
        return _of_prepared(prepare(some.facts(), salt, place), place)
    private, promises = _sealed(some, place, salt)
    opening = '{"actor":', ',"at":', f',"domain":{canonical(some.domain)},"fields":{{'
    body = frame.select(
        pl.concat_str(
            pl.lit(opening[0]), _text(frame, "actor"),
            pl.lit(opening[1]), frame["at"].cast(pl.String),
            pl.lit(opening[2]), *_members(frame, some.fields),
            pl.lit('},"grid":'), _text(frame, "grid"),
            *promises,
            pl.lit(',"subject":'), _text(frame, "subject"),
            pl.lit(f',"type":{canonical(some.type)}}}'),
        ).alias("body")
    ).to_series()  # fmt: skip
    made = frame.select(
        pl.lit(some.domain).alias("domain"), pl.lit(some.type).alias("type"), "grid", "subject", "actor", "at",
        body, _hashes(body, place),
    )  # fmt: skip
    return Block(place, made, private)


def _plain(some: FactColumns) -> bool:
    """Can columns say all of it?"""
    frame = some.frame
    named = [*some.fields, *some.private]
    kinds = {frame.schema[f"f:{name}"] for name in named} | {frame.schema[name] for name in NAMES}
    if frame.schema["at"] != pl.Int64 or not kinds <= {pl.String, pl.Int64, pl.Boolean}:
        return False
    if some.domain == CORE and some.type in HEARD:
        return False
    if not (is_word(some.domain) and is_word(some.type)) or len({*named}) < len(named):
        return False
    moments = frame["at"]
    if moments.null_count() or (moments.abs() > SAFE).any():
        return False
    if any(frame[name].str.contains(NUL, literal=True).any() for name in NAMES if frame.schema[name] == pl.String):
        return False
    whole = [frame[f"f:{name}"] for name in named if frame.schema[f"f:{name}"] == pl.Int64]
    return not any((numbers.abs() > SAFE).any() for numbers in whole)


def _hashes(bodies: pl.Series, place: int) -> pl.Series:
    """`canonical.row_hash` of each body, the first of which stands at `place`."""
    last = place + len(bodies)
    pairs = zip(range(place, last), bodies.cast(pl.Binary).to_list(), strict=True)
    made = [sha256(n.to_bytes(8, "big") + body).digest() for n, body in pairs]
    return pl.Series("hash", made, dtype=pl.Binary)


def _text(frame: pl.DataFrame, name: str) -> pl.Series:
    return _json(frame[name]).fill_null("null")


def _json(column: pl.Series) -> pl.Series:
    """Each value as canonical JSON; null where there is none."""
    if column.dtype != pl.String:
        return column.cast(pl.String)  # whole numbers, true and false
    odd = column.str.contains(ESCAPED)
    quoted = '"' + column + '"'
    if not odd.any():
        return quoted
    table = {value: canonical(value) for value in column.filter(odd).unique().to_list()}
    said = column.replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.String)
    return quoted.zip_with(~odd, said)


def _members(frame: pl.DataFrame, names: Sequence[str]) -> list[pl.Series | pl.Expr]:
    """The members of the object of these fields, without its braces. Commas stand before all but the first."""
    said: list[pl.Series | pl.Expr] = []
    begun: pl.Series | None = None  # whether a member stands before; None: certainly not
    for name in _sorted(names):
        column = frame[f"f:{name}"]
        key = canonical(name) + ":"
        value, present = _json(column), column.is_not_null()
        if begun is None:
            member = key + value
        elif begun.all():
            member = f",{key}" + value
        else:
            comma = pl.select(pl.when(begun).then(pl.lit(f",{key}")).otherwise(pl.lit(key))).to_series()
            member = comma + value
        said.append(member.fill_null(""))
        begun = present if begun is None else begun | present
    return said


def _sorted(names: Sequence[str]) -> list[str]:
    """Keys in the order of RFC 8785: by UTF-16 code units."""
    return sorted(names, key=lambda name: name.encode("utf-16-be"))


def _sealed(
    some: FactColumns, place: int, salt: Callable[[], bytes]
) -> tuple[list[tuple[int, str, bytes, str]], list[pl.Series]]:
    """The private fields, salted in the order of `prepare`, and what the bodies say of them."""
    frame = some.frame
    names = sorted(some.private)
    if not names or all(frame[f"f:{name}"].null_count() == frame.height for name in names):
        return [], []
    columns = [_json(frame[f"f:{name}"]).to_list() for name in names]
    private: list[tuple[int, str, bytes, str]] = []
    promises: list[str] = []
    for n, values in enumerate(zip(*columns, strict=True)):
        new = [(place + n, name, salt(), value) for name, value in zip(names, values, strict=True) if value is not None]
        private += new
        told = canonical({name: commitment(salted, value) for _, name, salted, value in new}) if new else ""
        promises.append(f',"private":{told}' if new else "")
    return private, [pl.Series(promises, dtype=pl.String)]


def _objects(frame: pl.DataFrame, names: Sequence[str]) -> Sequence[dict[str, object]]:
    """The fields of each row as an object, without those that are missing; made column by column."""
    if not names:
        return [NOTHING] * frame.height  # type: ignore[list-item]
    columns = [frame[f"f:{name}"] for name in names]
    rows = zip(*(column.to_list() for column in columns), strict=True)
    if not any(column.null_count() for column in columns):
        return [dict(zip(names, row, strict=True)) for row in rows]
    return [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in rows]
