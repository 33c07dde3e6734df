"""Columns of text to columns of values, all rows at once, with a code for every cell that cannot be read.

The fast path never accepts more than the readers of `wuding.domain.instants`: what it does not recognise is
given to them, once for each different text, so that both always agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from wuding.domain.instants import (
    ISO_DATE,
    SECOND_US,
    YEARS,
    Ambiguous,
    has_clock,
    iso_z,
    local_day,
    parse_date,
    parse_instant,
)
from wuding.domain.period import to_date
from wuding.errors import WudingError
from wuding.program.model import FieldType

TRUE = ("true", "t", "yes", "y", "1", "是", "有")
FALSE = ("false", "f", "no", "n", "0", "否", "无")
DIGITS = 12  # before the point: what scaled 64-bit arithmetic can hold (semantics 19)
PLACES = 6
# What the readers of single values say, as said of a cell.
ROW_CODES = {"WD402": "WD435", "WD403": "WD436", "WD404": "WD443", "WD405": "WD447"}
DURATION = r"^([0-9]{1,6}) ?(min|h|d|workday|week|month|year)s?$"
PLAIN_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"


@dataclass(frozen=True)
class Reading:
    """How wall-clock times are read, and which spellings mean nothing."""

    zone: str
    times: tuple[str, ...] = ()
    ambiguous: Ambiguous = "refuse"
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Read:
    """A column that was read: its values, the code of what is wrong (null where nothing is), its text."""

    value: pl.Series
    code: pl.Series
    text: pl.Series


# ── from text to a value ─────────────────────────────────────────────────────────────────────────
def convert(read: Read, kind: FieldType, reading: Reading) -> Read:
    """The values of a field, as facts hold them (numbers, dates and times as text).

    WD430 (required, missing), WD432 to WD434, WD439 (not of its kind), WD438 (not one of the values), WD437
    (a number too long), WD435 (no date), WD436 (no time), WD443 (a time that never was), WD447 (one that was twice),
    WD448 (a NUL character).
    """
    text = read.value
    value, wrong = _VALUES.get(kind.type, _text)(text, kind, reading)
    wrong = first(read.code, wrong)
    if kind.required:
        wrong = first(wrong, code(text.is_null(), "WD430"))
    return Read(value, wrong, read.text)


def instants(text: pl.Series, reading: Reading) -> tuple[pl.Series, pl.Series]:
    """Instants in microseconds since 1970-01-01 UTC; WD436, WD443, WD447."""
    found = _quick_instants(text, reading)
    todo = text.is_not_null() & found.is_null()
    if not todo.any():
        return found, code(todo, "")
    slow, wrong = by_hand(
        text, todo, lambda value: parse_instant(value, reading.zone, reading.times, reading.ambiguous), pl.Int64
    )
    return found.fill_null(slow), wrong


def _quick_instants(text: pl.Series, reading: Reading) -> pl.Series:
    iso = text.str.replace(" ", "T", literal=True)
    plain = iso.str.contains(PLAIN_TIME + "$")
    naive = iso.set(~plain, None)
    short = naive.str.len_bytes() == 16
    naive = naive.zip_with(~short, naive + ":00") if short.any() else naive
    found = _local(_sane(naive.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")), reading)
    with_zone = iso.str.contains(PLAIN_TIME + r"([Zz]|[+-][0-9]{2}:?[0-9]{2})$") & (iso.str.slice(16, 1) == ":")
    if with_zone.any():
        spelled = iso.set(~with_zone, None).str.replace("[Zz]$", "+00:00")
        utc = spelled.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", strict=False, time_unit="us", time_zone="UTC")
        found = found.fill_null(_sane(utc.dt.replace_time_zone(None)).dt.epoch("us"))
    dates = text.str.contains(f"^{ISO_DATE}$")
    if dates.any():
        days = text.set(~dates, None).str.to_date("%Y-%m-%d", strict=False)
        found = found.fill_null(_day_starts(days, reading.zone))
    for form in reading.times:
        # The clock of a day alone is no clock: such formats go by hand, where days start when they start.
        if has_clock(form) and (todo := text.is_not_null() & found.is_null() & ~plain & ~with_zone & ~dates).any():
            found = found.fill_null(_local(_by_format(text.set(~todo, None), form), reading))
    return found


def _by_format(text: pl.Series, form: str) -> pl.Series:
    """Chrono takes a sign before the year and reads the two-digit year 69 otherwise than Python: not here."""
    odd = text.str.contains(r"[+]|[0-9][^0-9A-Za-z ]-|^-")
    try:
        read = text.set(odd, None).str.to_datetime(form.replace(".%f", "%.f"), strict=False, time_unit="us")
    except pl.exceptions.PolarsError:  # it refuses some formats, such as an hour without minutes
        return nothing(len(text), pl.Datetime("us"))
    read = _sane(read)
    return read.set(read.dt.year() == 2069, None) if "%y" in form else read


def _sane(naive: pl.Series) -> pl.Series:
    year = naive.dt.year()
    return naive.set((year < YEARS[0]) | (year > YEARS[1]), None)


def _local(naive: pl.Series, reading: Reading) -> pl.Series:
    """Wall-clock times to instants. Null where clocks never show them, and where they do twice without a policy."""
    twice: Any = {"refuse": "null", "earlier": "earliest", "later": "latest"}[reading.ambiguous]
    return naive.dt.replace_time_zone(reading.zone, ambiguous=twice, non_existent="null").dt.epoch("us")


def _day_starts(days: pl.Series, zone: str) -> pl.Series:
    midnight = _sane(days.cast(pl.Datetime("us"))).dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    return midnight.dt.epoch("us")


def iso_instants(us: pl.Series) -> pl.Series:
    """Instants as facts hold them: `2024-05-03T01:00:00Z`; microseconds only where there are any."""
    fine = us % SECOND_US != 0
    text = us.cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return by_hand(us, fine, iso_z, pl.String)[0].fill_null(text) if fine.any() else text


def by_hand(
    column: pl.Series, todo: pl.Series, reader: Callable[[Any], object], dtype: Any
) -> tuple[pl.Series, pl.Series]:
    """Each different value of the rows to do, through a reader of single values: what it says, or its error's code."""
    values: dict[object, object] = {}
    codes: dict[object, str] = {}
    for value in column.filter(todo).drop_nulls().unique().to_list():
        try:
            values[value] = reader(value)
        except WudingError as error:
            codes[value] = ROW_CODES[error.code]
    return looked_up(column, values, dtype, todo), looked_up(column, codes, pl.String, todo)


def looked_up(column: pl.Series, table: dict[Any, Any], dtype: Any, todo: pl.Series) -> pl.Series:
    if not table:
        return nothing(len(column), dtype)
    found = column.replace_strict(list(table), list(table.values()), default=None, return_dtype=dtype)
    return found.set(~todo, None)


def nothing(height: int, dtype: Any = pl.String) -> pl.Series:
    """A column of missing values."""
    return pl.Series([None], dtype=dtype).new_from_index(0, height)


def code(wrong: pl.Series, name: str) -> pl.Series:
    """The code `name` where something is wrong, else null."""
    clean = nothing(len(wrong))
    return clean.set(wrong.fill_null(False), name) if name else clean


def first(left: pl.Series, right: pl.Series) -> pl.Series:
    """The code that was found first counts: one mistake, one reject."""
    return left.fill_null(right)


def _text(text: pl.Series, kind: FieldType, reading: Reading) -> tuple[pl.Series, pl.Series]:
    nul = text.str.contains("\0", literal=True)
    return text, code(nul, "WD448")


def _enum(text: pl.Series, kind: FieldType, reading: Reading) -> tuple[pl.Series, pl.Series]:
    """A value, or its label in either language where that names one value only."""
    table = {label: name for name, both in kind.value_labels.items() for label in (both.zh, both.en) if label}
    table |= {name: name for name in kind.values}
    value = looked_up(text, table, pl.String, text.is_not_null())
    return value, code(text.is_not_null() & value.is_null(), "WD438")


def _int(text: pl.Series, kind: FieldType, reading: Reading) -> tuple[pl.Series, pl.Series]:
    """Whole numbers; `14.0` is one."""
    whole = text.str.extract(r"^([+-]?[0-9]+)(?:\.0+)?$", 1)
    long = whole.str.strip_chars_start("+-").str.strip_chars_start("0").str.len_bytes() > DIGITS
    value = whole.set(long, None).str.strip_prefix("+").cast(pl.Int64, strict=False)
    wrong = text.is_not_null() & whole.is_null()
    return value, first(code(wrong, "WD432"), code(long, "WD437"))


def _number(text: pl.Series, kind: FieldType, reading: Reading) -> tuple[pl.Series, pl.Series]:
    good = text.str.contains(r"^[+-]?[0-9]+(\.[0-9]+)?$")
    value = text.set(~good, None).str.strip_prefix("+")
    whole = value.str.extract(r"^-?0*([0-9]*)", 1).str.len_bytes() > DIGITS
    places = value.str.extract(r"\.([0-9]*?)0*$", 1).str.len_bytes() > PLACES
    long = whole | places.fill_null(False)
    return value.set(long, None), first(code(~good, "WD433"), code(long, "WD437"))


def _bool(text: pl.Series, kind: FieldType, reading: Reading) -> tuple[pl.Series, pl.Series]:
    table = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False)
    value = looked_up(text.str.to_lowercase(), table, pl.Boolean, text.is_not_null())
    return value, code(text.is_not_null() & value.is_null(), "WD434")


def _date(text: pl.Series, kind: FieldType, reading: Reading) -> tuple[pl.Series, pl.Series]:
    iso = text.set(~text.str.contains(f"^{ISO_DATE}$"), None).str.to_datetime("%Y-%m-%d", strict=False, time_unit="us")
    value = _sane(iso).dt.strftime("%Y-%m-%d")
    todo = text.is_not_null() & value.is_null()
    if not todo.any():
        return value, code(todo, "")
    slow, wrong = by_hand(text, todo, lambda one: _one_date(one, reading), pl.String)
    return value.fill_null(slow), wrong


def _one_date(text: str, reading: Reading) -> str:
    """A date; a time stands for its local day, whichever of two such moments is meant."""
    try:
        return to_date(parse_date(text, reading.times)).isoformat()
    except WudingError:
        try:
            return to_date(local_day(parse_instant(text, reading.zone, (), "earlier"), reading.zone)).isoformat()
        except WudingError:
            raise WudingError("WD402", value=text) from None


def _time(text: pl.Series, kind: FieldType, reading: Reading) -> tuple[pl.Series, pl.Series]:
    us, wrong = instants(text, reading)
    return iso_instants(us), wrong


def _duration(text: pl.Series, kind: FieldType, reading: Reading) -> tuple[pl.Series, pl.Series]:
    good = text.str.contains(DURATION)
    number, unit = text.str.extract(DURATION, 1), text.str.extract(DURATION, 2)
    number = number.str.replace("^0+([0-9])", "$1")
    short = unit.is_in(["min", "h", "d"])
    value = (number + unit).zip_with(short.fill_null(True), number + " " + unit + "s")
    return value.set(~good, None), code(~good, "WD439")


_VALUES: dict[str, Callable[[pl.Series, FieldType, Reading], tuple[pl.Series, pl.Series]]] = {
    "enum": _enum,
    "int": _int,
    "number": _number,
    "money": _number,
    "bool": _bool,
    "date": _date,
    "time": _time,
    "duration": _duration,
}


def local_days(us: Sequence[int] | pl.Series, zone: str) -> pl.Series:
    """The local day of each instant, as days since 1970-01-01."""
    moments = pl.Series(us, dtype=pl.Int64).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    return moments.dt.date().cast(pl.Int32).cast(pl.Int64)
