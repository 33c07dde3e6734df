"""A small domain for tests of the oracle and of parity, and short ways to write worlds and rules by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from tests.parity.oracle import days

from wuding.domain.fact import CORE, Fact
from wuding.domain.grid import Grid
from wuding.domain.period import to_day
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.domain.world import World
from wuding.errors import Span
from wuding.lang.nodes import And, Cmp, Cond, Duration, Field, Lit, Term
from wuding.program.builtin import FACTS
from wuding.program.model import (
    Charter,
    Domain,
    FieldType,
    Head,
    Label,
    Parameter,
    Program,
    Role,
    Rule,
    Scoring,
    Season,
    Selector,
    Test,
    Thing,
    Veto,
)
from wuding.program.parts import holders_asked

ZONE = "Asia/Shanghai"
KINDS = ("a", "b", "c")
RISKS = ("high", "low")


def lab(name: str) -> Label:
    return Label(name, name)


def thing(name: str, types: Mapping[str, str], **more: Any) -> Thing:
    values = {"kind": KINDS, "severity": KINDS, "grade": KINDS, "risk": RISKS}
    declared = {f: FieldType(f, t, lab(f), values=values.get(f, ()) if t == "enum" else ()) for f, t in types.items()}
    return Thing(name, lab(name), declared, **more)


DOMAIN = Domain(
    name="toy",
    label=lab("toy"),
    levels={"zone": lab("zone"), "area": lab("area"), "block": lab("block")},
    roles={
        "chief": Role("chief", lab("chief"), duties=("lead",), sees="subtree"),
        "keeper": Role("keeper", lab("keeper"), duties=("watch",)),
    },
    duties={"lead": lab("lead"), "watch": lab("watch")},
    subjects={
        "shop": thing("shop", {"size": "int", "risk": "enum"}, about=""),
        "site": thing("site", {"size": "int", "risk": "enum"}, about=""),
    },
    facts={
        "visit": thing("visit", {"kind": "enum", "filed": "bool", "people": "int", "cost": "number"}),
        "report": thing("report", {"ref": "id", "severity": "enum", "people": "int", "due": "date"}, key=("ref",)),
        "fix": thing("fix", {"ref": "id", "filed": "bool", "kind": "enum"}, key=("ref",)),
        "note": thing("note", {"ref": "id", "kind": "enum"}, key=("ref",)),
        "licence": thing(
            "licence",
            {"issued": "date", "expires": "date", "grade": "enum"},
            about="subject",
            holds=("issued", "expires"),
        ),
        **FACTS,
    },
    effects={"bars": ("awards",), "lists": ("red", "black"), "gives": ("bonus",)},
)


# ── time ─────────────────────────────────────────────────────────────────────────────────────────
def day(text: str) -> int:
    return to_day(date.fromisoformat(text))


def at(text: str, zone: str = ZONE) -> int:
    """`2024-05-01` or `2024-05-01T10:00`, local."""
    return days.instant_of(datetime.fromisoformat(text).isoformat(), zone)


def utc(instant: int) -> str:
    return (days.START + days.MICRO * instant).isoformat().replace("+00:00", "Z")


# ── rules ────────────────────────────────────────────────────────────────────────────────────────
def num(value: int | str | Fraction) -> Lit:
    return Lit(Fraction(value), "number")


def is_(name: str, value: object, type: str = "enum") -> Cmp:
    return Cmp("=", Field(name, type), value if isinstance(value, Term) else Lit(value, type))  # type: ignore[arg-type]


def it_is(op: str, value: int | str) -> Test:
    return Test(Cmp(op, Field("it", "number"), num(value)), f"{op} {value}")


def between(low: int, high: int) -> Test:
    field = Field("it", "number")
    return Test(And((Cmp(">=", field, num(low)), Cmp("<=", field, num(high)))), f"{low}..{high}")


def sel(source: Any, *names: str, when: Cond | None = None, **more: Any) -> Selector:
    return Selector(source, names, when, **more)


def head(id: str, variant: str = "", **more: Any) -> Head:
    return Head(id, variant, lab(id), (), Span(""), **more)


def duration(n: int, unit: str) -> Duration:
    return Duration(n, unit)


def program(*rules: Rule, **more: Any) -> Program:
    given: dict[str, Any] = {
        "book": "toy/test", "title": lab("test"), "domain": DOMAIN, "grid": None,
        "levels": {level: (level,) for level in DOMAIN.levels}, "zone": ZONE,
        "calendar": {
            "spring": Season((3, 1), (5, 31)), "winter": Season((12, 1), (2, 29)), "holiday": Season(holidays="CN")
        },
        "parameters": {}, "rules": tuple(rules), "uses": uses_of(rules), "digest": "",
    }  # fmt: skip
    return Program(**{**given, **more})


def parameter(name: str, type: str, values: Mapping[str, object], by: tuple[str, ...] = ()) -> Parameter:
    return Parameter(name, type, tuple((day(since), value) for since, value in sorted(values.items())), by)


def read_by(node: object) -> set[str]:
    """The rule references of all finding selectors inside a rule."""
    found: set[str] = set()
    if isinstance(node, Selector) and node.source == "finding":
        found |= {name.split(".")[0] for name in node.names}
    if is_dataclass(node) and not isinstance(node, type):
        return found.union(*(read_by(getattr(node, f.name)) for f in fields(node)))
    if isinstance(node, tuple):
        return found.union(*(read_by(part) for part in node))
    return found


def uses_of(rules: Iterable[Rule]) -> dict[str, frozenset[str]]:
    every = list(rules)
    uses = {}
    for rule in every:
        names = read_by(rule)
        keys = {other.head.key for other in every if other.head.id in names}
        if isinstance(rule, Scoring):
            keys |= {other.head.key for other in every if isinstance(other, Veto) and rule.head.id in other.touches}
        if isinstance(rule, Charter):  # it asks whom others are about (C4)
            names = set().union(*(read_by(holders) for holders in holders_asked(every, rule)))
            keys |= {other.head.key for other in every if other.head.id in names}
        uses[rule.head.key] = frozenset(keys)
    return uses


# ── worlds ───────────────────────────────────────────────────────────────────────────────────────
GRIDS = (
    Grid("Z1", "Z1", None, "zone"),
    Grid("A1", "A1", "Z1", "area"),
    Grid("A2", "A2", "Z1", "area"),
    Grid("B1", "B1", "A1", "block", ("urban",)),
    Grid("B2", "B2", "A1", "block", ("rural",)),
    Grid("B3", "B3", "A2", "block", ("urban", "rural")),
)


def grid(code: str, parent: str | None = None, level: str = "block", start: str = "", end: str = "") -> Grid:
    return Grid(code, code, parent, level, (), day(start) if start else None, day(end) if end else None)


def shop(id: str, grid: str, start: str = "", end: str = "", type: str = "shop", **given: object) -> Subject:
    return Subject(id, type, grid, id, given, day(start) if start else None, day(end) if end else None)


def post(person: str, role: str, grid: str, start: str = "", end: str = "", **more: Any) -> Post:
    id = f"{person}-{role}-{grid}-{more.get('subject', '')}-{more.get('capacity', '')}-{start}"
    return Post(id, person, role, grid, start=day(start) if start else None, end=day(end) if end else None, **more)


def fact(
    type: str, when: str, grid: str | None = None, by: str | None = None, subject: str | None = None, **given: object
) -> Fact:
    """A fact without a sequence number: `world` gives it one."""
    domain = CORE if type in FACTS else DOMAIN.name
    return Fact(0, domain, type, grid, subject, by, at(when), at(when), given)


def world(*facts: Fact, as_of: str, **more: Any) -> World:
    numbered = tuple(
        Fact(n, f.domain, f.type, f.grid, f.subject, f.actor, f.at, f.recorded, f.fields)
        for n, f in enumerate(facts, 1)
    )
    given: dict[str, Any] = {"grids": GRIDS, "subjects": (), "posts": (), "facts": numbered, "as_of": at(as_of)}
    if isinstance(more.get("window_from"), str):
        more["window_from"] = day(more["window_from"])
    return World(**{**given, **more})


def correction(seq: int, when: str, new: Fact | None) -> Fact:
    """The fact that replaces fact `seq` by `new`, or voids it."""
    told: dict[str, object] = {"fact": seq, "void": new is None}
    if new is not None:
        places = {"grid": new.grid, "subject": new.subject, "actor": new.actor}
        told |= {name: value for name, value in places.items() if value is not None}
        told |= {"at": utc(new.at), "fields": json.dumps(dict(new.fields))}
    return Fact(0, CORE, "correction", None, None, None, at(when), at(when), told)


BLOCK = sel("grid", "block", when=is_("code", "B1"))
VISIT = sel("fact", "visit")
