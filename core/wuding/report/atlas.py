"""The atlas: a sheet for each kind of grid, with what stands there and who serves which area. It knows no domain:
kinds, types of subjects and roles are those that `domain.yaml` declares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from wuding.report.found import Reading
from wuding.report.ground import Ground, flat
from wuding.report.page import Atlas, Held, Sheet, Stock
from wuding.report.tree import kind_name, level_name

PLACES = 40  # rows of a sheet
STAFF = 120  # persons of a sheet
AREAS = 4  # areas that are named of one person


def atlases(ground: Ground, books: Sequence[Reading]) -> tuple[Atlas, ...]:
    """An atlas for each domain that has subjects or posts on the ground."""
    found = []
    for name in dict.fromkeys(book.program.domain.name for book in books):
        mine = [book for book in books if book.program.domain.name == name]
        sheets = tuple(_sheets(ground, mine[0]))
        if any(sheet.stock or sheet.staff for sheet in sheets):
            found.append(Atlas(mine[0].words.label(mine[0].program.domain.label), sheets))
    return tuple(found)


def _sheets(ground: Ground, book: Reading) -> Iterator[Sheet]:
    kinds = _kinds(ground)
    order = list(book.program.domain.kinds)
    named = dict.fromkeys(kind for own in kinds.values() for kind in own)
    wanted = sorted(named, key=lambda kind: (order.index(kind) if kind in order else len(order), kind))
    classes = [kind for kind in wanted if not _within(kind, kinds)]
    stock = list(_stock(ground, book))
    posts = _posts(book)
    for kind in [*classes, ""]:
        codes = {code for code, own in kinds.items() if (kind in own if kind else not set(own) & set(classes))}
        levels = Counter(ground.grids[code].level for code in flat(ground.roots, ground.children) if code in codes)
        here = [(code, one) for code, one in stock if code in codes]
        staff, more = _staff(ground, book, posts, codes)
        if not here and not staff:
            continue
        types = [book.words.thing(name) for name in book.program.domain.subjects]
        there = {one.type for _, one in here}
        places = Counter({one.place: 0 for _, one in here})
        places.update({one.place: 0 for _, one in here})
        for _, one in here:
            places[one.place] += one.count
        shown = sorted(places)[:PLACES] if len(places) <= PLACES else [p for p, _ in places.most_common(PLACES)]
        sorts: Counter[tuple[str, str]] = Counter()
        for _, one in here:
            if one.kind:
                sorts[one.type, one.kind] += one.count
        yield Sheet(
            kind=kind_name([book], kind) if kind else "",
            grids=tuple((level_name([book], level), n) for level, n in levels.items()),
            stock=tuple(one for _, one in here if one.place in shown),
            places=tuple(shown),
            types=tuple(name for name in types if name in there),
            kinds_of=tuple((type_, sort, n) for (type_, sort), n in sorted(sorts.items())),
            staff=tuple(staff),
            more=more,
        )


def _kinds(ground: Ground) -> dict[str, tuple[str, ...]]:
    """The kinds of every grid: its own, else those of the nearest grid above that has any."""
    return {
        code: next((ground.all[each].kinds for each in ground.up(code) if ground.all[each].kinds), ())
        for code in ground.grids
    }


def _within(kind: str, kinds: dict[str, tuple[str, ...]]) -> bool:
    """Does a kind only ever divide another one further, as `park` divides `urban`?"""
    having = [own for own in kinds.values() if kind in own]
    shared = set.intersection(*(set(own) for own in having)) - {kind}
    return any(sum(1 for own in kinds.values() if other in own) > len(having) for other in shared)


def _stock(ground: Ground, book: Reading) -> Iterator[tuple[str, Stock]]:
    """The subjects by grid, type, and the values of the type's first list of kinds; the place is the grid's row."""
    rows = dict(ground.rows(book.root).iter_rows())
    for type_, frame in book.snap.subjects.items():
        thing = book.program.domain.subjects[type_]
        sort = next((f for f in thing.fields.values() if f.type == "enum" and not f.private), None)
        kind = pl.lit(None, pl.String) if sort is None else pl.col(f"f.{sort.name}")
        grouped = book.standing(frame).group_by("grid", kind=kind).len().sort("grid", "kind", nulls_last=True)
        for grid, value, count in grouped.iter_rows():
            if grid in rows and grid in ground.grids:
                labels = sort.value_labels if sort else {}
                said = "" if value is None else book.words.label(labels[value]) if value in labels else value
                yield grid, Stock(ground.row_name(rows[grid]), book.words.thing(type_), said, count)


def _posts(book: Reading) -> pl.DataFrame:
    own = book.standing(book.snap.posts).filter(pl.col("role").is_in(list(book.program.domain.roles)))
    return own.sort("person", "role", "grid", nulls_last=True)


def _staff(ground: Ground, book: Reading, posts: pl.DataFrame, codes: set[str]) -> tuple[list[Held], int]:
    """Each person with their roles and areas, those with the widest area first; how many are left out."""
    roles: dict[str, dict[str, None]] = {}
    areas: dict[str, dict[str, None]] = {}
    high: dict[str, int] = {}
    for row in posts.iter_rows(named=True):
        if row["grid"] not in codes:
            continue
        person = row["person"]
        roles.setdefault(person, {})[book.words.role(row["role"])] = None
        named = book.subject_names.get(row["subject"] or "", row["subject"])
        areas.setdefault(person, {})[named or ground.path(row["grid"]) or ground.name(row["grid"])] = None
        high[person] = min(high.get(person, 99), len(list(ground.up(row["grid"]))) + (row["subject"] is not None))
    order = sorted(roles, key=lambda person: (high[person], person))
    shown = [
        Held(p, tuple(roles[p]), tuple(list(areas[p])[:AREAS]), max(0, len(areas[p]) - AREAS)) for p in order[:STAFF]
    ]
    return shown, len(order) - len(shown)
