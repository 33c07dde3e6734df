"""Random programs with random worlds, section by section, and how to print and compare what came of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from tests.parity import draw_rules as rules
from tests.parity import kit
from tests.parity.draw import rulings, worlds
from tests.parity.oracle.check import check as oracle

from wuding.domain import number
from wuding.domain.finding import BREACHES, Finding
from wuding.domain.world import World
from wuding.lang.nodes import Duration
from wuding.program.model import Program, Rule, Selector

SECTIONS = ("charter", "patrol", "scoring", "veto", "escalation", "targets")
DRAW: dict[str, Callable[..., st.SearchStrategy[Any]]] = {
    "charter": rules.charters, "patrol": rules.patrols, "scoring": rules.scorings, "veto": rules.vetoes,
    "escalation": rules.escalations, "targets": rules.targets,
}  # fmt: skip
# What a section reads, in an order that is one of the strata.
READS = {
    "charter": (), "patrol": (), "escalation": (), "targets": ("patrol",), "veto": ("charter", "patrol"),
    "scoring": ("patrol", "veto"),
}  # fmt: skip
MIXED = ("patrol", "charter", "escalation", "targets", "veto", "scoring", "veto", "scoring")

PARAMETERS = {
    "plain": kit.parameter("plain", "number", {"2024-01-01": Fraction(1), "2024-02-18": Fraction(2)}),
    "by-grid": kit.parameter(
        "by-grid",
        "number",
        {"2023-01-01": {"A1": Fraction(1), "B1": Fraction(2)}, "2024-03-01": {"Z1": Fraction(1)}},
        ("grid",),
    ),
    "by-kind": kit.parameter("by-kind", "number", {"2023-01-01": {"a": Fraction(-3), "b": Fraction(1)}}, ("kind",)),
    "grace": kit.parameter("grace", "duration", {"2023-01-01": Duration(3, "d"), "2024-02-01": Duration(24, "h")}),
}


@st.composite
def programs(draw: Any, sections: tuple[str, ...]) -> Program:
    """A program of one or two rules of each section named, each able to read those before it. A veto touches the scores
    that come after it: so a book's rules are put in order when it is read."""
    found: list[Rule] = []
    for n, section in enumerate(sections):
        id = f"{section}{n}"
        if section == "veto":
            after = tuple(f"scoring{m}" for m, other in enumerate(sections) if other == "scoring" and m > n)
            found.append(draw(DRAW[section](id, tuple(found), touches=after)))
        else:
            found.append(draw(DRAW[section](id, tuple(found))))
    if draw(st.integers(0, 5)) == 5:  # the last rule is read by none
        found[-1] = replace(found[-1], head=replace(found[-1].head, trial=True))
    governed = draw(st.sampled_from([None, None, None, "A1"]))
    return kit.program(*found, parameters=PARAMETERS, grid=governed, retroactive=draw(st.booleans()))


@dataclass(frozen=True, repr=False)
class Case:
    """A program and the world that it is asked of; shown as people read it."""

    program: Program
    world: World

    def __repr__(self) -> str:
        return "\n" + describe(self.world, self.program) + "\n"


@st.composite
def cases(draw: Any, section: str) -> Case:
    """A program for one section (and what it reads), or `mixed`, and a world to ask it of."""
    if section == "mixed":
        chosen = draw(st.sets(st.integers(0, len(MIXED) - 1), min_size=2, max_size=5))
        sections = tuple(MIXED[n] for n in sorted(chosen))
    else:
        sections = (*(s for s in READS[section] if draw(st.booleans())), section)
        if section == "veto" and draw(st.booleans()):
            sections = (*sections, "scoring")
    program = draw(programs(sections))
    world = draw(worlds(tuple(sorted(looked_for(program.rules)))))
    return Case(program, draw(ruled(program, world)) if draw(st.booleans()) else world)


@st.composite
def ruled(draw: Any, program: Program, world: World) -> World:
    """The world with waivers and appeals of findings that the oracle has there, breaches rather than others."""
    found = oracle(program, world)
    breaches = [f for f in found if f.status in BREACHES]
    if not found:
        return world
    chosen = draw(st.lists(st.sampled_from(breaches * 3 + found if breaches else found), min_size=1, max_size=3))
    first = max((f.seq for f in world.facts), default=0) + 1
    new = tuple(replace(draw(rulings(finding)), seq=first + n) for n, finding in enumerate(chosen))
    return replace(world, facts=world.facts + new)


def looked_for(node: object) -> set[str]:
    """The fact types that are named somewhere inside rules."""
    found: set[str] = set()
    if isinstance(node, Selector) and node.source == "fact":
        found |= set(node.names)
    if is_dataclass(node) and not isinstance(node, type):
        return found.union(*(looked_for(getattr(node, f.name)) for f in fields(node)))
    if isinstance(node, tuple):
        return found.union(*(looked_for(part) for part in node))
    return found


# ── printing ─────────────────────────────────────────────────────────────────────────────────────
def short(value: object) -> str:
    """A value without what is default or of no matter to a reader."""
    if isinstance(value, Fraction):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = []
        for f in fields(value):
            inner = getattr(value, f.name)
            if f.name in ("span", "title", "clauses", "text") or inner == f.default or inner in (None, (), ""):
                continue
            parts.append(f"{f.name}={moment(f.name, inner)}")
        return f"{type(value).__name__}({', '.join(parts)})"
    if isinstance(value, tuple):
        return "(" + ", ".join(short(part) for part in value) + ")"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {short(part)}" for key, part in value.items()) + "}"
    return repr(value)


def moment(name: str, value: object) -> str:
    """Instants and days as people read them."""
    if not isinstance(value, int) or isinstance(value, bool):
        return short(value)
    if abs(value) > 10**12:
        return kit.utc(value)
    return kit.days.label(value) if name in ("start", "end", "valid_from", "valid_to", "window_from") else str(value)


def describe(world: World, program: Program) -> str:
    """The case, one thing a line; instants in UTC."""
    lines = [
        f"as_of {kit.utc(world.as_of)}  window {moment('window_from', world.window_from)}  in force {world.in_force}"
    ]
    lines += [f"book grid {program.grid}  retroactive {program.retroactive}"]
    lines += ["grids as in kit.GRIDS"] if world.grids == kit.GRIDS else [f"  {short(grid)}" for grid in world.grids]
    for things in (world.subjects, world.posts, world.facts, program.rules):
        lines += [f"  {short(thing)}" for thing in things]
    return "\n".join(lines)


# ── comparing ────────────────────────────────────────────────────────────────────────────────────
IDENTITY = ("rule", "variant", "step", "holder_kind", "holder", "period", "case", "episode")
PLAIN = ("status", "grid", "subject", "at", "due", "start", "end", "low", "high", "band", "rank")
INSTANTS = ("at", "due", "start", "end")


def told_in_detail(finding: Finding) -> dict[str, object]:
    """The keys of the detail that parity compares."""
    detail, section = finding.detail, finding.section
    if section == "veto":
        return {"effects": plain(detail["effects"])}
    if section == "scoring":
        return {key: plain(detail[key]) for key in ("struck_by", "pending", "rewards")}
    if section == "charter" and "days" in detail:
        return {"days": detail["days"]}
    if section == "escalation":
        return {key: plain(detail[key]) for key in ("early", "rounds", "to") if key in detail}
    return {}


def plain(value: Any) -> Any:
    """Lists and maps without what is not there; exact numbers as text."""
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        return value
    return number.plain(Fraction(value))


def comparable(findings: Iterable[Finding]) -> dict[str, dict[str, object]]:
    """Identity: what is compared. Numbers at the six places at which they are kept (19)."""
    found: dict[str, dict[str, object]] = {}
    for finding in findings:
        name = " ".join(f"{key}={getattr(finding, key)}" for key in IDENTITY if getattr(finding, key))
        record: dict[str, object] = {key: getattr(finding, key) for key in PLAIN}
        for key in ("value_low", "value_high"):
            value = getattr(finding, key)
            record[key] = None if value is None else number.to_scaled(value)
        record["missing"] = tuple(sorted(finding.missing))
        record.update(told_in_detail(finding))
        while name in found:
            name += " (again)"
        found[name] = record
    return found


def diff(expected: Mapping[str, Mapping[str, object]], got: Mapping[str, Mapping[str, object]]) -> str:
    """What differs, a line each; empty when nothing does."""
    lines = []
    for name in sorted({*expected, *got}):
        if name not in got:
            lines.append(f"- {name}: {shown(expected[name])}")
        elif name not in expected:
            lines.append(f"+ {name}: {shown(got[name])}")
        else:
            for key in sorted({*expected[name], *got[name]}):
                want, have = expected[name].get(key), got[name].get(key)
                if want != have:
                    lines.append(f"! {name}: {key} is {moment('', have)}, the oracle says {moment('', want)}")
    return "\n".join(lines)


def shown(record: Mapping[str, object]) -> str:
    return ", ".join(f"{key}={moment('', value)}" for key, value in record.items() if value not in (None, (), [], {}))
