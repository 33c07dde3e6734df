"""One term's joins over the facts of one evaluation: what is asked of the library, and what its answers mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from wuding.domain.calendar import due, is_workday
from wuding.domain.fact import Fact
from wuding.domain.instants import day_start_us, local_day
from wuding.engines.durable.batch import Batch, Found, Job, Truth
from wuding.engines.durable.cells import LIMIT, NUMERIC, encoded, field_of
from wuding.engines.durable.joins import ALIASES, Joined, Part
from wuding.engines.durable.library import Fired
from wuding.engines.terms import thing_of
from wuding.lang.nodes import Duration

Aim = Literal["exist", "sure", "possible"]


@dataclass(frozen=True)
class Question:
    """A rule set with its messages. `aim`: matches with what must exist; or the facts without a counterpart (`place`
    in the joins' absences) among those that are sure, or possible. `seqs`: by message, the fact's sequence."""

    aim: Aim
    place: int
    job: Job
    seqs: Mapping[str, int]


@dataclass(frozen=True)
class Asked:
    """All questions of one term. `truths`: of the fact itself and of each counterpart that must exist."""

    questions: Sequence[Question]
    truths: Sequence[Truth]
    mine: Mapping[str, Sequence[Fact]]
    joined: Joined
    all_sure: frozenset[int]  # absences whose counterparts are all certain: one answer serves for both aims


def ask(batch: Batch, joined: Joined, known: Mapping[int, Truth]) -> Asked:
    """The questions of a term, `known` having the truth of its own condition and of its counterparts."""
    truths = [known[place] for place in joined.places]
    facts = {part: [f for f in batch.facts.get(part[1], ()) if f.seq in truths[part[0]]] for part in joined.parts}
    numbers = {f.seq: _numbers(batch, joined, f) for f in {f.seq: f for some in facts.values() for f in some}.values()}
    questions: list[Question] = []

    def add(aim: Aim, place: int, definitions: Sequence[str], parts: Sequence[tuple[Part, Fact]]) -> None:
        names = batch.names(len(parts))
        messages = [
            f'{{"id":"{name}","part":{joined.parts[part]},{numbers[fact.seq]}}}'
            for name, (part, fact) in zip(names, parts, strict=True)
        ]
        seqs = {name: fact.seq for name, (_, fact) in zip(names, parts, strict=True)}
        questions.extend(Question(aim, place, (definition, messages), seqs) for definition in definitions)

    exist = [part for part in joined.parts if part[0] < joined.positive]
    if len({part[0] for part in exist if facts[part]}) == joined.positive:
        add("exist", 0, joined.exist, [(part, fact) for part in exist for fact in facts[part]])
    all_sure = set()
    for n, absence in enumerate(joined.absences):
        mine = [(absence.mine, fact) for fact in facts[absence.mine]]
        possible = [(absence.theirs, fact) for fact in facts[absence.theirs]]
        sure = [(part, fact) for part, fact in possible if truths[part[0]][fact.seq]]
        if len(sure) == len(possible):
            all_sure.add(n)
        # What must be absent is asserted first.
        if mine and possible:
            add("possible", n, absence.definitions, [*possible, *mine])
        if mine and sure and n not in all_sure:
            add("sure", n, absence.definitions, [*sure, *mine])
    by_type = {type_: facts[0, type_] for place, type_ in joined.parts if place == 0}
    return Asked(questions, truths[: joined.positive], by_type, joined, frozenset(all_sure))


def answer(asked: Asked, fired: Sequence[Fired]) -> Found:
    """The matches of a term: certain where all facts are and no counterpart that must not exist is possible;
    possible where none of those is certain."""
    joined, truths = asked.joined, asked.truths
    without: dict[tuple[Aim, int], set[int]] = {}
    tuples: set[tuple[int, ...]] = set() if joined.exist else {(seq,) for seq in truths[0]}
    for question, found in zip(asked.questions, fired, strict=True):
        seqs = question.seqs
        if question.aim == "exist":
            tuples |= {tuple(seqs[frame[alias]] for alias in ALIASES[: joined.positive]) for _, frame in found}
        else:
            kept = without.setdefault((question.aim, question.place), set())
            kept |= {seqs[frame[ALIASES[0]]] for _, frame in found}
    barred: dict[Aim, set[int]] = {"sure": set(), "possible": set()}  # facts with such a counterpart
    for n, absence in enumerate(joined.absences):
        every = {fact.seq for fact in asked.mine[absence.mine[1]]}
        for aim in barred:
            kept_ = without.get(("possible" if n in asked.all_sure else aim, n))
            barred[aim] |= every - kept_ if kept_ is not None else set()
    return [
        (seqs, seqs[0] not in barred["possible"] and all(t[seq] for t, seq in zip(truths, seqs, strict=True)))
        for seqs in sorted(tuples)
        if seqs[0] not in barred["sure"]
    ]


def _numbers(batch: Batch, joined: Joined, fact: Fact) -> str:
    """What a fact's messages say of it, whichever part it takes."""
    fields = thing_of(batch.compiled.program, fact.type).fields
    found = {"one": 1, "seq": fact.seq, "at": fact.at}
    for n, name in enumerate(joined.keys):
        cell, type_ = field_of(fact, name, fields.get(name))
        value = encoded(cell, type_, "number" if type_ in NUMERIC else type_, batch.zone, batch.codes)
        found[f"key{n}"] = -LIMIT if value is None else value
    for k, window in joined.windows.items():
        found[f"end{k}"] = _end(batch, fact.at, window)
    return ",".join(f'"{name}":{value}' for name, value in found.items())


def _end(batch: Batch, at: int, window: Duration) -> int:
    """The end of a window that starts at an instant (semantics 11)."""
    if window.unit in ("min", "h"):
        return at + due(0, window.n, window.unit, "UTC")
    zone = batch.zone
    country = next((s.holidays for s in batch.compiled.program.calendar.values() if s.holidays), "CN")
    start = day_start_us(local_day(at, zone), zone)
    return due(start, window.n, window.unit, zone, lambda day: is_workday(country, day))
