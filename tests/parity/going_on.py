"""The modes beside full checks, held to what those find at every moment of a history: a check that goes on from the
last one, and findings that are carried along while facts arrive one by one and time passes."""

from __future__ import annotations

from typing import Any

from tests.parity.history import History, Moment, changes, rows

from wuding.assess import carry, live
from wuding.assess.check import Concluded, check, conclude
from wuding.assess.records import snapshot_of_world
from wuding.domain.corrections import CORRECTION
from wuding.domain.fact import Fact
from wuding.engines.base import Matcher


def went_on_differently(history: History) -> str:
    """What a check that goes on from the last one says differently from a full check, a line each; empty when none."""
    past: Concluded | None = None
    before: Moment | None = None
    for program, world in history.moments:
        snap = snapshot_of_world(world, program)
        seen = None if before is None else changes(program, before[1], world)
        past = conclude(program, snap, past, seen)
        before = (program, world)
        if found := _differing(rows(check(program, snap)), rows(past.frame)):
            return f"{found}\n{past.scopes}"
    return ""


def arrived_differently(history: History, matcher: Matcher) -> str:
    """What arrival by arrival says differently from a full check, a line each; empty when nothing."""
    state: live.Live | None = None
    before: Moment | None = None
    for program, world in history.moments:
        new = None if before is None else _arriving(before, (program, world))
        if state is None or before is None or new is None or not carry.can_follow(state, world.as_of, new):
            snap = snapshot_of_world(world, program)
            seen = None if before is None else changes(program, before[1], world)
            state = live.begun(program, snap, 0, state, seen)
        else:
            carry.passed(state, world.as_of)
            for fact in new:
                carry.arrived(state, [fact], matcher.touched(program, [fact], ()))
        before = (program, world)
        if found := _differing(rows(check(program, snapshot_of_world(world, program))), rows(state.frame())):
            return found
    return ""


def _differing(full: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> str:
    if full == other:
        return ""
    lines = [f"- {row}" for row in full if row not in other]
    lines += [f"+ {row}" for row in other if row not in full]
    return "\n".join([f"{len(full)} rows, {len(other)} rows", *lines])


def _arriving(before: Moment, now: Moment) -> list[Fact] | None:
    """The facts that are new; None where something else has changed too."""
    (program, old), (other, new) = before, now
    same = (
        program is other and old.grids == new.grids and old.posts == new.posts and old.subjects == new.subjects
        and old.boundaries == new.boundaries and old.in_force == new.in_force and old.window_from == new.window_from
        and new.facts[: len(old.facts)] == old.facts
    )  # fmt: skip
    facts = list(new.facts[len(old.facts) :])
    return facts if same and not any(fact.type == CORRECTION for fact in facts) else None
