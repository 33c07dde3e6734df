"""Hypothesis strategies for small random worlds: few grids, subjects, posts and facts, few distinct values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st
from tests.parity import kit
from tests.parity.kit import day

from wuding.domain.fact import CORE, Fact
from wuding.domain.finding import Finding
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


def one_in(n: int) -> st.SearchStrategy[bool]:
    return st.integers(1, n).map(lambda drawn: drawn == n)


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
    """Some posts, one by one; and often a team: a principal and deputies of one role at one place."""
    found = [draw(post(f"P{n}", subjects)) for n in range(draw(some((2, 4, 1, 0))))]
    if draw(st.booleans()):
        first = replace(draw(post("T0", subjects)), capacity="principal", person="li", start=None)
        found.append(first)
        for n, (capacity, person) in enumerate((("A", "wu"), ("B", "xu"), ("A", "xu"))[: draw(st.integers(1, 3))], 1):
            days = draw(post("", ()))
            found.append(replace(first, id=f"T{n}", person=person, capacity=capacity, start=days.start, end=days.end))
    if draw(one_in(6)):  # 15c: of another domain, or in this one alone
        other = draw(post("D0", subjects))
        found.append(replace(other, role=draw(some(("toy/keeper", "other/keeper", "cook")))))
    return tuple(found)


@st.composite
def post(draw: Any, id: str, subjects: tuple[Subject, ...]) -> Post:
    start, end = sorted((day(draw(dates)), day(draw(dates))))
    found = Post(
        id, draw(some(PEOPLE)), draw(some(("keeper", "keeper", "chief"))), draw(some(PLACES)),
        capacity=draw(some(("principal", "principal", "A", "B"))),
        start=draw(rarely(st.just(start))), end=draw(rarely(st.just(end))) if start < end else None,
    )  # fmt: skip
    at_subject = draw(rarely(st.sampled_from(subjects))) if subjects else None
    return found if at_subject is None else replace(found, subject=at_subject.id, grid=at_subject.grid)


# ── facts ────────────────────────────────────────────────────────────────────────────────────────
def grid_of(subjects: tuple[Subject, ...], id: str, when: int) -> str:
    """The grid of the subject on the day; of its first version where it does not exist."""
    versions = [s for s in subjects if s.id == id]
    day = kit.days.day_of(when, kit.ZONE)
    now = [s for s in versions if (s.start is None or s.start <= day) and (s.end is None or day < s.end)]
    return (now or versions)[0].grid


@dataclass(frozen=True)
class Stage:
    """Where and when most of what happens in a world does: few days and places, so that things meet."""

    days: tuple[str, ...] = DAYS
    places: tuple[str, ...] = PLACES


@st.composite
def stages(draw: Any) -> Stage:
    if draw(one_in(3)):
        return Stage()
    days = draw(st.sets(some(DAYS), min_size=2, max_size=4))
    return Stage(tuple(sorted(days)) * 4 + DAYS, draw(some((("B1",), ("B1", "B2"), ("B1", "A1")))) * 6 + PLACES)


@st.composite
def deeds(draw: Any, subjects: tuple[Subject, ...], types: tuple[str, ...], stage: Stage = Stage()) -> Fact:
    """A fact of the domain, without a sequence number."""
    type = draw(some(types if subjects else tuple(t for t in types if t != "licence") or TYPES[:-1]))
    when = kit.at(draw(some(stage.days)) + draw(some(HOURS)))
    ids = tuple(sorted({s.id for s in subjects}))
    about = draw(some(ids) if type == "licence" else st.none() | some(ids)) if ids else None
    grid = grid_of(subjects, about, when) if about else draw(some(stage.places))
    actor = draw(maybe(some((*PEOPLE, about or grid))))
    recorded = when + draw(some((0, 3 * 86_400_000_000)))
    names = tuple(kit.DOMAIN.facts[type].fields)
    return Fact(0, kit.DOMAIN.name, type, grid, about, actor, when, recorded, draw(fields_of(names)))


@st.composite
def absences(draw: Any) -> Fact:
    start, end = sorted((draw(dates), draw(dates)))
    days: dict[str, object] = {"from": start} | draw(st.sampled_from([{}, {"to": end}]))
    told = {"person": draw(some(("li", "li", "wu", "xu"))), **days}
    return core("absence", draw(instants), told)


def core(type: str, when: int, told: dict[str, object]) -> Fact:
    return Fact(0, CORE, type, None, None, None, when, when, told)


@st.composite
def rulings(draw: Any, found: Finding) -> Fact:
    """A waiver or an appeal of a finding, or of one like it."""
    when = draw(instants)
    if draw(st.booleans()):
        id = found.id if draw(one_in(4)) or not found.episode > 1 else found.id.split("~")[0]
        return core("appeal", when, {"finding": id, "upheld": not draw(one_in(4))})
    start, end = sorted((draw(dates), draw(dates)))
    variant, step = f"[{found.variant}]" if found.variant else "", f".{found.step}" if found.step else ""
    name = found.rule + draw(some(("", variant, step, variant + step, "[y]", ".s9")))
    told: dict[str, object] = {"rule": name.removeprefix(draw(some(("", "old-")))), "holder": found.holder}
    told |= {"from": start, "approver": "an", "reason": ""}
    told |= draw(st.sampled_from([{}, {}, {"to": end}])) | draw(st.sampled_from([{}, {"retroactive": True}]))
    return core("waiver", when, told)


@st.composite
def foreign(draw: Any, subjects: tuple[Subject, ...]) -> Fact:
    """A fact of another domain that has types of the same names (15c)."""
    return replace(draw(deeds(subjects, TYPES)), domain="other")


@st.composite
def corrections(draw: Any, subjects: tuple[Subject, ...], facts: list[Fact]) -> Fact:
    seq = draw(st.integers(1, len(facts)))
    old = facts[seq - 1]
    when = kit.days.label(kit.days.day_of(old.at, kit.ZONE))
    if old.domain == CORE:
        return kit.correction(seq, when, None)
    new = draw(deeds(subjects, (old.type,)))
    some_fields = draw(st.sampled_from([dict(old.fields), {}]))  # it often moves, and says the same
    new = replace(new, fields=some_fields or new.fields)
    return kit.correction(seq, when, draw(st.sampled_from([None, new, new])))


@st.composite
def worlds(draw: Any, types: tuple[str, ...]) -> World:
    """A world of which a program can be asked whose rules look for facts of these types."""
    subject = draw(subjects())
    size, stage = draw(some((12, 30, 4, 1))), draw(stages())
    facts = draw(st.lists(deeds(subject, types or TYPES, stage), min_size=size // 2, max_size=size))
    facts += draw(st.lists(absences(), max_size=2))
    facts += draw(st.lists(foreign(subject), max_size=draw(some((0, 0, 2)))))
    if facts:
        facts += draw(st.lists(corrections(subject, facts), max_size=draw(some((0, 0, 2)))))
    if any(f.type == "correction" for f in facts) and draw(one_in(3)):  # of a correction, or of what was corrected
        facts += draw(st.lists(corrections(subject, facts), min_size=1, max_size=2))
    numbered = tuple(replace(fact, seq=n) for n, fact in enumerate(facts, 1))
    late = ("2024-04-05", "2024-03-31", "2024-03-05", "2024-03-01")
    as_of = draw(st.builds(lambda d, h: kit.at(d + h), some((*late * 5, *DAYS)), some(HOURS)))
    edition = draw(rarely(st.sampled_from([(day("2024-02-01"), None), (None, day("2024-03-04"))])))
    return World(
        draw(grids()), subject, draw(posts(subject)), numbered, as_of,
        window_from=draw(st.sampled_from([None, None, None, day("2024-01-01"), day("2024-02-14")])),
        in_force=edition or (None, None),
    )  # fmt: skip
