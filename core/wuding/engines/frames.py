"""Records to columns: how a fact, a grid, a subject or a post looks as a row of a frame.

The one place where the JSON form of a field (`wuding.domain.fact`) becomes a typed cell, for facts in a ledger and
facts in memory alike. A value that does not fit its type (no number, a number beyond 64 bits) is null, as one that
is missing: intake refuses it, and where a field's type was changed later, the finding names the field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO

import polars as pl
import pyarrow as pa

from wuding.domain.fact import Fact
from wuding.domain.grid import Grid
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.program.model import Domain, FieldType

DECODER = 1  # counts the changes of meaning of this module: columns that an older one wrote are made anew
BASE: dict[str, pl.DataType] = {
    "seq": pl.Int64(),
    "grid": pl.String(),
    "subject": pl.String(),
    "actor": pl.String(),
    "at": pl.Int64(),
    "recorded": pl.Int64(),
}
RAW: dict[str, pl.DataType] = {**BASE, "text": pl.String()}
PRIVATE: dict[str, pl.DataType] = {"seq": pl.Int64(), "field": pl.String(), "value": pl.String()}
DTYPES: dict[str, pl.DataType] = {
    **dict.fromkeys(("text", "id", "enum", "ref", "person"), pl.String()),
    **dict.fromkeys(("int", "number", "money", "time", "duration"), pl.Int64()),
    "bool": pl.Boolean(),
    "date": pl.Int32(),
}
UNIT_US = {"min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
WHOLE_MAX = (2**63 - 1) // 10**6 - 1  # the largest whole part whose millionths surely fit


def schema_of(fields: Mapping[str, FieldType]) -> dict[str, pl.DataType]:
    """The columns of facts with these fields."""
    return BASE | {f"f.{name}": DTYPES[field.type] for name, field in fields.items()}


def frame_of(facts: Sequence[Fact], fields: Mapping[str, FieldType]) -> pl.DataFrame:
    """The columns of facts in memory."""
    rows = [
        (fact.seq, fact.grid, fact.subject, fact.actor, fact.at, fact.recorded, _told(fact.fields)) for fact in facts
    ]
    return decoded(pl.DataFrame(rows, schema=RAW, orient="row"), None, fields)


def _told(fields: Mapping[str, object]) -> str:
    return json.dumps({"fields": dict(fields)}, ensure_ascii=False)


def decoded(raw: pl.DataFrame, private: pl.DataFrame | None, fields: Mapping[str, FieldType]) -> pl.DataFrame:
    """The typed columns of raw rows: those of `RAW`, where `text` is JSON that has the fields under `fields`.
    `private` (columns of `PRIVATE`, values as JSON) adds the fields that are kept apart."""
    texts = _texts(raw["text"], list(fields))
    if private is not None and private.height:
        texts = _with_private(texts, raw["seq"], private)
    typed = [_typed(name, field.type) for name, field in fields.items()]
    return pl.concat([raw.select(list(BASE)), texts.select(typed)], how="horizontal").select(list(schema_of(fields)))


def _texts(json: pl.Series, names: Sequence[str]) -> pl.DataFrame:
    """The values of these fields as text, a column each; JSON text loses its quotes, null stays null."""
    schema = dict.fromkeys(names, pl.String())
    if not names or not len(json):
        return pl.DataFrame({name: pl.repeat(None, len(json), dtype=pl.String, eager=True) for name in names})
    # Canonical JSON holds no line break: joined by line breaks it is what the fast reader of JSON lines takes.
    lines = (json + "\n").to_arrow().cast(pa.large_string())
    _, offsets, data = lines.buffers()
    first, last = (int.from_bytes(offsets[8 * n : 8 * n + 8].to_pybytes(), "little") for n in (0, len(lines)))
    found = pl.read_ndjson(BytesIO(data[first:last].to_pybytes()), schema={"fields": pl.Struct(schema)})
    if found.height != len(json):
        raise AssertionError(f"{found.height} rows of JSON where {len(json)} were written")
    return found.unnest("fields")


def _with_private(texts: pl.DataFrame, seqs: pl.Series, private: pl.DataFrame) -> pl.DataFrame:
    values = _texts('{"fields":{"value":' + private["value"] + "}}", ["value"])["value"]
    by_field = private.select("seq", "field", values).partition_by("field", as_dict=True)
    found = {
        str(name): seqs.to_frame().join(rows, on="seq", how="left", maintain_order="left")["value"]
        for (name,), rows in by_field.items()
        if name in texts.columns
    }
    return texts.with_columns(pl.coalesce(value, name).alias(name) for name, value in found.items())


def _typed(name: str, type_: str) -> pl.Expr:
    text = pl.col(name)
    if type_ in ("number", "money"):
        found = _millionths(text)
    elif type_ == "int":
        found = _whole(text.str.extract(r"^([+-]?[0-9]+)$"))
    elif type_ == "bool":
        found = pl.when(text == "true").then(True).when(text == "false").then(False)
    elif type_ == "date":
        found = text.str.extract(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})$").str.to_date("%Y-%m-%d", strict=False).cast(pl.Int32)
    elif type_ == "time":
        found = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", strict=False).cast(pl.Int64)
    elif type_ == "duration":
        unit = text.str.extract(r"^[0-9]+ ?(min|h|d)$").replace_strict(UNIT_US, default=None, return_dtype=pl.Int64)
        count = _whole(text.str.extract(r"^([0-9]+)"))
        found = pl.when(count <= (2**63 - 1) // UNIT_US["d"]).then(count * unit)
    else:
        found = text
    return found.cast(DTYPES[type_]).alias(f"f.{name}")


def _whole(digits: pl.Expr) -> pl.Expr:
    return digits.str.strip_prefix("+").cast(pl.Int64, strict=False)


def _millionths(text: pl.Expr) -> pl.Expr:
    """Decimal text as millionths, exactly; a seventh place rounds half away from zero (semantics 19)."""
    number = text.str.extract(r"^([+-]?[0-9]+(?:\.[0-9]+)?)$")
    whole = _whole(number.str.extract(r"^[+-]?([0-9]+)"))
    part = number.str.extract(r"\.([0-9]+)$").fill_null("")
    millionths = part.str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64, strict=False)
    up = (part.str.slice(6, 1) >= "5").cast(pl.Int64)
    size = pl.when(whole <= WHOLE_MAX).then(whole * 10**6 + millionths + up)
    return pl.when(number.str.starts_with("-")).then(-size).otherwise(size)


def grid_frame(grids: Iterable[Grid]) -> pl.DataFrame:
    return pl.DataFrame(
        [(g.code, g.name, g.parent, g.level, list(g.kinds), g.start, g.end) for g in grids],
        schema={
            "code": pl.String, "name": pl.String, "parent": pl.String, "level": pl.String,
            "kinds": pl.List(pl.String), "start": pl.Int32, "end": pl.Int32,
        },
        orient="row",
    )  # fmt: skip


def subject_frame(subjects: Sequence[Subject], fields: Mapping[str, FieldType]) -> pl.DataFrame:
    """The columns of the subjects of one type."""
    base = pl.DataFrame(
        [(s.id, s.type, s.grid, s.name, s.start, s.end) for s in subjects],
        schema={
            "id": pl.String, "type": pl.String, "grid": pl.String, "name": pl.String,
            "start": pl.Int32, "end": pl.Int32,
        },
        orient="row",
    )  # fmt: skip
    return with_fields(base, pl.Series([_told(s.fields) for s in subjects], dtype=pl.String), fields)


def with_fields(base: pl.DataFrame, told: pl.Series, fields: Mapping[str, FieldType]) -> pl.DataFrame:
    """The rows with the typed columns of their fields, given as JSON text that has them under `fields`."""
    texts = _texts(told, list(fields))
    return pl.concat([base, texts.select([_typed(n, f.type) for n, f in fields.items()])], how="horizontal")


def posts_of(posts: pl.DataFrame, domain: Domain) -> pl.DataFrame:
    """The posts that a book of this domain sees: those whose role the domain has. A role that several domains have
    may be held in one of them alone, as `domain/role`."""
    role = pl.col("role").str.strip_prefix(f"{domain.name}/")
    return posts.with_columns(role).filter(pl.col("role").is_in(list(domain.roles)))


def post_frame(posts: Iterable[Post]) -> pl.DataFrame:
    return pl.DataFrame(
        [(p.id, p.person, p.role, p.grid, p.subject, p.capacity, p.start, p.end) for p in posts],
        schema={
            "id": pl.String, "person": pl.String, "role": pl.String, "grid": pl.String, "subject": pl.String,
            "capacity": pl.String, "start": pl.Int32, "end": pl.Int32,
        },
        orient="row",
    )  # fmt: skip
