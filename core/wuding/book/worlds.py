# ruff: noqa: RUF009 - the calls are dataclass fields
"""The world and the facts of a policy test: grids, subjects, posts, and what happened, read and checked.

A map with `n: 1..3` stands for three of it; `{n}` in its texts is the number, `{n:02}` with two digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from wuding.book.context import known
from wuding.book.models import Names
from wuding.book.shapes import (
    DAY,
    RULES,
    SCALAR,
    TEXT,
    WORD,
    WORDS,
    Name,
    Shape,
    choice,
    expect,
    keys_of,
    load,
    may,
    need,
    read_text,
)
from wuding.domain.fact import CORE, Fact
from wuding.domain.grid import Grid
from wuding.domain.post import CAPACITIES, Post
from wuding.domain.subject import Subject
from wuding.errors import Diagnostic, Rejected
from wuding.lang import parse
from wuding.lang.nodes import Lit
from wuding.lang.texts import read_time
from wuding.lang.tree import Node, Places, Problems, wrong
from wuding.lang.types import literal
from wuding.program import builtin
from wuding.program.model import FieldType, Program

T = TypeVar("T")
MAX_COPIES = 10_000
NUMBER = re.compile(r"\{n(?::0(\d))?\}")


@dataclass(kw_only=True, eq=False, repr=False)
class WorldShape(Shape):
    grids: tuple[Node, ...] = may(RULES, default=())
    subjects: tuple[Node, ...] = may(RULES, default=())
    posts: tuple[Node, ...] = may(RULES, default=())


@dataclass(kw_only=True, eq=False, repr=False)
class GridShape(Shape):
    code: Name = need(TEXT)
    name: Name | None = may(TEXT)
    level: Name = need(WORD)
    parent: Name | None = may(TEXT)
    kinds: Names = may(WORDS, default=())
    boundary: Node | None = may(SCALAR)
    start: int | None = may(DAY, "from")
    to: int | None = may(DAY)


@dataclass(kw_only=True, eq=False, repr=False)
class SubjectShape(Shape):
    id: Name = need(TEXT)
    type: Name = need(WORD)
    grid: Name = need(TEXT)
    name: Name | None = may(TEXT)
    start: int | None = may(DAY, "from")
    to: int | None = may(DAY)


@dataclass(kw_only=True, eq=False, repr=False)
class PostShape(Shape):
    person: Name = need(TEXT)
    role: Name = need(WORD)
    at: Name | None = may(TEXT)
    subject: Name | None = may(TEXT)
    capacity: Name | None = may(choice(*CAPACITIES))
    start: int | None = may(DAY, "from")
    to: int | None = may(DAY)

    def check(self) -> Problems:
        if self.at is None and self.subject is None:
            return [Diagnostic("WD111", self.node.span, {"key": "at"})]
        return []


@dataclass(frozen=True)
class World:
    """What exists in a test. `to:` days are inclusive in the file, ends exclusive here. Boundaries are WKB by code."""

    grids: tuple[Grid, ...] = ()
    subjects: tuple[Subject, ...] = ()
    posts: tuple[Post, ...] = ()
    boundaries: Mapping[str, bytes] = field(default_factory=dict)


def copies(node: Node) -> list[Node]:
    """The maps that a map with `n: 1..3` stands for; the map itself without such an `n`. Raises WD710."""
    count = node.get("n") if node.kind == "map" else None
    if count is None or not any(NUMBER.search(part.text) for part in node.walk() if part.scalar):
        return [node]
    match = re.match(r"(\d{1,6})\.\.(\d{1,6})\Z", count.text)
    if not match or not 0 <= int(match[2]) - int(match[1]) < MAX_COPIES:
        raise wrong("WD710", count.span, limit=MAX_COPIES)
    bare = node.with_entries(tuple(entry for entry in node.entries if entry[0].text != "n"))
    return [_numbered(bare, str(n)) for n in range(int(match[1]), int(match[2]) + 1)]


def _numbered(node: Node, n: str) -> Node:
    if node.kind == "map":
        return node.with_entries(tuple((key, _numbered(value, n)) for key, value in node.entries))
    if node.kind == "list":
        return replace(node, items=tuple(_numbered(item, n) for item in node.items))
    if node.kind != "text" or not NUMBER.search(node.text):
        return node
    text = NUMBER.sub(lambda found: n.zfill(int(found[1] or 0)), node.text)
    return replace(node, text=text, value=text, plain=False)


def _several(nodes: Sequence[Node], read: Callable[[Node], T], problems: Problems) -> list[T]:
    """What the nodes, and the copies they stand for, are read as; what is wrong goes to `problems`."""
    found: list[T] = []
    for node in nodes:
        try:
            found += parse.collect([partial(read, copy) for copy in copies(node)])
        except Rejected as error:
            problems.extend(error.diagnostics)
    return found


# ── who and what there is ────────────────────────────────────────────────────────────────────────
def world(shape: WorldShape | None, above: World, program: Program, problems: Problems) -> World:
    """The world of a case: what all cases share, and its own."""
    if shape is None:
        return above
    codes = {node.fields["code"].text for part in shape.grids for node in _copies(part) if node.get("code")}
    codes |= {grid.code for grid in above.grids}
    grids = _several(shape.grids, lambda node: _grid(node, codes, program), problems)
    drawn = {grid.code: boundary for grid, boundary in grids if boundary is not None}
    subjects = (*above.subjects, *_several(shape.subjects, lambda node: _subject(node, codes, program), problems))
    homes = {subject.id: subject.grid for subject in subjects}
    posts = [*above.posts, *_several(shape.posts, lambda node: _post(node, codes, homes, program), problems)]
    named = tuple(replace(post, id=f"post-{at}") for at, post in enumerate(posts, 1))
    return World((*above.grids, *(grid for grid, _ in grids)), subjects, named, {**above.boundaries, **drawn})


def _copies(node: Node) -> list[Node]:
    try:
        return [copy for copy in copies(node) if copy.kind == "map"]
    except Rejected:
        return []


def _grid(node: Node, codes: Iterable[str], program: Program) -> tuple[Grid, bytes | None]:
    read = load(GridShape, node)
    parent = known(read.parent, codes, "WD711") if read.parent is not None else None
    kinds = tuple(str(kind) for kind in read.kinds)
    level, end = _level(read.level, program), _end(read.to)
    grid = Grid(str(read.code), str(read.name or read.code), parent, level, kinds, read.start, end)
    return grid, None if read.boundary is None else _boundary(read.boundary)


def _boundary(node: Node) -> bytes:
    """Well-known text as WKB. Raises WD715."""
    import shapely

    try:
        shape = shapely.from_wkt(node.text)
    except shapely.errors.ShapelyError:
        shape = None
    if shape is None or shapely.get_dimensions(shape) != 2:
        raise wrong("WD715", node.span, text=node.text)
    return bytes(shape.wkb)


def _level(name: Name, program: Program) -> str:
    """The tree's name: a test may also use the domain's, where the book gives it one name."""
    trees = {tree for names in program.levels.values() for tree in names}
    own = program.levels.get(name, ())
    return own[0] if name not in trees and len(own) == 1 else str(name)


def _end(to: int | None) -> int | None:
    return None if to is None else to + 1


def _subject(node: Node, codes: Iterable[str], program: Program) -> Subject:
    known_keys = keys_of(SubjectShape)
    own = expect(node, "map").with_entries(tuple(entry for entry in node.entries if entry[0].text in known_keys))
    read = load(SubjectShape, own)
    thing = program.domain.subjects[known(read.type, program.domain.subjects, "WD206")]
    fields = _values(node, tuple(known_keys), thing.fields, program.zone, "subject", thing.name)
    return Subject(
        str(read.id),
        thing.name,
        known(read.grid, codes, "WD711"),
        str(read.name or ""),
        fields,
        read.start,
        _end(read.to),
    )


def _post(node: Node, codes: Iterable[str], homes: Mapping[str, str], program: Program) -> Post:
    read = load(PostShape, node)
    role = known(read.role, program.domain.roles, "WD203")
    subject = read.subject if read.subject is not None else read.at if read.at in homes else None
    if subject is not None:
        home, name = homes[known(subject, homes, "WD712")], str(subject)
    else:
        assert read.at is not None
        home, name = known(read.at, codes, "WD711"), None
    return Post("", str(read.person), role, home, name, str(read.capacity or "principal"), read.start, _end(read.to))


# ── what happened ────────────────────────────────────────────────────────────────────────────────
GIVEN = ("fact", "grid", "subject", "by", "at", "recorded", "fields")


def facts(nodes: Sequence[Node], within: World, program: Program, problems: Problems) -> tuple[Fact, ...]:
    """The facts of a case, numbered from 1 in the order of the file."""
    found = _several(nodes, lambda node: _fact(node, within, program), problems)
    return tuple(replace(fact, seq=seq) for seq, fact in enumerate(found, 1))


def _fact(node: Node, within: World, program: Program) -> Fact:
    for key in ("fact", "at"):
        if expect(node, "map").get(key) is None:
            raise wrong("WD111", node.span, key=key)
    given = {key: node.fields[key] for key in GIVEN if node.get(key) is not None}
    name = known(read_text(given["fact"]), program.domain.facts, "WD205")
    thing = program.domain.facts[name]
    subject = _text(given.get("subject"))
    homes = {one.id: one.grid for one in within.subjects}
    home = homes[known(subject, homes, "WD712")] if subject is not None else None
    code = _text(given.get("grid"))
    codes = {grid.code for grid in within.grids}
    grid = known(code, codes, "WD711") if code is not None else home
    if name not in builtin.FACTS and (grid is None or (thing.about == "subject" and subject is None)):
        raise wrong("WD111", node.span, key=thing.about)
    fields = _values(node, GIVEN, thing.fields, program.zone, "fact", name)
    if "fields" in given:
        fields |= _values(expect(given["fields"], "map"), (), thing.fields, program.zone, "fact", name)
    for one in thing.fields.values():
        if one.required and one.name not in fields:
            raise wrong("WD111", node.span, key=one.name)
    at = _time(given["at"], program)
    recorded = _time(given["recorded"], program) if "recorded" in given else at
    domain = CORE if name in builtin.FACTS else program.domain.name
    actor = _text(given.get("by"))
    return Fact(0, domain, name, grid, subject and str(subject), actor and str(actor), at, recorded, fields)


def _text(node: Node | None) -> Name | None:
    return None if node is None else read_text(node)


def _time(node: Node, program: Program) -> int:
    if node.kind != "text":
        raise wrong("WD219", node.span, text=node.text or node.kind, expected="time")
    return read_time(node.text, program.zone, node.span)


def _values(
    node: Node, skip: Sequence[str], fields: Mapping[str, FieldType], zone: str, kind: str, name: str
) -> dict[str, object]:
    """Field values as JSON holds them: exact numbers, dates, instants are text. Raises Rejected."""
    own = [(key, value) for key, value in node.entries if key.text not in skip]
    return dict(parse.collect([partial(_value, key, value, fields, zone, kind, name) for key, value in own]))


def _value(
    key: Node, node: Node, fields: Mapping[str, FieldType], zone: str, kind: str, name: str
) -> tuple[str, object]:
    field = fields[known(Name(key.text, key.span), fields, "WD204", kind=kind, of=name)]
    if not node.scalar or node.kind == "null":
        raise wrong("WD112", node.span, expected="value", found=node.kind)
    cond = parse.plain_value(node, Places(node.span))
    value = literal(cond, field.type, field, node.text, node.span, zone, field.name)
    return field.name, _held(value, node.text)


def _held(value: Lit, text: str) -> object:
    if isinstance(value.value, bool):
        return value.value
    if value.type == "time" and isinstance(value.value, int):
        from wuding.domain.instants import iso_z

        return iso_z(value.value)
    return int(text) if value.type == "number" and re.match(r"-?\d+\Z", text) else text
