"""Do the names in a mapping exist: columns in the file, fact types, fields and subject types in the domain?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from wuding.domain.fact import CORE
from wuding.errors import Diagnostic, Rejected
from wuding.intake.mapping import Cell, FactMap, Loc, MappingFile, SubjectMap, cells
from wuding.program.builtin import FACTS
from wuding.program.model import Domain, Thing


def check_names(file: MappingFile, columns: Sequence[str], domain: Domain) -> None:
    """Raises `Rejected`: WD413 no such column, WD412 no such fact type, WD418 no such subject type, WD414 no
    such field, WD417 a required field that nothing fills, WD419 a value that an enum does not have."""
    found = [
        Diagnostic(
            "WD413",
            file.span((*loc, "column")),
            {"name": source.column, "allowed": near_first(source.column, columns)},
        )
        for loc, source in cells(file.mapping)
        if source.column is not None and source.column not in columns
    ]
    for i, fact in enumerate(file.mapping.facts):
        found += _of_thing(file, ("facts", i), fact, domain)
    for i, subject in enumerate(file.mapping.subjects):
        found += _of_thing(file, ("subjects", i), subject, domain)
    if found:
        raise Rejected(found)


def fact_name(name: str, domain: Domain) -> str:
    """The name of a fact type without its domain (`fire/hazard`, `hazard`; `core/waiver`, `waiver`)."""
    owner, _, own = name.rpartition("/")
    return own if owner in ("", owner_of(own, domain)) else name


def owner_of(fact: str, domain: Domain) -> str:
    """The domain that facts of a type are recorded in: the built-in ones belong to the core."""
    return CORE if fact in FACTS else domain.name


def importable(domain: Domain) -> Mapping[str, Thing]:
    """The fact types that rows can make: a correction holds a whole fact, which no row can say."""
    return {name: thing for name, thing in domain.facts.items() if name != "correction"}


def _of_thing(file: MappingFile, loc: Loc, part: FactMap | SubjectMap, domain: Domain) -> list[Diagnostic]:
    things: Mapping[str, Thing]
    if isinstance(part, FactMap):
        name, things, code, key = fact_name(part.fact, domain), importable(domain), "WD412", "fact"
    else:
        name, things, code, key = part.subject, domain.subjects, "WD418", "subject"
    if name not in things:
        return [Diagnostic(code, file.span((*loc, key)), {"name": name, "allowed": near_first(name, things)})]
    thing = things[name]
    found = [
        Diagnostic(
            "WD414",
            file.span((*loc, "fields", field)),
            {"name": field, "thing": name, "allowed": near_first(field, thing.fields)},
        )
        for field in part.fields
        if field not in thing.fields
    ]
    found += [
        Diagnostic("WD417", file.span((*loc, "fields")), {"field": field.name, "thing": name})
        for field in thing.fields.values()
        if field.required and field.name not in part.fields
    ]
    if (
        isinstance(part, FactMap)
        and owner_of(name, domain) != CORE
        and part.subject is None
        and (part.grid is None or thing.about == "subject")
    ):
        found.append(Diagnostic("WD417", file.span(loc), {"field": thing.about, "thing": name}))
    for field, cell in part.fields.items():
        if field in thing.fields:
            found += _values(file, (*loc, "fields", field), cell, thing, field)
    return found


def _values(file: MappingFile, loc: Loc, cell: Cell, thing: Thing, field: str) -> list[Diagnostic]:
    """A value that the mapping itself writes must be one of the enum's."""
    kind = thing.fields[field]
    if kind.type != "enum":
        return []
    labels = {label for both in kind.value_labels.values() for label in (both.zh, both.en)}
    written = [cell.prefix + one for one in (*(cell.map or {}).values(), cell.value) if one is not None]
    written += [cell.default] if cell.default is not None else []
    return [
        Diagnostic("WD419", file.span(loc), {"name": value, "field": field, "allowed": near_first(value, kind.values)})
        for value in dict.fromkeys(written)
        if value not in kind.values and value not in labels
    ]


def near_first(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The names there are, those that look like `name` (whatever their case) before the others."""
    names = list(known)
    lower = {one.lower(): one for one in names}
    near = [lower[one] for one in difflib.get_close_matches(name.lower(), list(lower), n=3, cutoff=0.6)]
    return (*near, *(one for one in names if one not in near))
