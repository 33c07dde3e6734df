"""Subjects that several domains know: one subject, with the fields of all of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from wuding.domain.subject import Subject
from wuding.program.model import Domain


def kept(subjects: Iterable[Subject], known: pl.DataFrame) -> list[Subject]:
    """The subjects, each with the fields that its version before had and that it does not give itself. `known`: the
    registry's frame, whose `fields` are JSON text. A field given as `None` is left out."""
    new = list(subjects)
    past: dict[str, list[Subject]] = {}
    rows = known.filter(pl.col("id").is_in([one.id for one in new])).sort("seq")
    for row in rows.drop("seq").iter_rows(named=True):
        old = Subject(**row | {"fields": json.loads(row["fields"] or "{}")})
        past.setdefault(old.id, []).append(old)
    found = []
    for one in new:
        before = [old for old in past.get(one.id, []) if old.type == one.type and _covers(old, one.start)]
        fields = {**(before[-1].fields if before else {}), **one.fields}
        whole = replace(one, fields={name: value for name, value in fields.items() if value is not None})
        past.setdefault(one.id, []).append(whole)
        found.append(whole)
    return found


def _covers(old: Subject, day: int | None) -> bool:
    """Did the version hold on that day? None: before all time."""
    begun = old.start is None or (day is not None and old.start <= day)
    return begun and (old.end is None or day is None or day < old.end)


def apart(subject: Subject, domains: Iterable[Domain]) -> tuple[Subject, dict[str, object]]:
    """The subject without the fields that any domain calls private, and these."""
    types = [domain.subjects[subject.type] for domain in domains if subject.type in domain.subjects]
    names = {field.name for thing in types for field in thing.fields.values() if field.private}
    private = {name: value for name, value in subject.fields.items() if name in names}
    return replace(subject, fields={n: v for n, v in subject.fields.items() if n not in private}), private
