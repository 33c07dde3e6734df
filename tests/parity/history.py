"""Random histories: a world that grows and changes step by step, and what a check sees change between two steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from hypothesis import strategies as st
from tests.parity import draw, kit
from tests.parity.worlds import DRAW, Case, cases, describe

from wuding.assess.records import corrections_applied, fact_frames
from wuding.domain.fact import Fact
from wuding.domain.world import World
from wuding.engines.base import Changes
from wuding.program.model import Program

Moment = tuple[Program, World]


@dataclass(frozen=True, repr=False)
class History:
    """The same place at several moments, in order: at each the book and the world that a check is asked of."""

    moments: tuple[Moment, ...]

    def __repr__(self) -> str:
        return "\n" + "\n-- then\n".join(describe(world, program) for program, world in self.moments) + "\n"

    def pairs(self) -> Iterator[tuple[Moment, Moment]]:
        return zip(self.moments, self.moments[1:], strict=False)


def visible(world: World) -> dict[int, Fact]:
    return {f.seq: f for f in corrections_applied(world.facts) if f.at <= world.as_of}


def changes(program: Program, old: World, new: World) -> Changes:
    """What `new` knows that `old` did not, as the store would tell it."""
    before, after = visible(old), visible(new)
    facts, corrected = [], set()
    for seq in sorted({*before, *after}):
        if before.get(seq) != after.get(seq):
            forms = [f for f in (before.get(seq), after.get(seq)) if f is not None]
            facts += forms
            corrected |= {(f.domain, f.type) for f in forms if seq in before}
    registry = set()
    if set(old.grids) != set(new.grids):
        registry.add("grid")
    if set(old.posts) != set(new.posts):
        registry.add("post")
    if old.boundaries != new.boundaries:
        registry.add("boundary")
    a, b = ({repr(s): s for s in w.subjects} for w in (old, new))
    registry |= {f"subject:{(a.get(k) or b[k]).type}" for k in a.keys() ^ b.keys()}
    frames = {key: lazy for key, lazy in fact_frames(facts, program.domain).items() if lazy.collect().height}
    return Changes(frames, frozenset(registry), frozenset(frames) - corrected)


@st.composite
def histories(draw_: Any, section: str) -> History:
    """Up to four moments. Between two of them facts are recorded, time passes, and seldom somebody is appointed or
    leaves, a subject or the tree changes, a rule of the book is written anew."""
    case: Case = draw_(cases(section))
    program, world = case.program, case.world
    facts = world.facts
    cuts = sorted(draw_(st.lists(st.integers(0, len(facts)), min_size=1, max_size=3)))
    moments = sorted(draw_(st.lists(draw.instants, min_size=len(cuts), max_size=len(cuts))))
    window = world.window_from if draw_(st.booleans()) else kit.day("2024-01-01")
    found: list[Moment] = []
    for cut, moment in zip(cuts, moments, strict=True):
        as_of = world.as_of if draw_(st.booleans()) else min(moment, world.as_of)
        as_of = max([as_of, *(w.as_of for _, w in found)])
        earlier = replace(world, facts=facts[:cut], as_of=as_of, window_from=window)
        kind = draw_(st.integers(0, 9))
        if kind == 0:
            earlier = replace(earlier, posts=draw_(draw.posts(world.subjects)))
        elif kind == 1:
            earlier = replace(earlier, subjects=draw_(draw.subjects()))
        elif kind == 2:
            earlier = replace(earlier, grids=draw_(draw.grids()))
        book = program
        if kind in (3, 4) and len(program.rules) > 0:
            n = draw_(st.integers(0, len(program.rules) - 1))
            old = program.rules[n]
            section_of = type(old).__name__.lower()
            made = {"target": "targets"}.get(section_of, section_of)
            if made in DRAW and made != "veto":
                other = draw_(DRAW[made](old.head.id, program.rules[:n]))
                if not program.uses.get(old.head.key) or made == "patrol":
                    other = replace(other, head=replace(other.head, trial=old.head.trial, variant=old.head.variant))
                    rules = (*program.rules[:n], other, *program.rules[n + 1 :])
                    book = replace(program, rules=rules, uses=kit.uses_of(rules))
        found.append((book, earlier))
    found.append((program, replace(world, window_from=window)))
    return History(tuple(found))


def rows(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """The findings as plain rows in an order of their own."""
    return sorted(tuple(map(str, row)) for row in frame.iter_rows())
