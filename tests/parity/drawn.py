"""What the generator drew, and what of it mattered.

How often each key of the language, each kind of fact and of registry change stood in a case, and in how many of the
cases looked at closely the findings changed when it was taken away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from typing import Any

from tests.parity.reduce import KEPT, rebuilt
from tests.parity.worlds import Case

NAMED = {"kind", "fn", "source", "deputy", "exclusive", "partial", "strikes", "unit", "op", "period", "capacity"}
LOOKED_AT = 12  # keys taken away in a case that is looked at closely
Answer = Callable[[Case], object]


@dataclass
class Drawn:
    """`stood`: in how many cases a key stood. `tried`: how often it was taken away, `mattered`: with what effect."""

    cases: int = 0
    stood: Counter[str] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)
    mattered: Counter[str] = field(default_factory=Counter)

    def add(self, case: Case) -> None:
        self.cases += 1
        self.stood.update({key for key, _ in without_each(case)})

    def look(self, case: Case, answer: Answer, choose: Callable[[int], int]) -> None:
        """Take away keys of the case, one at a time, and see whether the answer changes. `choose(n)`: 0 to n - 1."""
        ways = list(without_each(case))
        whole = answer(case)
        for _ in range(min(LOOKED_AT, len(ways))):
            key, less = ways.pop(choose(len(ways)))
            try:
                changed = answer(less) != whole
            except Exception:  # a case without sense says nothing
                continue
            self.tried[key] += 1
            self.mattered[key] += changed

    def table(self) -> str:
        """A line for each key: its name, in how many of 1,000 cases it stood, of how many trials it mattered in."""
        lines = [f"{'drawn':44}{'per 1000':>9}{'mattered':>12}"]
        for key in sorted(self.stood):
            share = f"{self.mattered[key]}/{self.tried[key]}" if self.tried[key] else ""
            lines.append(f"{key:44}{1000 * self.stood[key] / max(1, self.cases):>9.0f}{share:>12}")
        return "\n".join(lines)


def without_each(case: Case) -> Iterator[tuple[str, Case]]:
    """Every key that stands in the case, with the case as it is without it."""
    for n, rule in enumerate(case.program.rules):
        for key, small in lacking(rule, type(rule).__name__.lower()):
            rules = (*case.program.rules[:n], small, *case.program.rules[n + 1 :])
            yield key, Case(rebuilt(case, rules), case.world)
    world = case.world
    for fact in world.facts:
        own = fact.domain in ("core", case.program.domain.name)
        name = f"fact {fact.type}" if own else "fact of another domain"
        if fact.type == "correction":
            name += " void" if fact.fields.get("void") else " whole"
        yield name, Case(case.program, replace(world, facts=tuple(f for f in world.facts if f is not fact)))
    for place in ("grids", "subjects", "posts"):
        things = getattr(world, place)
        for thing in things:
            for f in fields(thing):
                value = getattr(thing, f.name)
                if f.name in ("start", "end", "capacity", "subject") and value not in (None, "principal"):
                    changed = tuple(replace(t, **{f.name: f.default}) if t is thing else t for t in things)
                    yield (
                        f"{place[:-1]} {named(f, value)}",
                        Case(case.program, replace(world, **{place: changed})),
                    )
    for name, default in (("window_from", None), ("in_force", (None, None)), ("boundaries", {})):
        if getattr(world, name) != default:
            yield f"world {name}", Case(case.program, replace(world, **{name: default}))
    for name in ("grid", "retroactive"):
        if getattr(case.program, name):
            yield f"book {name}", Case(replace(case.program, **{name: None if name == "grid" else False}), world)


def named(f: Field[Any], value: object) -> str:
    return f"{f.name}={value}" if f.name in NAMED else f.name


def lacking(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every key of a rule that is not at its default, by its place in the language, and the rule without it."""
    if is_dataclass(node) and not isinstance(node, type):
        for f in fields(node):
            value = getattr(node, f.name)
            if f.name in KEPT - {"head", "seq"}:
                continue
            if f.default is not MISSING and value != f.default and path:
                yield f"{path}.{named(f, value)}", replace(node, **{f.name: f.default})
            elif f.name in NAMED and path:
                yield f"{path}.{named(f, value)}", node
            inner = "" if f.name in ("span", "title") else place_of(value, path, f.name)
            for key, small in lacking(value, inner):
                yield key, replace(node, **{f.name: small})
    elif isinstance(node, tuple):
        for n, one in enumerate(node):
            for key, small in lacking(one, place_of(one, path, "")):
                yield key, (*node[:n], small, *node[n + 1 :])


def place_of(value: object, path: str, name: str) -> str:
    """What the parts of a value are called: by the rule and the kind of the part."""
    rule = path.split(".")[0]
    if not path:
        return ""
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value).__name__.lower()
        inside = " in with" if "in with" in path or name in ("having", "lacking") else ""
        return f"{rule}.{kind}{inside}" if kind in ("selector", "step", "measure", "item", "head") else f"{rule}.{kind}"
    return path + (" in with" if name in ("having", "lacking") and "in with" not in path else "")


def merged(parts: Mapping[str, Drawn]) -> Drawn:
    """The sum over sections."""
    whole = Drawn()
    for part in parts.values():
        whole.cases += part.cases
        for name in ("stood", "tried", "mattered"):
            getattr(whole, name).update(getattr(part, name))
    return whole
