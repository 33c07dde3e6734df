"""A failing case made small: whatever can go while the same kind of difference stays, goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any

from tests.parity import kit
from tests.parity.worlds import Case

KEPT = {"type", "domain", "calendar", "zone", "levels", "digest", "book", "title", "uses", "head", "id", "seq"}


def kind_of(difference: str) -> str:
    """What sort of difference it is: the rules' sections and the keys that differ, without names and values."""
    kinds = set()
    for line in difference.splitlines():
        sign, rule = line[0], re.search(r"rule=(?:old-)?([a-z]+)", line)
        key = re.search(r": (\w+) is ", line) if sign == "!" else re.search(r"status='([a-z-]+)'", line)
        kinds.add(f"{sign} {rule[1] if rule else line[:60]} {key[1] if key else ''}")
    return "; ".join(sorted(kinds))


def reduced(case: Case, fails: Callable[[Case], str], attempts: int = 400) -> Case:
    """The smallest case found by taking parts away one at a time that still differs in a way seen at first."""
    kinds = set(kind_of(fails(case)).split("; "))

    def still(smaller: Case) -> bool:
        try:
            found = fails(smaller)
        except Exception:  # a case without sense is no reduction
            return False
        return bool(found) and set(kind_of(found).split("; ")) <= kinds

    for _ in range(3):
        before = case
        for place in ("facts", "posts", "subjects"):
            for thing in getattr(case.world, place):
                left = tuple(one for one in getattr(case.world, place) if one is not thing)
                smaller = Case(case.program, replace(case.world, **{place: left}))
                attempts -= 1
                if attempts > 0 and still(smaller):
                    case = smaller
        for smaller in tries(lambda: case):  # noqa: B023 - the case as it is by then
            attempts -= 1
            if attempts <= 0:
                return case
            if still(smaller):
                case = smaller
        if case is before:
            break
    return case


def tries(now: Callable[[], Case]) -> Iterator[Case]:
    """Cases with one part less than the case as it is by then."""
    for rule in now().program.rules:
        left = tuple(r for r in now().program.rules if r.head.id != rule.head.id)
        if left:
            yield Case(rebuilt(now(), left), now().world)
    for n in range(len(now().program.rules)):
        seen: set[str] = set()
        while n < len(now().program.rules):
            rules = now().program.rules
            new = next(((at, small) for at, small in simpler(rules[n]) if at not in seen), None)
            if new is None:
                break
            seen.add(new[0])
            yield Case(rebuilt(now(), (*rules[:n], new[1], *rules[n + 1 :])), now().world)
    for place in ("facts", "posts", "subjects"):
        for n in range(len(getattr(now().world, place))):
            seen = set()
            while True:
                things = getattr(now().world, place)
                new = next(((at, small) for at, small in simpler(things[n]) if at not in seen), None)
                if new is None:
                    break
                seen.add(new[0])
                changed = {place: (*things[:n], new[1], *things[n + 1 :])}
                yield Case(now().program, replace(now().world, **changed))
    yield Case(now().program, replace(now().world, window_from=None))
    yield Case(now().program, replace(now().world, in_force=(None, None)))
    yield Case(replace(now().program, grid=None), now().world)


def rebuilt(case: Case, rules: tuple[Any, ...]) -> Any:
    return replace(case.program, rules=rules, uses=kit.uses_of(rules))


def simpler(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The node with one part at its default, one element fewer, or one part of a part so; each with a name."""
    if is_dataclass(node) and not isinstance(node, type):
        for f in fields(node):
            value, at = getattr(node, f.name), f"{path}.{f.name}={getattr(node, f.name)!r}"
            if f.name in KEPT:
                continue
            if f.default is not MISSING and value != f.default:
                yield at, replace(node, **{f.name: f.default})
            for inner, small in simpler(value, at):
                yield inner, replace(node, **{f.name: small})
    elif isinstance(node, tuple):
        for n, one in enumerate(node):
            yield f"{path}-{n}of{len(node)}", (*node[:n], *node[n + 1 :])
            for inner, small in simpler(one, f"{path}[{n}]"):
                yield inner, (*node[:n], small, *node[n + 1 :])
    elif isinstance(node, Mapping):
        for key in node:
            yield f"{path}-{key}", {name: value for name, value in node.items() if name != key}
