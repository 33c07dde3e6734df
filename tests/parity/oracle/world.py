"""What is seen at the moment asked: corrected facts, versions of a day, the tree, fields as typed values."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from tests.parity.oracle import days

from wuding.domain.fact import CORE, Fact
from wuding.domain.finding import Finding
from wuding.domain.grid import Grid
from wuding.domain.period import Period, to_date
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.domain.world import World
from wuding.program.model import Head, Program


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
    """4: the last correction by sequence wins, replaces whole or voids; the fact keeps its sequence. A correction
    can be corrected itself, by a later one: hence from the last fact to the first."""
    last: dict[int, Fact] = {}
    standing = []
    for fact in sorted(world.facts, key=lambda f: f.seq, reverse=True):
        now = after_correction(fact, last.get(fact.seq), world.zone)
        if now is None:
            continue
        if now.domain == CORE and now.type == "correction":
            last.setdefault(int(str(now.fields["fact"])), now)
        standing.append(now)
    return tuple(reversed(standing))


def after_correction(fact: Fact, correction: Fact | None, zone: str) -> Fact | None:
    if correction is None:
        return fact
    new = correction.fields
    if new.get("void"):
        return None
    grid, subject, actor = (None if new.get(name) is None else str(new[name]) for name in ("grid", "subject", "actor"))
    at = days.instant_of(str(new["at"]), zone)
    return replace(
        fact, grid=grid, subject=subject, actor=actor, at=at, fields=json.loads(str(new.get("fields", "{}")))
    )


def view_of(program: Program, world: World) -> View:
    seen = [fact for fact in corrected(world) if fact.at <= world.as_of]  # 2a
    world = replace(world, posts=posts_of(program, world))
    return View(
        program, world,
        facts=tuple(fact for fact in seen if fact.domain == program.domain.name),
        rulings=tuple(fact for fact in seen if fact.domain == CORE),
    )  # fmt: skip


def posts_of(program: Program, world: World) -> tuple[Post, ...]:
    """15c: the posts whose role the domain has; `domain/role` is held in that domain alone."""
    own = [replace(post, role=post.role.removeprefix(f"{program.domain.name}/")) for post in world.posts]
    return tuple(post for post in own if post.role in program.domain.roles)


def window(view: View) -> int:
    """2b: the first day asked for."""
    if view.world.window_from is not None:
        return view.world.window_from
    first = min((fact.at for fact in view.facts), default=view.as_of - 1)
    year = to_date(view.day(first)).year
    return days.new_year(year)


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


def period_span(view: View, period: Period) -> tuple[int, int]:
    return (view.midnight(period.start), view.midnight(period.end))
