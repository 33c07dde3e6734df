"""Hypothesis strategies for small random worlds: few grids, subjects, posts and facts, few distinct values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from tests.parity import kit
from tests.parity.kit import day

from wuding.domain.fact import CORE, Fact
from wuding.domain.grid import Grid
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.domain.world import World

DAYS = (
    "2024-01-10", "2024-01-01", "2024-01-31", "2024-02-01", "2024-02-12", "2024-02-18", "2024-02-29", "2024-03-01",
    "2024-03-03", "2024-03-04", "2024-03-31", "2024-04-01", "2023-12-31",
)  # fmt: skip
HOURS = ("T10:00", "T00:00", "T23:59:59.999999")
PEOPLE = ("li", "li", "wu", "xu")
BLOCKS = ("B1", "B2", "B3")
PLACES = ("B1", "B1", "B1", "B2", "B3", "A1", "A2", "Z1")

dates = st.sampled_from(DAYS)
instants = st.builds(lambda d, h: kit.at(d + h), dates, st.sampled_from(HOURS))


def some(values: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value, or (seldom) none."""
    return st.integers(0, 5).flatmap(lambda n: st.none() if n == 5 else strategy)


def rarely(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 5).flatmap(lambda n: strategy if n == 5 else st.none())


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "kind": some(("a", "a", "b", "c")), "severity": some(("a", "a", "b")), "grade": some(kit.KINDS),
    "risk": some(kit.RISKS), "filed": st.booleans(), "people": st.integers(0, 3), "size": st.integers(1, 3),
    "cost": some(("1.5", "-2", "0")), "ref": some(("R1", "R2")), "due": dates, "issued": dates, "expires": dates,
}  # fmt: skip
TYPES = ("visit", "report", "fix", "note", "licence")


@st.composite
def fields_of(draw: Any, names: tuple[str, ...]) -> dict[str, object]:
    """Values for the fields; all but keys may be missing."""
    found = {}
    for name in names:
        value = draw(FIELDS[name] if name == "ref" else maybe(FIELDS[name]))
        if value is not None:
            found[name] = value
    return found


# ── registry ─────────────────────────────────────────────────────────────────────────────────────
@st.composite
def grids(draw: Any) -> tuple[Grid, ...]:
    """The tree; seldom a block that is made or closed, or moves to the other area, on one of the days."""
    change = draw(rarely(some(("made", "closed", "moved"))))
    if change is None:
        return kit.GRIDS
    when = day(draw(dates))
    rest = tuple(grid for grid in kit.GRIDS if grid.code != "B2")
    (b2,) = (grid for grid in kit.GRIDS if grid.code == "B2")
    if change == "made":
        return (*rest, replace(b2, start=when))
    if change == "closed":
        return (*rest, replace(b2, end=when))
    return (*rest, replace(b2, end=when), replace(b2, start=when, parent="A2"))


@st.composite
def subjects(draw: Any) -> tuple[Subject, ...]:
    found: list[Subject] = []
    for id in ("S1", "S2")[: draw(some((1, 2, 2, 0)))]:
        type = draw(some(("shop", "shop", "site")))
        first = Subject(id, type, draw(some(BLOCKS)), id, draw(fields_of(("size", "risk"))))
        change = draw(rarely(some(("opened", "shut", "changed"))))
        when = day(draw(dates)) if change else None
        if change == "opened":
            found.append(replace(first, start=when))
        elif change == "shut":
            found.append(replace(first, end=when))
        elif change == "changed":
            later = replace(first, start=when, grid=draw(some(BLOCKS)), fields=draw(fields_of(("size", "risk"))))
            found += [replace(first, end=when), later]
        else:
            found.append(first)
    return tuple(found)


@st.composite
def posts(draw: Any, subjects: tuple[Subject, ...]) -> tuple[Post, ...]:
    found = []
    for n in range(draw(some((2, 4, 6, 1, 0)))):
        start, end = sorted((day(draw(dates)), day(draw(dates))))
        post = Post(
            f"P{n}", draw(some(PEOPLE)), draw(some(("keeper", "chief"))), draw(some(PLACES)),
            capacity=draw(some(("principal", "principal", "A", "B"))),
            start=draw(rarely(st.just(start))), end=draw(rarely(st.just(end))) if start < end else None,
        )  # fmt: skip
        at_subject = draw(rarely(st.sampled_from(subjects))) if subjects else None
        if at_subject is not None:
            post = replace(post, subject=at_subject.id, grid=at_subject.grid)
        found.append(post)
    return tuple(found)


# ── facts ────────────────────────────────────────────────────────────────────────────────────────
def grid_of(subjects: tuple[Subject, ...], id: str, when: int) -> str:
    """The grid of the subject on the day; of its first version where it does not exist."""
    versions = [s for s in subjects if s.id == id]
    day = kit.days.day_of(when, kit.ZONE)
    now = [s for s in versions if (s.start is None or s.start <= day) and (s.end is None or day < s.end)]
    return (now or versions)[0].grid


@st.composite
def deeds(draw: Any, subjects: tuple[Subject, ...], types: tuple[str, ...]) -> Fact:
    """A fact of the domain, without a sequence number."""
    type = draw(some(types if subjects else tuple(t for t in types if t != "licence") or TYPES[:-1]))
    when = draw(instants)
    ids = tuple(sorted({s.id for s in subjects}))
    about = draw(some(ids) if type == "licence" else st.none() | some(ids)) if ids else None
    grid = grid_of(subjects, about, when) if about else draw(some(PLACES))
    actor = draw(maybe(some((*PEOPLE, about or grid))))
    recorded = when + draw(some((0, 3 * 86_400_000_000)))
    names = tuple(kit.DOMAIN.facts[type].fields)
    return Fact(0, kit.DOMAIN.name, type, grid, about, actor, when, recorded, draw(fields_of(names)))


@st.composite
def rulings(draw: Any, rules: tuple[str, ...]) -> Fact:
    """An absence, a waiver or an appeal, that happened on one of the days."""
    when = draw(instants)
    start, end = sorted((draw(dates), draw(dates)))
    days: dict[str, object] = {"from": start} | draw(st.sampled_from([{}, {"to": end}]))
    type = draw(some(("absence", "waiver", "appeal") if rules else ("absence",)))
    if type == "absence":
        told: dict[str, object] = {"person": draw(some(PEOPLE)), **days}
    elif type == "waiver":
        holder = draw(some((*BLOCKS, "A1", "S1")))
        told = {"rule": draw(some(rules)), "holder": holder, "approver": "an", "reason": "", **days}
        told |= draw(st.sampled_from([{}, {"retroactive": True}]))
    else:
        about = draw(some(("B1/2024-01", "B1/2024-01-01", "B1/2024-02-01", "B1/R1", "A1/2024", "S1/2024-01")))
        told = {"finding": f"toy/test#{draw(some(rules))}@{about}", "upheld": draw(st.booleans())}
    return Fact(0, CORE, type, None, None, None, when, when, told)


@st.composite
def corrections(draw: Any, subjects: tuple[Subject, ...], facts: list[Fact]) -> Fact:
    seq = draw(st.integers(1, len(facts)))
    old = facts[seq - 1]
    when = kit.days.label(kit.days.day_of(old.at, kit.ZONE))
    new = draw(deeds(subjects, (old.type,))) if old.domain != CORE else None
    return kit.correction(seq, when, draw(st.one_of(st.none(), st.just(new))))


@st.composite
def worlds(draw: Any, rules: tuple[str, ...], types: tuple[str, ...]) -> World:
    """A world of which a program with rules of these names, that look for facts of these types, can be asked."""
    subject = draw(subjects())
    size = draw(some((4, 12, 1, 30)))
    facts = draw(st.lists(deeds(subject, types or TYPES), min_size=size // 2, max_size=size))
    facts += draw(st.lists(rulings(rules), max_size=2))
    if facts:
        facts += draw(st.lists(corrections(subject, facts), max_size=draw(some((0, 0, 2)))))
    numbered = tuple(replace(fact, seq=n) for n, fact in enumerate(facts, 1))
    late = ("2024-04-05", "2024-03-31", "2024-03-05", "2024-03-01")
    as_of = draw(st.builds(lambda d, h: kit.at(d + h), some((*late * 5, *DAYS)), some(HOURS)))
    edition = draw(rarely(st.sampled_from([(day("2024-02-01"), None), (None, day("2024-03-04"))])))
    return World(
        draw(grids()), subject, draw(posts(subject)), numbered, as_of,
        window_from=draw(st.sampled_from([None, None, None, day("2024-01-01"), day("2024-02-14")])),
        in_force=edition or (None, None),
    )  # fmt: skip
