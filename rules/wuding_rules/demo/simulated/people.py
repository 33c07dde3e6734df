"""The place of a book: its tree, with the levels that no register has made up; its subjects; who holds which post."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from wuding.domain.grid import Grid
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.lang.nodes import Cmp, Cond, Field, Lit, OneOf
from wuding.program.model import Charter, Escalation, Program, Selector
from wuding_rules.demo.simulated.asked import selectors
from wuding_rules.demo.simulated.values import Scene, drawn, fits, holds, made

MOST = 60  # grids that are given subjects
EACH = 3  # grids made below a grid, where the book does not say how many
STAFFED = 0.93


@dataclass(frozen=True)
class Place:
    grids: tuple[Grid, ...]
    new: tuple[Grid, ...]  # those of `grids` that are made up
    subjects: tuple[Subject, ...]
    posts: tuple[Post, ...]


def place(program: Program, tree: Sequence[Grid], rng: random.Random, start: datetime) -> Place:
    """Everything and everybody that the rules of the book speak of, on the tree given."""
    scene = Scene(program, rng, start, {})
    below = _governed(program, tree)
    new = list(_missing(program, below, scene))
    grids = [*below, *new]
    subjects = tuple(_subjects(program, grids, scene))
    posts = tuple(_posts(program, (*tree, *new), grids, subjects, scene))
    return Place(tuple(grids), tuple(new), subjects, posts)


def _governed(program: Program, tree: Sequence[Grid]) -> list[Grid]:
    kept = {grid.code for grid in tree if program.grid is None or grid.code == program.grid}
    for grid in tree:  # parents come first
        if grid.parent in kept:
            kept.add(grid.code)
    return [grid for grid in tree if grid.code in kept]


def _missing(program: Program, tree: Sequence[Grid], scene: Scene) -> Iterator[Grid]:
    """Grids of the levels that the tree does not have, below those of the level above."""
    above = [grid for grid in tree if grid.code == program.grid] or list(tree[:1])
    there = list(tree)
    for name, label in program.domain.levels.items():
        for level in program.levels.get(name, (name,)):
            own = [grid for grid in tree if grid.level == level]
            if not own and _asked_for(program, level):
                kinds = list(itertools.islice(_counted(program, level, there, scene), 2000))
                kinds = kinds or [()] * EACH * len(above)
                own = [
                    Grid(f"{above[n % len(above)].code}-{level[0]}{n + 1}", f"{label.zh}{n + 1}",
                         above[n % len(above)].code, level, kind)
                    for n, kind in enumerate(kinds)
                ]  # fmt: skip
                there += own
                yield from own
            above = own or above


def _asked_for(program: Program, level: str) -> bool:
    return any(sel.source == "grid" and level in sel.names for rule in program.rules for sel in selectors(rule))


def _counted(program: Program, level: str, there: Sequence[Grid], scene: Scene) -> Iterator[tuple[str, ...]]:
    """The kinds of the grids that charters count at this level, as many of each as they ask for."""
    for rule in program.rules:
        if isinstance(rule, Charter) and rule.kind == "count" and rule.of and rule.be and level in rule.of.names:
            kinds = tuple(_literals(rule.of.when, ("kind", "kinds")))[:1]
            enough = holds(rule.be.cond, {"it": EACH}, scene)
            count = EACH if enough else fits(rule.be, scene) or 1
            yield from [kinds] * count * len(list(_at(rule.holders, there, ())))


def _literals(cond: Cond | None, names: Sequence[str]) -> Iterator[str]:
    if isinstance(cond, Cmp | OneOf) and isinstance(cond.left, Field) and cond.left.name in names:
        options = cond.options if isinstance(cond, OneOf) else (cond.right,)
        yield from (str(option.value) for option in options if isinstance(option, Lit))
    for part in getattr(cond, "args", ()):
        yield from _literals(part, names)


def with_kinds(program: Program, grids: Iterable[Grid], rng: random.Random) -> list[Grid]:
    """Grids with one of the kinds that the rules tell apart, where they have none."""
    conds = [sel.when for rule in program.rules for sel in selectors(rule) if sel.source == "grid"]
    kinds = sorted({kind for cond in conds for kind in _literals(cond, ("kind", "kinds"))})
    return [replace(grid, kinds=(rng.choice(kinds),)) if kinds and not grid.kinds else grid for grid in grids]


# ── subjects ─────────────────────────────────────────────────────────────────────────────────────
def _subjects(program: Program, grids: Sequence[Grid], scene: Scene) -> Iterator[Subject]:
    named = {name for rule in program.rules for sel in selectors(rule) if sel.source == "subject" for name in sel.names}
    levels = {level: n for n, name in enumerate(program.domain.levels) for level in program.levels.get(name, (name,))}
    low = max((levels.get(grid.level, -1) for grid in grids), default=-1)
    homes = [grid for grid in grids if levels.get(grid.level, -1) == low]
    homes = homes if len(homes) <= MOST else scene.rng.sample(homes, MOST)
    asked = [sel for rule in program.rules for sel in selectors(rule) if sel.when]
    conds = {name: [sel.when for sel in asked if name in sel.names] for name in named}
    for name in sorted(named & set(program.domain.subjects)):
        thing = program.domain.subjects[name]
        count = _wanted(program, name, scene) or 2
        for home in homes:
            for n in range(count):
                fields = {f.name: drawn(f, scene) for f in thing.fields.values()}
                if conds[name] and scene.rng.random() < 0.6:
                    made(scene.rng.choice(conds[name]), thing.fields, fields, scene)
                for field in thing.fields.values():
                    if not field.required and scene.rng.random() < 0.01:
                        fields[field.name] = None
                told = {key: value for key, value in fields.items() if value is not None}
                yield Subject(f"{name}-{home.code}-{n + 1}", name, home.code, f"{thing.label.zh}{n + 1}", told)


def _wanted(program: Program, name: str, scene: Scene) -> int | None:
    counts = [r for r in program.rules if isinstance(r, Charter) and r.kind == "count" and r.of and name in r.of.names]
    return next((fits(rule.be, scene) for rule in counts if rule.be), None)


# ── posts ────────────────────────────────────────────────────────────────────────────────────────
def _posts(
    program: Program, tree: Sequence[Grid], grids: Sequence[Grid], subjects: Sequence[Subject], scene: Scene
) -> Iterator[Post]:
    """The seats of charters, some of them empty; then roles that act, or are told, where nobody has one."""
    held: set[tuple[str, str]] = set()
    wanted = (*_seats(program, grids, subjects, scene), *_acting(program, tree, subjects))
    for role, at, subject, count, also in wanted:
        if (role, subject or at) in held or scene.rng.random() > STAFFED:
            continue
        held.add((role, subject or at))
        for n in range(1, count + 1):
            person = f"{program.domain.roles[role].label.zh}-{subject or at}-{n}"
            for one in (role, also):
                if one:
                    yield Post(f"{one}@{subject or at}#{n}", person, one, at, subject)


Seat = tuple[str, str, str | None, int, str | None]  # role, grid, subject, how many, also


def _seats(program: Program, grids: Sequence[Grid], subjects: Sequence[Subject], scene: Scene) -> Iterator[Seat]:
    for rule in program.rules:
        of = rule.of if isinstance(rule, Charter) and rule.kind in ("seat", "count") else None
        if not isinstance(rule, Charter) or of is None or of.source != "post":
            continue
        count = min((fits(rule.be, scene) if rule.be else 1) or 1, 100)
        wanted = tuple(_literals(of.when, ("role",))) or of.names
        for role in wanted[:1]:
            for grid, subject in _at(rule.holders, grids, subjects):
                yield role, grid, subject, count, rule.also


def _acting(program: Program, tree: Sequence[Grid], subjects: Sequence[Subject]) -> Iterator[Seat]:
    """One person for every role that is asked to act at its holders, or that is told at a level."""
    for rule in program.rules:
        holders = getattr(rule, "holders", None)
        for sel in selectors(rule):
            for role in sel.by:
                if role in program.domain.roles and holders is not None:
                    yield from ((role, grid, about, 1, None) for grid, about in _at(holders, tree, subjects))
                elif role in program.domain.roles:
                    yield from ((role, grid.code, None, 1, None) for grid in tree)
        for step in rule.steps if isinstance(rule, Escalation) else ():
            if step.tell_role in program.domain.roles:
                everywhere = step.tell_at in ("here", "up")
                places = [g for g in tree if everywhere or g.level == step.tell_at]
                yield from ((str(step.tell_role), g.code, None, 1, None) for g in places)


def _at(sel: Selector, grids: Iterable[Grid], subjects: Iterable[Subject]) -> Iterator[tuple[str, str | None]]:
    """The grids, or subjects in their grids, that a selector names; the rest of it is not asked."""
    if sel.source == "grid":
        yield from ((g.code, None) for g in grids if not sel.names or g.level in sel.names)
    elif sel.source == "subject":
        yield from ((s.grid, s.id) for s in subjects if not sel.names or s.type in sel.names)
