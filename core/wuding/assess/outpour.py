"""A check whose findings are handed out as soon as they are there, and not kept: it takes the memory of its widest
rule, not of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace

import polars as pl

from wuding.assess.assessors import SIDE_BY_SIDE, strata
from wuding.assess.check import assessed_apart, facts_read
from wuding.assess.frame import named_lazily, oldest_names
from wuding.engines.base import Snapshot
from wuding.engines.columnar.context import open_context
from wuding.engines.columnar.kept import together
from wuding.engines.columnar.things import selectable
from wuding.program.added import Added
from wuding.program.builtin import FACTS
from wuding.program.model import Escalation, Program, Rule, Selector, Veto
from wuding.program.parts import parts_of

Tell = Callable[[str, pl.LazyFrame], None]


def pour(program: Program, snap: Snapshot, tell: Tell) -> None:
    """The findings of a book as of the snapshot's moment, as `conclude` has them: `tell` is given each rule's key and
    its findings (`book id` and the columns of `frame.SCHEMA`, in its types), in another thread, rule by rule. What no
    later rule may select is forgotten when it is told."""
    ctx = replace(open_context(program, snap), once=_named_once(program))
    names = oldest_names(program)

    def hand_out(rule: Rule, found: list[pl.DataFrame]) -> None:
        tell(rule.head.key, pl.concat(named_lazily(part, program.book, names) for part in found))

    told: list[Future[None]] = []
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool, ThreadPoolExecutor(1) as other:
        groups = strata(program)
        for n, stratum in enumerate(groups):
            later = [rule for group in groups[n + 1 :] for rule in group]
            running = {pool.submit(assessed_apart, ctx, rule, names): rule for rule in sorted(stratum, key=_widest)}
            while running:
                done = next(as_completed(running))
                rule, found = running.pop(done), done.result()
                told.append(other.submit(hand_out, rule, found))
                if any(rule.head.key in program.uses.get(one.head.key, ()) for one in later):
                    kept = pl.concat(_for_later(program, rule, part, later) for part in found)
                    ctx.findings[rule.head.id] = together(ctx.findings.get(rule.head.id), kept)
                del done, found  # what is told is held by whoever it is told to
                ctx.forget(facts_read([*running.values(), *later]))
        for last in told:
            last.result()


def _named_once(program: Program) -> frozenset[str]:
    """The fact types that one selector alone is about, of a rule that does not come back to it."""
    named: Counter[str] = Counter()
    for rule in program.rules:
        read = [p for p in parts_of(rule) if isinstance(p, Selector) and p.source == "fact"]
        again = not isinstance(rule, Escalation) or any(step.else_back for step in rule.steps)
        for name in (name for sel in read for name in sel.names):
            named[name] += 2 if again else 1
    return frozenset(name for name, times in named.items() if times == 1) - FACTS.keys()


def _widest(rule: Rule) -> bool:
    """Cases come first: there are findings for each step of each of them, and writing them takes longest."""
    return not isinstance(rule, Escalation)


def _for_later(program: Program, rule: Rule, found: pl.DataFrame, later: Sequence[Rule]) -> pl.DataFrame:
    """Of a rule's findings those that later rules may select; all, where somebody reads them otherwise."""
    asked = {param.by_finding for param in program.parameters.values()}
    if isinstance(rule, Veto) or rule.head.id in asked or any(isinstance(one, Added) for one in later):
        return found
    parts = (part for one in later for part in parts_of(one))
    return selectable(rule.head.id, found, [p for p in parts if isinstance(p, Selector) and p.source == "finding"])
