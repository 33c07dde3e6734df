"""What is seen at the moment asked: corrected facts, versions of a day, the tree, fields as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from wuding.domain.fact import CORE, Fact
from wuding.domain.finding import Finding
from wuding.domain.grid import Grid
from wuding.domain.period import Period, to_day
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.domain.world import World
from wuding.program.model import FieldType, Head, Program

from tests.parity.oracle import days
from tests.parity.oracle.conditions import Day, Known, Moment, Num, literal, number


@dataclass(frozen=True)
class Item:
    """A grid, subject, post, fact or finding. `days` stands in for a gap's days (V1)."""

    kind: str
    record: Grid | Subject | Post | Fact | Finding
    days: int | None = None

    @property
    def id(self) -> str:
        if isinstance(self.record, Grid):
            return self.record.code
        if isinstance(self.record, Fact):
            return str(self.record.seq)
        return self.record.id

    @property
    def grid(self) -> str | None:
        return self.record.code if isinstance(self.record, Grid) else self.record.grid

    @property
    def subject(self) -> str | None:
        if isinstance(self.record, Subject):
            return self.record.id
        return None if isinstance(self.record, Grid) else self.record.subject

    @property
    def actor(self) -> str | None:
        if isinstance(self.record, Post):
            return self.record.person
        return self.record.actor if isinstance(self.record, Fact | Finding) else None

    @property
    def at(self) -> int | None:
        return self.record.at if isinstance(self.record, Fact | Finding) else None


@dataclass(frozen=True)
class View:
    """`facts` are the domain's, corrected and not later than `as_of` (2a, 4); `rulings` are core facts."""

    program: Program
    world: World
    facts: tuple[Fact, ...]
    rulings: tuple[Fact, ...]
    findings: tuple[Finding, ...] = ()  # of the rules before this one, after rulings

    @property
    def zone(self) -> str:
        return self.program.zone

    @property
    def as_of(self) -> int:
        return self.world.as_of

    @property
    def today(self) -> int:
        return days.last_asked_day(self.as_of, self.zone)

    @property
    def country(self) -> str:
        return days.country_of(self.program.calendar.values())

    def midnight(self, day: int) -> int:
        return days.midnight(day, self.zone)

    def day(self, instant: int) -> int:
        return days.day_of(instant, self.zone)

    def finding_day(self, finding: Finding) -> int:
        """17: a periodic finding falls where the last day of its period falls, a week where its Thursday does."""
        assert finding.at is not None
        if "-W" in finding.period and finding.start is not None:
            return self.day(finding.start) + 3
        return self.day(finding.at)


def corrected(world: World) -> tuple[Fact, ...]:
    """4: the last correction by sequence wins, replaces whole or voids; the fact keeps its sequence."""
    last: dict[int, Fact] = {}
    for fact in sorted(world.facts, key=lambda f: f.seq):
        if fact.domain == CORE and fact.type == "correction":
            last[int(str(fact.fields["fact"]))] = fact
    facts = []
    for fact in sorted(world.facts, key=lambda f: f.seq):
        correction = last.get(fact.seq)
        if correction is None:
            facts.append(fact)
        elif not correction.fields.get("void"):
            new = correction.fields["replacement"]
            assert isinstance(new, Mapping)
            facts.append(
                replace(
                    fact, type=new["type"], grid=new.get("grid"), subject=new.get("subject"), actor=new.get("actor"),
                    at=days.instant_of(new["at"], world.zone), fields=new["fields"],
                )
            )  # fmt: skip
    return tuple(facts)


def view_of(program: Program, world: World) -> View:
    seen = [fact for fact in corrected(world) if fact.at <= world.as_of]  # 2a
    return View(
        program, world,
        facts=tuple(fact for fact in seen if fact.domain == program.domain.name),
        rulings=tuple(fact for fact in seen if fact.domain == CORE),
    )  # fmt: skip


def window(view: View) -> int:
    """2b: the first day asked for."""
    if view.world.window_from is not None:
        return view.world.window_from
    first = min((fact.at for fact in view.facts), default=view.as_of - 1)
    year = days.to_date(view.day(first)).year
    return to_day(days.date(year, 1, 1))


def rule_days(view: View, head: Head) -> tuple[int | None, int | None]:
    """10: the days of the rule within those of the book's edition."""
    since, until = view.world.in_force
    if view.program.retroactive:
        since = None
    starts = [day for day in (since, head.valid_from) if day is not None]
    ends = [day for day in (until, head.valid_to) if day is not None]
    return (max(starts, default=None), min(ends, default=None))


def valid_on(view: View, head: Head, day: int) -> bool:
    start, end = rule_days(view, head)
    return (start is None or start <= day) and (end is None or day < end)


def exists(record: Grid | Subject | Post, day: int) -> bool:
    return (record.start is None or record.start <= day) and (record.end is None or day < record.end)


def grid_on(view: View, code: str | None, day: int) -> Grid | None:
    return next((grid for grid in view.world.grids if grid.code == code and exists(grid, day)), None)


def subject_on(view: View, id: str | None, day: int) -> Subject | None:
    return next((subject for subject in view.world.subjects if subject.id == id and exists(subject, day)), None)


def ancestors(view: View, code: str | None, day: int) -> list[str]:
    """The grid itself, its parent of that day, and so on."""
    chain: list[str] = []
    while code is not None and code not in chain:
        chain.append(code)
        grid = grid_on(view, code, day)
        code = grid.parent if grid else None
    return chain


def ancestor_at(view: View, code: str | None, level: str, day: int) -> str | None:
    """The nearest ancestor (the grid itself first) at the level named."""
    for above in ancestors(view, code, day):
        grid = grid_on(view, above, day)
        if grid and is_level(view, grid, level):
            return above
    return None


def is_level(view: View, grid: Grid, level: str) -> bool:
    return grid.level == level or grid.level in view.program.levels.get(level, ())


def governed(view: View, code: str | None, day: int) -> bool:
    """Whether the book governs the grid on that day."""
    return view.program.grid is None or view.program.grid in ancestors(view, code, day)


# ── fields ───────────────────────────────────────────────────────────────────────────────────────
def typed(value: object, kind: FieldType | None, zone: str) -> Known | None:
    """A field's value as JSON holds it, by its declared type."""
    if value is None:
        return None
    name = kind.type if kind else ""
    if name in ("int", "number", "money"):
        return number(Fraction(str(value)))
    if name == "date":
        return Day(to_day(days.date.fromisoformat(str(value))))
    if name == "time":
        return Moment(days.instant_of(str(value), zone))
    if isinstance(value, bool):
        return value
    return str(value)


def between(low: Fraction | int | None, high: Fraction | int | None) -> Num | None:
    return None if low is None or high is None else Num(Fraction(low), Fraction(high))


def field_of(view: View, item: Item, name: str) -> Known | None:
    """A field of a thing; None when it is missing."""
    record = item.record
    zone = view.world.zone
    if isinstance(record, Fact):
        fields = view.program.domain.facts[record.type].fields
        if name in fields:
            return typed(record.fields.get(name), fields[name], zone)
        own: dict[str, Known | None] = {
            "grid": record.grid, "subject": record.subject, "actor": record.actor, "type": record.type,
            "occurred_at": Moment(record.at), "recorded_at": Moment(record.recorded),
        }  # fmt: skip
        return own.get(name)
    if isinstance(record, Subject):
        fields = view.program.domain.subjects[record.type].fields
        if name in fields:
            return typed(record.fields.get(name), fields[name], zone)
        return {
            "id": record.id,
            "subject": record.id,
            "grid": record.grid,
            "type": record.type,
            "name": record.name,
        }.get(name)
    if isinstance(record, Grid):
        return {
            "code": record.code, "grid": record.code, "name": record.name, "parent": record.parent, "level": record.level,
            "kinds": record.kinds, "kind": record.kinds,
        }.get(name)  # fmt: skip
    if isinstance(record, Post):
        return {
            "id": record.id, "person": record.person, "actor": record.person, "role": record.role, "grid": record.grid,
            "subject": record.subject, "capacity": record.capacity,
        }.get(name)  # fmt: skip
    return _finding_field(item, record, name)


def _finding_field(item: Item, f: Finding, name: str) -> Known | None:
    gap_days = item.days if item.days is not None else f.detail.get("days")
    value: dict[str, Known | None] = {
        "rule": f.rule, "variant": f.variant, "step": f.step, "status": f.status, "holder": f.holder, "grid": f.grid,
        "subject": f.subject, "actor": f.actor, "period": f.period, "case": f.case, "band": f.band,
        "rank": between(f.rank, f.rank), "days": number(str(gap_days)) if gap_days is not None else None,
        "count": between(f.low, f.high), "low": between(f.low, f.low), "high": between(f.high, f.high),
        "value": between(f.value_low, f.value_high), "total": between(f.value_low, f.value_high),
        "at": None if f.at is None else Moment(f.at), "due": None if f.due is None else Moment(f.due),
    }  # fmt: skip
    return value.get(name)


# ── parameters ───────────────────────────────────────────────────────────────────────────────────
def parameter(view: View, name: str, day: int, item: Item | None, holder: Item | None) -> Known | None:
    """9, 9a: the value that holds on the day, from the thing counted, or the holder where it has none."""
    given = view.program.parameters[name]
    value: object = None
    for since, from_then in given.values:
        if since <= day:
            value = from_then
    place = next((thing for thing in (item, holder) if thing and thing.grid), None)
    for by in given.by if value is not None else ():
        assert isinstance(value, Mapping)
        if by == "grid":  # ancestors at the fact's time
            when = view.day(place.at) if place and place.at is not None else day
            keys = ancestors(view, place.grid if place else None, when)
        else:
            keys = [_key(view, item, by) or _key(view, holder, by) or ""]
        value = next((value[key] for key in keys if key in value), None)
        if value is None:
            return None
    if given.by_finding and isinstance(value, Mapping):
        value = value.get(_latest_band(view, given.by_finding, day, holder))
    return None if value is None else literal(value, given.type)


def _key(view: View, item: Item | None, name: str) -> str | None:
    value = field_of(view, item, name) if item else None
    if isinstance(value, Num):
        return str(value.lo)
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else None


def _latest_band(view: View, rule: str, day: int, holder: Item | None) -> str | None:
    """The latest band that the rule gave the holder before the day."""
    banded = [
        f for f in view.findings
        if f.rule == rule and holder and f.holder == holder.id and f.band and f.at is not None and f.at < view.midnight(day)
    ]  # fmt: skip
    return max(banded, key=lambda f: f.at or 0).band if banded else None


def period_span(view: View, period: Period) -> tuple[int, int]:
    return (view.midnight(period.start), view.midnight(period.end))
