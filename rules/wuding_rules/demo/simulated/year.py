"""A year of facts: what each rule asks for is mostly done, sometimes late, sometimes not."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wuding.domain.grid import Grid
from wuding.domain.period import Period, period_of, to_date, to_day
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.lang.nodes import Duration, Param
from wuding.program.builtin import FACTS
from wuding.program.model import Charter, Escalation, Patrol, Program, Selector, Step, Thing, Veto
from wuding_rules.demo.simulated.asked import selectors
from wuding_rules.demo.simulated.people import Place, place, with_kinds
from wuding_rules.demo.simulated.values import Fields, Scene, drawn, holds, made, worth

Row = dict[str, object]
Holder = Grid | Subject | Post
OPENINGS = 24  # of each escalation, in the year
CAUSES = 2  # of each veto
HOURS = {"min": 1 / 60, "h": 1, "d": 24, "workday": 30, "week": 168, "month": 720, "year": 8760}
DAYS = 90  # between deeds that no period asks for


@dataclass
class Year:
    """What a book's place did in a year. `facts`: rows of each type, as columns for an import."""

    place: Place
    facts: dict[str, list[Row]] = field(default_factory=dict)


def simulate(program: Program, tree: Sequence[Grid], seed: int, year: int) -> Year:
    """The year of a book on a tree (parents first). Equal arguments give equal years."""
    rng = random.Random(f"{seed}:{program.book}")
    where = place(program, with_kinds(program, tree, rng), rng, datetime(year, 1, 1))
    return _Simulator(program, where, rng, year).run()


class _Simulator:
    """Holds what every deed needs: the book, its place, chance, the year."""

    def __init__(self, program: Program, where: Place, rng: random.Random, year: int) -> None:
        self.program, self.place, self.rng = program, where, rng
        self.begin, self.end = datetime(year, 1, 1), datetime(year + 1, 1, 1)
        self.year = Year(where)
        self.numbers: dict[str, int] = {}
        self.diligence: dict[str, float] = {}
        self.people: dict[str, list[Post]] = {}
        for post in where.posts:
            self.people.setdefault(post.role, []).append(post)
        self.parents = {grid.code: grid.parent for grid in where.grids}
        self.open: dict[str, list[tuple[datetime, Row]]] = {}

    def run(self) -> Year:
        for rule in self.program.rules:
            if isinstance(rule, Patrol):
                self.patrol(rule)
            elif isinstance(rule, Escalation):
                self.matters(rule)
            elif isinstance(rule, Charter):
                for sel in selectors(rule):
                    self.standing(rule, sel)
            elif isinstance(rule, Veto):
                self.causes(rule)
        for rule in self.program.rules:  # what is only measured or scored has no frequency of its own: quarterly
            for sel in selectors(rule):
                if sel.source == "fact" and not isinstance(rule, Patrol | Escalation | Veto | Charter):
                    self.measured(rule, sel)
        for rows in self.year.facts.values():
            rows.sort(key=lambda row: str(row["at"]))
        return self.year

    # ── who is asked ─────────────────────────────────────────────────────────────────────────────
    def holders(self, sel: Selector | None) -> list[Holder]:
        if sel is None:
            return []
        things: Mapping[str, Sequence[Holder]] = {
            "grid": self.place.grids, "subject": self.place.subjects, "post": self.place.posts,
        }  # fmt: skip
        found = []
        for one in things.get(sel.source, ()):
            name = one.level if isinstance(one, Grid) else one.type if isinstance(one, Subject) else one.role
            if (not sel.names or name in sel.names) and (
                sel.when is None or holds(sel.when, _fields(one), self.scene(self.begin, one)) is not False
            ):
                found.append(one)
        return found

    def scene(self, at: datetime, holder: Holder | None = None) -> Scene:
        return Scene(self.program, self.rng, at, {} if holder is None else _fields(holder))

    def care(self, holder: Holder) -> float:
        """How much of what is asked a place does: most places nearly all, some little."""
        home = holder.code if isinstance(holder, Grid) else holder.grid
        if home not in self.diligence:
            self.diligence[home] = self.rng.choice((0.99, 0.97, 0.94, 0.9, 0.75))
        return self.diligence[home]

    def actor(self, by: Sequence[str], holder: Holder) -> str | None:
        """Somebody with one of these roles at the holder, or at a grid above it."""
        if isinstance(holder, Post):
            return holder.person
        if by == ("self",):
            return holder.code if isinstance(holder, Grid) else holder.id
        home: str | None = holder.code if isinstance(holder, Grid) else holder.grid
        posts = [post for role in by for post in self.people.get(role, ())]
        if isinstance(holder, Subject):
            own = [post for post in posts if post.subject == holder.id]
            if own:
                return self.rng.choice(own).person
        while home is not None:
            own = [post for post in posts if post.grid == home and post.subject is None]
            if own:
                return self.rng.choice(own).person
            home = self.parents.get(home)
        return None

    # ── one fact ─────────────────────────────────────────────────────────────────────────────────
    def deed(
        self, sel: Selector, holder: Holder, at: datetime, given: Fields | None = None, good: bool = True,
        actor: str | None = None,
    ) -> Row | None:  # fmt: skip
        """A fact that the selector takes, or (not `good`) one that fails its condition. None after the year."""
        names = [name for name in sel.names if name in self.program.domain.facts and name not in FACTS]
        if not names or at >= self.end:
            return None
        thing = self.program.domain.facts[self.rng.choice(names)]
        scene = self.scene(at, holder)
        fields = self.filled(thing, scene, at)
        made(sel.when, thing.fields, fields, scene, good)
        fields |= {key: value for key, value in (given or {}).items() if key in thing.fields}
        row: Row = {"at": at.isoformat(timespec="minutes"), "actor": actor or self.actor(sel.by, holder)}
        subject = holder.id if isinstance(holder, Subject) else holder.subject if isinstance(holder, Post) else None
        if thing.about == "subject" and subject is None:
            subject = self.some_subject(holder)
            if subject is None:
                return None
        row |= {"subject": subject} if subject else {"grid": holder.code if isinstance(holder, Grid) else holder.grid}
        row |= {key: value for key, value in fields.items() if value is not None and key in thing.fields}
        self.year.facts.setdefault(thing.name, []).append(row)
        return row

    def filled(self, thing: Thing, scene: Scene, at: datetime) -> Fields:
        fields: Fields = {}
        for kind in thing.fields.values():
            if not kind.required and self.rng.random() < 0.01:
                continue  # not written down
            fields[kind.name] = drawn(kind, scene)
        for name in thing.key:
            if thing.fields[name].type in ("id", "ref", "text"):
                self.numbers[name] = self.numbers.get(name, 0) + 1
                fields[name] = f"{self.begin.year}-{self.numbers[name]:05}"
        if thing.holds:
            fields[thing.holds[0]] = at.date().isoformat()
            until = at.date() + timedelta(days=self.rng.choice((200, 700, 1500, 1500)))
            fields |= {thing.holds[1]: until.isoformat()} if thing.holds[1] in thing.fields else {}
        return fields

    def some_subject(self, holder: Holder) -> str | None:
        home = holder.code if isinstance(holder, Grid) else holder.grid
        near = [one.id for one in self.place.subjects if one.grid == home]
        return self.rng.choice(near) if near else None

    def clock(self, first: datetime, last: datetime) -> datetime:
        """A working hour between two moments."""
        days = max((last - first).days, 1)
        day = first + timedelta(days=self.rng.randrange(days))
        return day.replace(hour=0, minute=0) + timedelta(minutes=self.rng.randint(480, 1080))

    # ── what rules ask for ───────────────────────────────────────────────────────────────────────
    def patrol(self, rule: Patrol) -> None:
        sel = rule.do or rule.holders
        if sel.source != "fact":
            return
        for holder in self.holders(rule.holders) if rule.do else self.anywhere():
            if rule.do and self.rng.random() > 0.98:
                continue  # nobody ever came
            count = worth(rule.times, {}, self.scene(self.begin, holder)) if rule.times else 1
            for period in self.periods(rule):
                first = datetime.combine(to_date(period.start), datetime.min.time())
                last = datetime.combine(to_date(period.end), datetime.min.time())
                for _ in range(int(count) if isinstance(count, int) or hasattr(count, "numerator") else 1):
                    if self.rng.random() < self.care(holder):
                        good = self.rng.random() < 0.98
                        row = self.deed(sel, holder, self.clock(first, last), good=good)
                        if row is not None and rule.must is not None:
                            self.satisfy(rule, sel, row, holder)

    def satisfy(self, rule: Patrol, sel: Selector, row: Row, holder: Holder) -> None:
        """What each fact must satisfy, it mostly does."""
        names = [name for name in sel.names if name in self.program.domain.facts]
        kinds = self.program.domain.facts[names[0]].fields if names else {}
        made(rule.must, kinds, row, self.scene(self.begin, holder), self.rng.random() < 0.9)
        for key in [key for key, value in row.items() if value is None]:
            del row[key]

    def anywhere(self) -> list[Holder]:
        """Where facts happen that are asked of nobody in particular."""
        found: list[Holder] = [*self.place.subjects[:40], *self.place.grids[:40]]
        return found

    def periods(self, rule: Patrol) -> Iterator[Period]:
        day, last = to_day(self.begin.date()), to_day(self.end.date())
        if rule.every is None:
            step = max(int(hours(rule.apart) / 24 * 0.8), 1) if rule.apart else DAYS
            while day < last:
                yield Period("", day, day + step)
                day += step
            return
        while day < last:
            period = period_of(day, rule.every)
            yield Period(period.label, max(day, period.start), min(period.end, last))
            day = period.end

    def standing(self, rule: Charter, sel: Selector) -> None:
        """What must be there is there from the first days of the year, for most."""
        if sel.source != "fact":
            return
        for holder in self.holders(rule.holders):
            if self.rng.random() < 0.93:
                late = timedelta(days=0 if self.rng.random() < 0.9 else self.rng.randint(10, 60))
                self.deed(sel, holder, self.begin + timedelta(hours=9) + late)

    def measured(self, rule: object, sel: Selector) -> None:
        where = self.holders(getattr(rule, "holders", None)) or self.anywhere()
        for holder in where[:400]:
            for quarter in range(4):
                first = self.begin + timedelta(days=91 * quarter)
                if self.rng.random() < self.care(holder):
                    self.deed(sel, holder, self.clock(first, first + timedelta(days=91)))

    def causes(self, rule: Veto) -> None:
        if rule.cause.source != "fact":
            return
        for n in range(CAUSES * rule.times + 1):
            holder = self.rng.choice(self.spots(rule.cause))
            row = self.deed(rule.cause, holder, self.clock(self.begin, self.end))
            if row is not None and n == 0:  # one of which too little is known
                kinds = self.program.domain.facts[rule.cause.names[0]].fields
                for key in [k for k in row if k in kinds and not kinds[k].required]:
                    del row[key]

    def spots(self, sel: Selector) -> list[Holder]:
        """Where a fact of this type can happen: at a subject where it is about one, else in the lowest grids."""
        things = [self.program.domain.facts[name] for name in sel.names if name in self.program.domain.facts]
        about = any(thing.about == "subject" for thing in things)
        found: list[Holder] = list(self.place.subjects) if about else []
        inner = set(self.parents.values())
        return found or [grid for grid in self.place.grids if grid.code not in inner]

    # ── matters, step by step ────────────────────────────────────────────────────────────────────
    def matters(self, rule: Escalation) -> None:
        sel = rule.opens
        if sel.source != "fact":
            return
        for _ in range(OPENINGS):
            holder = self.rng.choice(self.spots(sel))
            at = self.clock(self.begin, self.end)
            row = self.deed(sel, holder, at)
            if row is not None:
                self.follow(rule, row, holder, at)

    def follow(self, rule: Escalation, opening: Row, holder: Holder, at: datetime) -> None:
        """Most steps are taken in time, some late; and at times the matter is left lying."""
        keys = {name: opening[name] for name in rule.case if name in opening}
        done = {"opening": at, "closed": at}
        for step in rule.steps:
            chance = self.rng.random()
            if step.after not in done or chance > 0.96:
                break
            if step.when is not None and holds(step.when, opening, self.scene(at, holder)) is not True:
                continue
            begin, limit = done[step.after], self.limit(step, opening, holder)
            part = self.rng.uniform(0.1, 0.9) if chance < 0.86 else self.rng.uniform(1.1, 2)
            done[step.id] = begin + timedelta(hours=max(limit * part, 0.02))
            if step.kind == "expect" and step.of is not None:
                self.deed(step.of, holder, done[step.id], keys)
        else:
            for sel in rule.closes or ():
                if sel.source == "fact":
                    self.deed(sel, holder, max(done.values()) + timedelta(hours=2), keys)
                    break

    def limit(self, step: Step, opening: Row, holder: Holder) -> float:
        """How long a step may take, in hours."""
        high = step.limit.high if step.limit else step.wait
        if isinstance(high, Param):
            high = worth(high, opening, self.scene(self.begin, holder))  # type: ignore[assignment]
        return hours(high) if isinstance(high, Duration) else 48.0


def hours(duration: Duration) -> float:
    return duration.n * HOURS[duration.unit]


def _fields(one: Holder) -> Mapping[str, object]:
    if isinstance(one, Grid):
        return {"code": one.code, "level": one.level, "kind": _some(one.kinds), "kinds": _some(one.kinds)}
    if isinstance(one, Subject):
        return {**one.fields, "id": one.id, "type": one.type, "grid": one.grid}
    return {"person": one.person, "role": one.role, "capacity": one.capacity, "grid": one.grid}


def _some(kinds: tuple[str, ...]) -> str | None:
    return kinds[0] if kinds else None
