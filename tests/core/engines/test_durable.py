"""The durable engine's adapter: each rule by which durable-rules can be trusted, and what happens without it."""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.parity import kit
from tests.parity.kit import fact, head, is_, num, sel

from wuding.domain.fact import Fact
from wuding.domain.period import Every
from wuding.engines.base import Match
from wuding.engines.columnar.matches import Columnar
from wuding.engines.durable import supervise
from wuding.engines.durable.batch import Ids, fnv
from wuding.engines.durable.cells import cell_of
from wuding.engines.durable.library import available, fired
from wuding.engines.durable.limits import MESSAGES, SET_LEAVES
from wuding.engines.durable.rulesets import compiled, left_over
from wuding.engines.durable.supervise import DurableWorker
from wuding.engines.frames import frame_of
from wuding.engines.matchers import open_matcher
from wuding.errors import WudingError
from wuding.lang.nodes import And, Cmp, Cond, Field, Lit, Not, OneOf, Or
from wuding.program.model import Patrol, Program, Selector

needs_library = pytest.mark.skipif(not available(), reason="durable-rules is not for this Python")


@pytest.fixture(scope="module")
def worker() -> Iterator[DurableWorker]:
    with DurableWorker() as found:
        yield found


def book(*dos: Selector, **types: dict[str, str]) -> Program:
    rules = [Patrol(head(f"r{n}"), kit.BLOCK, do=do, every=Every("month")) for n, do in enumerate(dos)]
    facts = {**kit.DOMAIN.facts, **{name: kit.thing(name, fields) for name, fields in types.items()}}
    return kit.program(*rules, domain=replace(kit.DOMAIN, facts=facts), uses={})


def numbered(*facts: Fact) -> list[Fact]:
    return [replace(one, seq=n) for n, one in enumerate(facts, 1)]


def agreed(worker: DurableWorker, program: Program, facts: list[Fact]) -> list[tuple[str, tuple[int, ...], bool]]:
    """What both engines say, the durable one by itself."""
    before = worker.tally.answered
    found = worker.matches(program, facts)
    assert worker.tally.answered == before + 1
    assert found == Columnar().matches(program, facts)
    return [(m.term, m.seqs, m.certain) for m in found]


VISIT = kit.VISIT
THING = {"x": "text", "flag": "bool", "n": "number", "m": "int", "day": "date"}


# ── values ───────────────────────────────────────────────────────────────────────────────────────
@needs_library
def test_texts_are_equal_to_themselves_alone(worker: DurableWorker) -> None:
    told = ("火灾", "火 灾", "火", "3", "true", "b'\"\\", "", "长" * 70_000, "长" * 70_000 + "。")
    program = book(*(sel("fact", "t", when=is_("x", text, "text")) for text in told), t=THING)
    facts = numbered(*(fact("t", "2024-01-10", "B1", x=text) for text in told))
    assert [seqs for _, seqs, _ in agreed(worker, program, facts)] == [(n,) for n in range(1, len(told) + 1)]


@needs_library
def test_a_truth_value_is_no_number_and_no_text(worker: DurableWorker) -> None:
    yes, one, true = is_("flag", True, "bool"), is_("n", num(1), "number"), is_("x", "true", "text")
    program = book(*(sel("fact", "t", when=when) for when in (yes, one, true)), t=THING)
    facts = numbered(
        fact("t", "2024-01-10", "B1", flag=True, n="0", x=""), fact("t", "2024-01-10", "B1", flag=False, n="1.0", x=""),
        fact("t", "2024-01-10", "B1", flag=False, n="0", x="true"),
    )  # fmt: skip
    assert agreed(worker, program, facts) == [("do", (n,), True) for n in (1, 2, 3)]


@needs_library
def test_decimals_are_exact_however_small(worker: DurableWorker) -> None:
    small = Cmp(">", Field("n", "number"), Lit(Fraction(1, 100_000), "number"))
    tiny = Cmp(">", Field("n", "number"), Lit(Fraction(1, 10**7), "number"))  # no whole number of millionths
    program = book(sel("fact", "t", when=small), sel("fact", "t", when=tiny), t=THING)
    facts = numbered(*(fact("t", "2024-01-10", "B1", n=n) for n in ("0.00001", "0.000011", "0", "-1", "1e-5")))
    found = worker.matches(program, facts)
    assert found == Columnar().matches(program, facts)
    sure = [(m.rule, m.seqs) for m in found if m.certain]
    assert sure == [("r0", (2,)), ("r1", (1,)), ("r1", (2,))]


@needs_library
def test_a_number_beyond_the_limits_is_left_to_the_columnar_engine() -> None:
    large = sel("fact", "t", when=Cmp(">", Field("m", "int"), num(5)))
    facts = numbered(fact("t", "2024-01-10", "B1", m=2**63 - 1), fact("t", "2024-01-10", "B1", m=2**62 - 1))
    with DurableWorker() as worker:
        found = worker.matches(book(large, t=THING), facts)
        assert (worker.tally.misfit, worker.tally.answered) == (1, 0)
        assert [m.seqs for m in found if m.certain] == [(1,), (2,)]
        assert len(worker.matches(book(large, t=THING), facts[1:])) == 1
        assert (worker.tally.misfit, worker.tally.answered) == (1, 1)


def test_a_missing_field_is_possible_and_not_certain(worker: DurableWorker) -> None:
    tests: list[Cond] = [Cmp(op, Field("m", "int"), num(0)) for op in ("=", "!=", "<", "<=", ">", ">=")]
    wanted = [sel("fact", "t", when=test) for test in (*tests, *map(Not, tests))]
    program, facts = book(*wanted, t=THING), numbered(fact("t", "2024-01-10", "B1"))
    found = worker.matches(program, facts)
    assert found == Columnar().matches(program, facts) == sorted(
        Match(f"r{n}", "do", (1,), False) for n in range(len(wanted))
    )  # fmt: skip


def test_one_field_is_read_as_frames_read_it() -> None:
    rng = Random(5)
    digits = [rng.choice("0123456789+-. eE") for _ in range(4000)]
    texts = ["".join(digits[n : n + rng.randint(1, 9)]) for n in range(0, 3990, 2)]
    texts += [
        "2024-02-29",
        "2023-02-29",
        "2024-1-1",
        "0001-01-01",
        "true",
        "false",
        "True",
        "2h",
        "90 min",
        "3d",
        "3 w",
    ]
    texts += [
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "9223372036853.5",
        "9223372036854.5",
    ]
    texts += [
        "2024-01-10T02:00:00Z",
        "2024-01-10T02:00:00.123456Z",
        "2024-01-10T02:00:00.000001Z",
        "106751991d",
        "106751992d",
    ]
    values: list[Any] = [*texts, True, False, 5, -7, 0, None]
    for type_ in ("text", "id", "enum", "person", "int", "number", "money", "bool", "date", "time", "duration"):
        facts = [Fact(n, "toy", "t", "B1", None, None, 0, 0, {"x": value}) for n, value in enumerate(values)]
        frame = frame_of(facts, kit.thing("t", {"x": type_}).fields)
        assert [cell_of(value, type_) for value in values] == frame["f.x"].to_list(), type_


# ── limits ───────────────────────────────────────────────────────────────────────────────────────
def many(count: int) -> Cond:
    return And(tuple(Cmp("!=", Field("m", "int"), num(n)) for n in range(1, count + 1)))


def test_what_the_library_cannot_bear_is_said_when_compiling() -> None:
    fits, long = sel("fact", "t", when=many(14)), sel("fact", "t", when=many(30))
    wide = sel(
        "fact", "t", when=And(tuple(Or((is_("x", f"a{n}", "text"), is_("x", f"b{n}", "text"))) for n in range(7)))
    )
    crowd = sel("fact", "t", having=tuple(sel("fact", "visit") for _ in range(8)))
    known = compiled(book(fits, long, wide, crowd, t=THING))
    told = {d.args["rule"]: (d.code, d.args["kind"], d.args["count"], d.args["limit"]) for d in left_over(known)}
    assert told == {
        "r1": ("WD890", "tests", 30 + 1, 28), "r2": ("WD890", "conjunctions", 128, 64),
        "r3": ("WD890", "joined-facts", 9, 8),
    }  # fmt: skip


def test_no_rule_set_has_more_than_it_may() -> None:
    one_of = OneOf(Field("x", "text"), tuple(Lit(f"v{n}", "text") for n in range(40)))
    known = compiled(book(sel("fact", "t", when=And((one_of, many(5)))), t=THING))
    assert not known.misfits
    sets = [json.loads(rules.definition) for some in known.alpha.values() for rules in some]
    sizes = [sum(_leaves(rule) for rule in rules.values()) for rules in sets]
    assert len(sets) > 5 and max(sizes) <= SET_LEAVES


def _leaves(rule: Any) -> int:
    patterns = [test for pattern in rule["all"] for test in pattern.values()]
    return sum(len(test.get("$and", [test])) for test in patterns)


@needs_library
def test_terms_beyond_the_limits_are_matched_all_the_same(worker: DurableWorker) -> None:
    long = sel("fact", "t", when=many(30))
    around = sel("fact", "visit", having=(replace(long, same=("grid",)),), lacking=(sel("fact", "note"),))
    program = book(long, around, VISIT, t=THING)
    facts = numbered(
        fact("t", "2024-01-10", "B1", m=40), fact("t", "2024-01-10", "B1"), fact("visit", "2024-01-10", "B1"),
        fact("visit", "2024-01-10", "B2"), fact("t", "2024-01-10", "B2", m=40),
        fact("note", "2024-01-11", "B2", ref="R"),
    )  # fmt: skip
    found = [(m.term, m.seqs, m.certain) for m in worker.matches(program, facts) if m.rule == "r1"]
    assert found == [(term, seqs, sure) for term, seqs, sure in agreed(worker, program, facts) if len(seqs) > 1 or
                     "with" in term]  # fmt: skip
    assert ("do", (3, 1), True) in found and ("do", (3, 2), False) in found


@needs_library
def test_too_many_facts_for_one_evaluation_go_to_the_columnar_engine() -> None:
    facts = [replace(fact("visit", "2024-01-10", "B1", people=n % 3), seq=n) for n in range(1, MESSAGES + 2)]
    with DurableWorker() as worker:
        found = worker.matches(book(sel("fact", "visit", when=is_("people", num(1), "int"))), facts)
        assert (worker.tally.misfit, worker.tally.answered) == (1, 0)
        assert len(found) == len([n for n in range(1, MESSAGES + 2) if n % 3 == 1])


# ── hashes ───────────────────────────────────────────────────────────────────────────────────────
ALIKE = ("40189", "797186")  # the first decimal numbers of one hash


def test_a_name_whose_hash_is_taken_is_skipped() -> None:
    assert fnv(ALIKE[0]) == fnv(ALIKE[1])
    ids = Ids(["40189"], {fnv("40189")}, tried=797184)
    assert ids.first(3) == ["40189", "797185", "797187"]


@needs_library
def test_the_library_would_mix_up_two_messages_of_one_hash() -> None:
    """Why names are skipped."""
    definition = json.dumps({"probe": {"all": [{"m": {"probe": 1}}]}, "r": {"all": [{"m": {"f0": 1}}]}})
    with pytest.raises(RuntimeError, match="code 2"):
        fired(definition, [f'{{"id":"{name}","f0":1}}' for name in ALIKE])


@needs_library
def test_what_the_library_refuses_is_an_error_and_no_crash() -> None:
    with pytest.raises(RuntimeError):
        fired('{"probe": {"all": [{"m": {"probe": 1}}]}, "r": {"all": [{"m": {"$nonsense": {"f0": 1}}}]}}', [])


# ── the process ──────────────────────────────────────────────────────────────────────────────────
REPORTED = sel(
    "fact", "report", when=is_("severity", "a"), having=(sel("fact", "fix"),), lacking=(sel("fact", "note"),)
)
FACTS = numbered(
    fact("report", "2024-01-10", "B1", ref="R1", severity="a"), fact("fix", "2024-01-12", "B1", ref="R1"),
    fact("report", "2024-01-10", "B1", ref="R2"), fact("fix", "2024-01-12", "B1", ref="R2"),
    fact("report", "2024-01-10", "B1", ref="R3", severity="a"), fact("fix", "2024-01-12", "B1", ref="R3"),
    fact("note", "2024-01-12", "B1", ref="R3"),
)  # fmt: skip
BOOK = book(REPORTED)


def expected() -> list[Match]:
    found = Columnar().matches(BOOK, FACTS)
    assert [m for m in found if m.term == "do"] == [Match("r0", "do", (1, 2), True), Match("r0", "do", (3, 4), False)]
    return found


@needs_library
def test_a_worker_that_was_killed_costs_one_batch(caplog: pytest.LogCaptureFixture) -> None:
    with DurableWorker() as worker:
        assert worker.matches(BOOK, FACTS) == expected()
        first = worker.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        with caplog.at_level(logging.WARNING):
            assert worker.matches(BOOK, FACTS) == expected()
        assert "WD891" in caplog.text
        assert (worker.tally.answered, worker.tally.lost, worker.tally.started) == (1, 1, 2)
        assert worker.matches(BOOK, FACTS) == expected()
        assert worker.pid not in (None, first) and worker.tally.answered == 2


@needs_library
def test_a_worker_killed_in_the_middle_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the conditions on single facts were answered, before the joins are."""
    with DurableWorker() as worker:
        assert worker.matches(BOOK, FACTS) == expected()
        sent = 0

        def and_kill(pipe: Any, content: object) -> None:
            nonlocal sent
            sent += 1
            supervise_send(pipe, content)
            if sent == 2 and worker.pid is not None:
                os.kill(worker.pid, signal.SIGKILL)

        supervise_send = supervise.send
        monkeypatch.setattr(supervise, "send", and_kill)
        os.kill(worker.pid or 0, signal.SIGSTOP)  # so that it cannot be faster than we are
        os.kill(worker.pid or 0, signal.SIGCONT)
        assert worker.matches(BOOK, FACTS) == expected()
        assert sent == 2 and worker.tally.lost + worker.tally.answered == 2


@needs_library
def test_a_worker_that_hangs_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    with DurableWorker(limit=0.3) as worker:
        assert worker.matches(BOOK, FACTS) == expected()
        os.kill(worker.pid or 0, signal.SIGSTOP)
        with caplog.at_level(logging.WARNING):
            assert worker.matches(BOOK, FACTS) == expected()
        assert "WD892" in caplog.text and worker.tally.lost == 1


@needs_library
def test_a_worker_that_is_always_lost_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with DurableWorker() as worker:
        for _ in range(supervise.PATIENCE):
            os.kill(worker._started().pid, signal.SIGKILL)
            assert worker.matches(BOOK, FACTS) == expected()
        assert worker.pid is None
        assert worker.matches(BOOK, FACTS) == expected()
        assert worker.tally.lost == supervise.PATIENCE and worker.pid is None
        later = time.monotonic() + supervise.REST + 1
        monkeypatch.setattr(supervise.time, "monotonic", lambda: later)
        assert worker.matches(BOOK, FACTS) == expected()
        assert worker.tally.answered == 1


@needs_library
def test_closing_ends_the_process() -> None:
    worker = DurableWorker()
    worker.matches(BOOK, FACTS)
    pid = worker.pid
    assert pid is not None and Path(f"/proc/{pid}").exists()
    worker.close()
    assert not Path(f"/proc/{pid}").exists()
    worker.close()
    assert worker.matches(BOOK, FACTS) == expected()  # it may be asked again
    worker.close()


@needs_library
def test_many_evaluations_do_not_grow_the_worker() -> None:
    def resident(pid: int | None) -> int:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096

    with DurableWorker() as worker:
        for _ in range(100):
            worker.matches(BOOK, FACTS)
        before = resident(worker.pid)
        for _ in range(500):
            worker.matches(BOOK, FACTS)
        assert worker.tally.lost == 0 and resident(worker.pid) - before < 4_000_000


# ── where there is no library ────────────────────────────────────────────────────────────────────
def test_without_the_library_the_columnar_engine_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wuding.engines.durable.library.available", lambda: False)
    monkeypatch.setattr(supervise, "available", lambda: False)
    assert isinstance(open_matcher(), Columnar)
    with pytest.raises(WudingError, match="WD894"):
        open_matcher("durable")
    with DurableWorker() as worker:
        assert worker.matches(BOOK, FACTS) == expected() and worker.pid is None


@needs_library
def test_the_durable_engine_is_the_default_where_it_can_be() -> None:
    assert isinstance(open_matcher(), DurableWorker) and isinstance(open_matcher("columnar"), Columnar)
    with pytest.raises(ValueError):
        open_matcher("other")


# ── what arrives ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("engine", [pytest.param("durable", marks=needs_library), "columnar"])
def test_touched_are_the_matches_in_which_a_new_fact_takes_part(engine: str) -> None:
    matcher = open_matcher(engine)
    program = book(REPORTED, VISIT)
    try:
        every = matcher.matches(program, FACTS)
        for n, new in enumerate(FACTS):
            around = FACTS[:n] + FACTS[n + 1 :]
            assert matcher.touched(program, [new], around) == [m for m in every if new.seq in m.seqs]
        # What must not exist, arriving: the match that it ends is no more; it is told by its own term.
        note = FACTS[-1]
        assert [m.term for m in matcher.touched(program, [note], FACTS[:-1])] == ["do.without.0"]
    finally:
        matcher.close()
