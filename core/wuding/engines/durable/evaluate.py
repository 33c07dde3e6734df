"""One evaluation: facts become messages, rules that fired become matches (semantics 28).

First the conditions on single facts, then the joins, counterparts before those whose counterparts they are. What
runs the rule sets is handed in; it gets them in batches and keeps nothing from one to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, pairwise

from wuding.domain.fact import Fact
from wuding.engines.durable.batch import Batch, Found, Ids, Job, Truth
from wuding.engines.durable.cells import Codes
from wuding.engines.durable.conditions import numbers_of
from wuding.engines.durable.joining import answer, ask
from wuding.engines.durable.library import Fired
from wuding.engines.durable.rulesets import Compiled
from wuding.engines.terms import thing_of

Run = Callable[[Sequence[Job]], list[Fired]]


def evaluate(
    compiled: Compiled,
    places: Sequence[int],
    facts: Mapping[str, Sequence[Fact]],
    truths: Mapping[int, Truth],
    run: Run,
    ids: Ids,
) -> dict[int, Found]:
    """For each of the terms at `places` its matches: sequences, and whether they are certain.

    The places are in order and have among them, or in `truths`, all counterparts. Raises Misfit for facts that go
    beyond the limits, and whatever `run` raises."""
    batch = Batch(compiled, facts, Codes(compiled.codes.known), ids)
    own = _own(batch, places, run)
    known = dict(truths)
    found: dict[int, Found] = {}
    for level in _levels(compiled, places):
        joins = [n for n in level if n in compiled.joined]
        for n in level:
            if n not in compiled.joined:
                found[n] = [((seq,), sure) for seq, sure in own[n].items()]
        found |= _joined(batch, joins, own, known, run)
        known |= {n: truth_of(found[n]) for n in level}
    return found


def truth_of(found: Found) -> Truth:
    truth: Truth = {}
    for seqs, sure in found:
        truth[seqs[0]] = truth.get(seqs[0], False) or sure
    return truth


def _levels(compiled: Compiled, places: Sequence[int]) -> list[list[int]]:
    """The places in groups, each of which needs earlier groups only."""
    level: dict[int, int] = {}
    for n in places:
        term = compiled.terms[n]
        level[n] = 1 + max((level.get(k, 0) for k in (*term.having, *term.lacking)), default=0)
    return [[n for n in places if level[n] == depth] for depth in range(1, max(level.values(), default=0) + 1)]


# ── conditions on one fact ───────────────────────────────────────────────────────────────────────
def _own(batch: Batch, places: Sequence[int], run: Run) -> dict[int, Truth]:
    compiled, wanted = batch.compiled, set(places)
    found: dict[int, Truth] = {n: {} for n in places}

    def note(n: int, sure: bool, facts: Iterable[Fact]) -> None:
        for fact in facts:
            found[n][fact.seq] = found[n].get(fact.seq, False) or sure

    for n, sure, type_ in compiled.always:
        if n in wanted:
            note(n, sure, batch.facts.get(type_, ()))
    jobs: list[Job] = []
    read: list[tuple[Mapping[str, tuple[int, bool]], Mapping[str, Fact]]] = []
    for type_, rule_sets in compiled.alpha.items():
        facts = batch.facts.get(type_, ())
        fields = thing_of(compiled.program, type_).fields
        names = batch.names(len(facts))
        for rules in rule_sets if facts else ():
            if wanted.isdisjoint(n for n, _ in rules.rules.values()):
                continue
            told = (numbers_of(fact, rules.numbers, fields, batch.zone, batch.codes) for fact in facts)
            messages = [f'{{"id":"{name}",{numbers}}}' for name, numbers in zip(names, told, strict=True)]
            jobs.append((rules.definition, messages))
            read.append((rules.rules, dict(zip(names, facts, strict=True))))
    for (rules_, by_name), fired in zip(read, run(jobs) if jobs else [], strict=True):
        for rule, frame in fired:
            n, sure = rules_[rule]
            if n in wanted:
                note(n, sure, [by_name[frame["m"]]])
    return found


# ── counterparts ─────────────────────────────────────────────────────────────────────────────────
def _joined(
    batch: Batch, places: Sequence[int], own: Mapping[int, Truth], known: Mapping[int, Truth], run: Run
) -> dict[int, Found]:
    """The matches of terms with counterparts, all in one run."""
    asked = [ask(batch, batch.compiled.joined[n], {**known, n: own[n]}) for n in places]
    jobs = [question.job for one in asked for question in one.questions]
    fired = run(jobs) if jobs else []
    ends = accumulate((len(one.questions) for one in asked), initial=0)
    parts = [fired[start:end] for start, end in pairwise(ends)]
    return {n: answer(one, part) for n, one, part in zip(places, asked, parts, strict=True)}
