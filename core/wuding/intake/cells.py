"""From the cells of a file to the text of a value, as the mapping says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

import polars as pl

from wuding.intake.columns import Read, Reading, by_hand, nothing
from wuding.intake.columns import code as code_where
from wuding.intake.mapping import Cell, When


def pick(frame: pl.DataFrame, cell: Cell | None, reading: Reading) -> Read:
    """The text that a cell of the mapping says. WD431: the value is not in its `map`."""
    height = frame.height
    none = nothing(height)
    if cell is None:
        return Read(none, none, none)
    if cell.value is not None:
        fixed = pl.Series([cell.prefix + cell.value], dtype=pl.String).new_from_index(0, height)
        return Read(fixed, none, fixed)
    raw = present(frame[cell.column or ""], reading)
    text = _cleaned(raw, cell)
    code = none
    if cell.map is not None:
        translated = text.replace_strict(list(cell.map), list(cell.map.values()), default=None, return_dtype=pl.String)
        if cell.default is None:
            code = code_where(text.is_not_null() & translated.is_null(), "WD431")
        text = translated
    if cell.prefix:
        text = cell.prefix + text
    if cell.default is not None:
        text = text.fill_null(cell.default)
    if cell.round is not None:
        text = by_hand(text, text.is_not_null(), lambda value: _rounded(value, cell.round or 0), pl.String)[0]
    return Read(text, code, raw)


def present(column: pl.Series, reading: Reading) -> pl.Series:
    """A column without the blanks around its values; empty cells and spellings of nothing are null."""
    text = column.str.strip_chars()
    return text.set(text.is_in(["", *reading.missing]), None)


def _cleaned(text: pl.Series, cell: Cell) -> pl.Series:
    for how in cell.clean:
        if how == "upper":
            text = text.str.to_uppercase()
        elif how == "lower":
            text = text.str.to_lowercase()
        elif how == "spaces":
            text = text.str.replace_all(r"\s+", " ")
        elif how == "commas":
            text = text.str.replace_all("[,，]", "")
        elif how == "zeros":
            text = text.str.replace(r"^0+([^.])", "$1")
        elif how == "halfwidth":
            text = text.str.normalize("NFKC")
    if cell.find:
        text = text.str.extract(cell.find, 1 if re.compile(cell.find).groups else 0)
    return text


def _rounded(value: str, places: int) -> str:
    if not re.fullmatch(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", value):
        return value  # no number: the reader of numbers says so
    return format(Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), "f")


def passing(frame: pl.DataFrame, whens: Sequence[When], reading: Reading) -> pl.Series:
    """Which rows meet every `when`. A missing value is among nothing, and is none of any."""
    chosen = pl.Series([True], dtype=pl.Boolean).new_from_index(0, frame.height)
    for when in whens:
        text = present(frame[when.column], reading)
        if when.present is not None:
            chosen &= text.is_not_null() == when.present
        if when.among is not None:
            chosen &= text.is_in(when.among).fill_null(False)
        if when.other is not None:
            chosen &= ~text.is_in(when.other).fill_null(False)
    return chosen
