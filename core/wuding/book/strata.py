"""The order in which rules must be checked: each after those whose findings it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wuding.errors import Diagnostic, Rejected
from wuding.lang.nodes import Param
from wuding.program.model import Charter, Parameter, Rule, Scoring, Selector, Veto
from wuding.program.parts import holders_asked, parts_of

Uses = Mapping[str, frozenset[str]]


def ordered(rules: Sequence[Rule], parameters: Mapping[str, Parameter]) -> tuple[tuple[Rule, ...], Uses]:
    """The rules in stratum order, and for each rule's key the keys whose findings it reads.

    Raises Rejected: WD304 for a cycle, WD309 where a live rule reads a trial rule.
    """
    uses = {rule.head.id: frozenset[str]() for rule in rules}
    for rule in rules:
        uses[rule.head.id] |= _read_by(rule, parameters) | _asked_by(rule, rules, parameters) | _vetoes_of(rule, rules)
    uses = {name: used & uses.keys() for name, used in uses.items()}
    _check_trials(rules, uses)
    order = _sorted(rules, uses)
    variants: dict[str, list[str]] = {}
    for rule in rules:
        variants.setdefault(rule.head.id, []).append(rule.head.key)
    keys = {
        rule.head.key: frozenset(key for used in uses[rule.head.id] for key in variants.get(used, ()))
        for rule in rules
    }  # fmt: skip
    return tuple(rule for name in order for rule in rules if rule.head.id == name), keys


def _asked_by(rule: Rule, rules: Sequence[Rule], parameters: Mapping[str, Parameter]) -> frozenset[str]:
    """What decides whom other rules are about, where a charter asks whether there are such rules (C4)."""
    holders = holders_asked(rules, rule) if isinstance(rule, Charter) else []
    return frozenset[str]().union(*(_read_by(sel, parameters) for sel in holders))


def _read_by(rule: Rule | Selector, parameters: Mapping[str, Parameter]) -> frozenset[str]:
    found: set[str] = set()
    for part in parts_of(rule):
        if isinstance(part, Selector) and part.source == "finding":
            found |= {name.partition(".")[0] for name in part.names}
        if isinstance(part, Param) and part.name in parameters:
            found |= {parameters[part.name].by_finding or ""} - {""}
    return frozenset(found)


def _vetoes_of(rule: Rule, rules: Sequence[Rule]) -> frozenset[str]:
    if not isinstance(rule, Scoring):
        return frozenset()
    return frozenset(other.head.id for other in rules if isinstance(other, Veto) and rule.head.id in other.touches)


def _check_trials(rules: Sequence[Rule], uses: Uses) -> None:
    trials = {rule.head.id for rule in rules if rule.head.trial}
    live = {rule.head.id: rule.head.span for rule in rules if not rule.head.trial}
    problems = [
        Diagnostic("WD309", span, {"name": name, "trial": used})
        for name, span in live.items()
        for used in sorted(uses[name] & trials)
    ]
    if problems:
        raise Rejected(problems)


def _sorted(rules: Sequence[Rule], uses: Uses) -> list[str]:
    """Ids, each after what it uses; otherwise in the order of the book."""
    order: list[str] = []
    spans = {rule.head.id: rule.head.span for rule in rules}
    state: dict[str, str] = {}
    for root in spans:
        stack = [(root, iter(sorted(uses[root], key=list(spans).index)))] if root not in state else []
        if stack:
            state[root] = "open"
        while stack:
            name, rest = stack[-1]
            below = next(rest, None)
            if below is None:
                stack.pop()
                state[name] = "done"
                order.append(name)
            elif state.get(below) == "open":
                names = [open_name for open_name, _ in stack]
                path = [*names[names.index(below) :], below]
                raise Rejected([Diagnostic("WD304", spans[path[0]], {"path": " -> ".join(path)})])
            elif below not in state:
                state[below] = "open"
                stack.append((below, iter(sorted(uses[below], key=list(spans).index))))
    return order
