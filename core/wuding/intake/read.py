"""Files of rows, as tables of text: CSV, JSON Lines (both also gzipped) and Parquet.

Nothing is guessed about types here: every cell is text or missing. Rows keep their number in the file.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wuding.errors import Diagnostic, Rejected, Span, WudingError

if TYPE_CHECKING:
    import polars as pl

FORMS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
ENCODINGS = ("utf-8-sig", "gb18030")  # tried in this order; a BOM is dropped; GB 2312 and GBK are parts of GB 18030

LEGIBLE = 1 << 21  # bytes; larger files are not opened again to show a line
LARGEST_RECORD = 1 << 26  # bytes; what one record of a CSV file may take


@dataclass(frozen=True)
class Ragged:
    """A line of a CSV file with more or fewer cells than there are columns."""

    row: int
    text: str
    cells: int
    expected: int


@dataclass(frozen=True)
class Table:
    """A file's rows as text. `rows` holds each row's number in the file, `blank` how many rows had no value at all.

    In a CSV file the header is row 1 and a record counts as one row however many lines its quoted cells run
    over; in a JSON Lines or Parquet file the first row is 1.
    """

    path: Path
    frame: pl.DataFrame
    rows: pl.Series
    sha256: str
    encoding: str = ""
    blank: int = 0
    ragged: tuple[Ragged, ...] = ()
    by_line: bool = False  # a row's number is also its line's, in a file that a person can look into

    def span(self, row: int) -> Span:
        """The place of a row: its line where it has one, else `path row`."""
        return Span(str(self.path) if self.by_line else f"{self.path} row", row)


def read_table(path: Path, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """Read a file by the end of its name. Without `encoding`, UTF-8 is tried, then GB 18030.

    Raises WD420 (cannot be read), WD421 (not text in that encoding), WD423 (a kind of file we do not know),
    and `Rejected` with WD422, WD424 to WD426 for what is wrong inside.
    """
    form = FORMS.get(Path(path.name.removesuffix(".gz")).suffix.lower())
    if form is None or (form == "parquet" and path.name.endswith(".gz")):
        raise WudingError("WD423", path=path, known=", ".join(FORMS))
    raw = read_bytes(path)
    digest = hashlib.sha256(path.read_bytes() if path.suffix == ".gz" else raw).hexdigest()
    if form == "parquet":
        return _parquet(path, raw, digest)
    text, used = decode(path, raw, encoding)
    if form == "jsonl":
        return _jsonl(path, text, digest, used)
    default = "\t" if ".tsv" in path.suffixes else ","
    return _csv(path, text.encode(), delimiter or default, digest, used)


def ragged_rows(table: Table) -> list[Diagnostic]:
    """WD428 for each line whose cells do not fit the header."""
    return [Diagnostic("WD428", table.span(r.row), {"cells": r.cells, "expected": r.expected}) for r in table.ragged]


def read_bytes(path: Path) -> bytes:
    """A file's bytes, unpacked when its name ends in `.gz`. Raises WD420."""
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise WudingError("WD420", path=path, reason=reason.lower()) from None


def decode(path: Path, raw: bytes, encoding: str | None = None) -> tuple[str, str]:
    """A file's text and its encoding. Raises WD421 with the line at which the last encoding tried gave up."""
    failed = 0
    for name in (encoding,) if encoding else ENCODINGS:
        try:
            return raw.decode(name), "utf-8" if name == "utf-8-sig" else name
        except UnicodeDecodeError as error:
            failed = max(failed, error.start)
        except LookupError:
            raise WudingError("WD421", path=path, line=1, tried=name) from None
    line = raw.count(b"\n", 0, failed) + 1
    raise WudingError("WD421", path=path, line=line, tried=encoding or "UTF-8, GB 18030")


def _csv(path: Path, data: bytes, delimiter: str, digest: str, encoding: str) -> Table:
    import polars as pl
    import pyarrow as pa
    import pyarrow.csv as pc

    ragged: list[Ragged] = []

    def note(row: Any) -> str:
        ragged.append(Ragged(row.number, row.text, row.actual_columns, row.expected_columns))
        return "skip"

    parse = pc.ParseOptions(
        delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note
    )
    names = _header(path, data, delimiter)
    texts = pc.ConvertOptions(
        strings_can_be_null=True,
        null_values=[""],
        quoted_strings_can_be_null=True,
        column_types={name: pa.string() for name in names},
    )
    whole = pc.ReadOptions(use_threads=False, block_size=LARGEST_RECORD)
    try:
        table = pc.read_csv(pa.BufferReader(data), read_options=whole, parse_options=parse, convert_options=texts)
    except pa.ArrowInvalid as error:
        raise Rejected([Diagnostic("WD422", Span(str(path)), {"reason": str(error).lower()})]) from None
    frame = pl.DataFrame(pl.from_arrow(table)).rechunk()
    skipped = {bad.row for bad in ragged}
    numbers = [n for n in range(2, frame.height + len(skipped) + 2) if n not in skipped]
    if _open_quote(frame, data, delimiter.encode()):
        reason = "a quote is opened in the last record and never closed"
        raise Rejected([Diagnostic("WD422", Span(str(path), numbers[-1]), {"reason": reason})])
    return _table(path, frame, numbers, digest, encoding, tuple(ragged))


def _header(path: Path, data: bytes, delimiter: str) -> list[str]:
    """The columns' names. Raises WD425 for an empty file, WD424 for a name that is empty or given twice."""
    import csv
    import io

    if not data.strip():
        raise Rejected([Diagnostic("WD425", Span(str(path)))])
    end = min(len(data), 1 << 20)
    names = next(csv.reader(io.StringIO(data[:end].decode(errors="ignore"), newline=""), delimiter=delimiter), [])
    _check_names(path, names)
    return names


def _check_names(path: Path, names: Sequence[str]) -> None:
    wrong = [n for i, n in enumerate(names) if not n.strip() or n in names[:i]]
    if wrong or not names:
        raise Rejected([Diagnostic("WD424", Span(str(path)), {"name": name}) for name in wrong or [""]])


def _open_quote(frame: pl.DataFrame, data: bytes, delimiter: bytes) -> bool:
    """Arrow takes a file that ends inside a quoted cell as it is: everything after the quote is one cell."""
    if not frame.height:
        return False
    last = frame.item(-1, -1)
    tail = b'"' + (last or "").encode().replace(b'"', b'""')
    before = data[: -len(tail)][-1:]
    return data.endswith(tail) and before in (delimiter, b"\n", b"\r")


def _jsonl(path: Path, text: str, digest: str, encoding: str) -> Table:
    """Numbers keep their spelling: a float would no longer be the number that was written."""
    import polars as pl

    wrong: list[Diagnostic] = []
    records: list[dict[str, str | None]] = []
    numbers: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, parse_float=Decimal, parse_constant=_no_constant)
            if not isinstance(record, dict):
                raise ValueError("a line is no object")
            if "\\u" in line:
                json.dumps(record, ensure_ascii=False, default=str).encode()  # half characters are no text
        except ValueError as error:
            wrong.append(Diagnostic("WD426", Span(str(path), number), {"reason": str(error).lower()}))
            continue
        records.append({key: as_text(value) for key, value in record.items()})
        numbers.append(number)
    if wrong:
        raise Rejected(wrong)
    if not records:
        raise Rejected([Diagnostic("WD425", Span(str(path)))])
    names = list(dict.fromkeys(name for record in records for name in record))
    _check_names(path, names)
    columns = {name: [record.get(name) for record in records] for name in names}
    return _table(path, pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String)), numbers, digest, encoding)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def as_text(value: object) -> str | None:
    """A value of JSON, or a decimal, as it is written; what is no single value as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _parquet(path: Path, raw: bytes, digest: str) -> Table:
    import io

    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(raw))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise WudingError("WD420", path=path, reason=str(error).lower()) from None
    nested = [name for name, kind in frame.schema.items() if kind.is_nested() or kind in (pl.Binary, pl.Object)]
    if nested:
        raise Rejected([Diagnostic("WD427", Span(str(path)), {"name": name}) for name in nested])
    _check_names(path, frame.columns)
    text = frame.select(_spelled(name, kind) for name, kind in frame.schema.items())
    return _table(path, text, list(range(1, frame.height + 1)), digest)


def _spelled(name: str, kind: Any) -> pl.Expr:
    import polars as pl

    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        moment = column.dt.cast_time_unit("us")
        if kind.time_zone:
            return moment.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        return moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")
    return column.cast(pl.String)


def _table(
    path: Path,
    frame: pl.DataFrame,
    numbers: Sequence[int],
    digest: str,
    encoding: str = "",
    ragged: tuple[Ragged, ...] = (),
) -> Table:
    """Rows without any value are left out, and counted: spreadsheets end in hundreds of them."""
    import polars as pl

    rows = pl.Series("row", numbers, dtype=pl.Int64)
    table = Table(path, frame, rows, digest, encoding, 0, ragged, _by_line(path, frame, encoding))
    empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series() if frame.height else None
    if empty is None or not empty.any():
        return table
    return replace(table, frame=frame.filter(~empty), rows=rows.filter(~empty), blank=int(empty.sum()))


def _by_line(path: Path, frame: pl.DataFrame, encoding: str) -> bool:
    import polars as pl

    if encoding != "utf-8" or path.suffix == ".gz" or path.stat().st_size > LEGIBLE:
        return False
    if ".jsonl" in path.suffixes or ".ndjson" in path.suffixes or not frame.height:
        return True
    names = any("\n" in name for name in frame.columns)
    return not names and not frame.select(pl.any_horizontal(pl.all().str.contains("\n", literal=True).any())).item()
