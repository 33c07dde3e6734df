"""Mapping files: how the columns of a file become facts, subjects and grids.

One row may make several facts, and the first row that names a subject or a grid may make that too. Every
name is checked against the file's columns and the domain before a single row is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from wuding.book.source import decode, read
from wuding.domain.instants import known_format, zone_info
from wuding.errors import Diagnostic, Rejected, Span, WudingError
from wuding.lang.tree import Node

Clean = Literal["upper", "lower", "spaces", "commas", "zeros", "halfwidth"]
Loc = tuple[str | int, ...]


def _many(value: Any) -> Any:
    return value if value is None or isinstance(value, list | tuple) else [value]


def _named(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Cell(Model):
    """Where a value comes from: a column, or one value for all rows; then, in this order, what is done to it.

    `clean` drops or changes characters, `find` keeps what a regular expression's first group (or all of it)
    finds, `map` translates whole values, `prefix` is put before them, `default` stands for what is missing
    or not in `map`, `round` cuts a number to so many places, half away from zero. `times` are formats.
    """

    column: str | None = None
    value: str | None = None
    clean: Annotated[tuple[Clean, ...], BeforeValidator(_many)] = ()
    find: str | None = None
    map: dict[str, str] | None = None
    default: str | None = None
    prefix: str = ""
    round: Annotated[int, Field(ge=0, le=6)] | None = None
    times: Annotated[tuple[str, ...], BeforeValidator(_many)] = ()

    @model_validator(mode="after")
    def _one_source(self) -> Cell:
        if (self.column is None) == (self.value is None):
            raise ValueError("give one of `column` and `value`")
        try:
            re.compile(self.find or "")
        except re.error as error:
            raise ValueError(f"`find` is no regular expression: {error}") from None
        return self


From = Annotated[Cell, BeforeValidator(_named)]


class When(Model):
    """Which rows: the column is present (or not), is one of these values, is none of those."""

    column: str
    present: bool | None = None
    among: Annotated[tuple[str, ...], BeforeValidator(_many)] | None = Field(None, alias="is")
    other: Annotated[tuple[str, ...], BeforeValidator(_many)] | None = Field(None, alias="not")


Whens = Annotated[tuple[When, ...], BeforeValidator(_many)]


class FactMap(Model):
    """One fact out of each row that `when` lets pass."""

    fact: str
    at: From
    grid: From | None = None
    subject: From | None = None
    actor: From | None = None
    fields: dict[str, From] = {}
    when: Whens = ()


class SubjectMap(Model):
    """One subject of this type out of the first row that names its id."""

    subject: str
    id: From
    grid: From
    name: From | None = None
    start: From | None = Field(None, alias="from")
    fields: dict[str, From] = {}
    when: Whens = ()


class GridMap(Model):
    """One grid of this level out of the first row that names its code."""

    grid: str
    code: From
    parent: From | None = None
    name: From | None = None
    kinds: From | None = None
    start: From | None = Field(None, alias="from")
    when: Whens = ()


class Mapping(Model):
    """A whole mapping. `zone` and `times` say how wall-clock times are read; `missing` lists further spellings
    of nothing (`NA`, `-`) beside the empty cell."""

    zone: str | None = None
    times: Annotated[tuple[str, ...], BeforeValidator(_many)] = ()
    ambiguous: Literal["refuse", "earlier", "later"] = "refuse"
    missing: Annotated[tuple[str, ...], BeforeValidator(_many)] = ()
    encoding: str | None = None
    delimiter: str | None = None
    grids: tuple[GridMap, ...] = ()
    subjects: tuple[SubjectMap, ...] = ()
    facts: tuple[FactMap, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        """A mapping that makes one fact may say so without the list."""
        if not isinstance(value, dict) or "fact" not in value:
            return value
        own = {k: v for k, v in value.items() if k in FactMap.model_fields}
        return {**{k: v for k, v in value.items() if k not in own}, "facts": [own]}

    @model_validator(mode="after")
    def _some(self) -> Mapping:
        if not (self.facts or self.subjects or self.grids):
            raise ValueError("give `fact`, or one of `facts`, `subjects`, `grids`")
        return self


@dataclass(frozen=True)
class MappingFile:
    """A mapping and where its words stand, for diagnostics."""

    mapping: Mapping
    path: str = "mapping"
    root: Node | None = None

    def span(self, loc: Loc) -> Span:
        """The place of a key path, or of the nearest part of it that was written."""
        if self.root is None:
            return Span(self.path)
        flat = self.root.get("fact") is not None and loc[:2] == ("facts", 0)
        return _place(self.root, loc[2:] if flat else loc)


def read_mapping(path: Path) -> MappingFile:
    """Read a mapping file. Raises WD420, and `Rejected` with every mistake of form at its place."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WudingError("WD420", path=path, reason=str(error.strerror or error).lower()) from None
    return parse_mapping(decode(data, str(path)), str(path))


def parse_mapping(text: str, path: str = "mapping") -> MappingFile:
    """Read the text of a mapping. Raises `Rejected` with WD411, WD416 and what the YAML reader finds."""
    root = read(text, path)
    try:
        found = MappingFile(Mapping.model_validate(_plain(root)), path, root)
    except ValidationError as error:
        raise Rejected(_mistakes(error, root)) from None
    _check_reading(found)
    return found


def default_mapping(thing: str, columns: Sequence[str], path: str = "mapping") -> MappingFile:
    """The mapping for a file whose columns are named like the fields, plus at, grid, subject, actor.

    What an earlier import added to the rows that it gave back is passed over."""
    own = {name: Cell(column=name) for name in columns if not name.startswith(REJECTED)}
    places = {key: own.pop(key) for key in PLACES if key in own}
    fact = FactMap(
        fact=thing,
        at=places.get("at", Cell(column="at")),
        grid=places.get("grid"),
        subject=places.get("subject"),
        actor=places.get("actor"),
        fields=own,
    )
    return MappingFile(Mapping(facts=(fact,)), path)


PLACES = ("at", "grid", "subject", "actor")
REJECTED = "rejected_"  # columns that an earlier import added to the rows it gave back


def cells(mapping: Mapping) -> Iterator[tuple[Loc, Cell | When]]:
    """Everything in a mapping that names a column, with its key path."""
    for group in ("grids", "subjects", "facts"):
        for i, part in enumerate(getattr(mapping, group)):
            for name, info in type(part).model_fields.items():
                value, at = getattr(part, name), (group, i, info.alias or name)
                if isinstance(value, Cell):
                    yield at, value
                elif isinstance(value, dict):
                    yield from (((*at, key), cell) for key, cell in value.items())
                elif name == "when":
                    yield from (((*at, j), when) for j, when in enumerate(value))


def _plain(node: Node) -> Any:
    """Every scalar as its text: `01` and `1.0` stay what they are. An empty value is None."""
    if node.kind == "map":
        return {key.text: _plain(value) for key, value in node.entries}
    if node.kind == "list":
        return [_plain(item) for item in node.items]
    return None if node.kind == "null" else node.text


def _mistakes(error: ValidationError, root: Node) -> list[Diagnostic]:
    found: dict[Span, Diagnostic] = {}
    flat = root.get("fact") is not None
    for item in error.errors():
        loc = tuple(part for part in item["loc"] if part not in ("function-before", "dict"))
        loc = loc[2:] if flat and loc[:2] == ("facts", 0) else loc
        span = _place(root, loc)
        key = ".".join(map(str, loc)) or "mapping"
        if item["type"] == "extra_forbidden":
            found.setdefault(span, Diagnostic("WD411", span, {"word": key, "problem": "this key is not known"}))
        else:
            problem = item["msg"].removeprefix("Value error, ")
            found.setdefault(
                span, Diagnostic("WD411", span, {"word": key, "problem": problem[:1].lower() + problem[1:]})
            )
    return list(found.values())


def _place(node: Node, loc: Loc) -> Span:
    for part in loc:
        if node.kind == "map" and str(part) in node.fields:
            node = node.fields[str(part)]
        elif node.kind == "list" and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        else:
            break
    return node.span


def _check_reading(found: MappingFile) -> None:
    mapping = found.mapping
    wrong: list[Diagnostic] = []
    if mapping.zone is not None:
        try:
            zone_info(mapping.zone)
        except WudingError as error:
            wrong.append(Diagnostic(error.code, found.span(("zone",)), error.args_))
    formats: list[tuple[Loc, str]] = [(("times",), form) for form in mapping.times]
    formats += [
        ((*loc, "times"), form) for loc, cell in cells(mapping) if isinstance(cell, Cell) for form in cell.times
    ]
    wrong += [Diagnostic("WD416", found.span(loc), {"format": form}) for loc, form in formats if not known_format(form)]
    if wrong:
        raise Rejected(wrong)
