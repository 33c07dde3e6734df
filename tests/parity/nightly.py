"""The nightly-size run: `python -m tests.parity.nightly --cases 20000`.

Of the cases, seven in ten are worlds that the oracle and the columnar engine check (every tenth of them through a
ledger and its columns too), one in ten is a history that is checked whole, by going on and fact by fact, and two in
ten are facts that the oracle, the columnar and the durable engine match; some histories of a county come on top. They
are shared out over the sections and drawn from a fresh seed, which is printed; `--section` and `--seed` draw the same
again. Every kind of difference is shown once, in a case made small where that is possible; the exit code says whether
there was any. `--drawn` ends with a table of what was drawn and how often it mattered.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy
from tests.parity.county import growing
from tests.parity.draw_matching import matching
from tests.parity.drawn import Drawn, merged
from tests.parity.engine import difference, recorded_difference
from tests.parity.going_on import arrived_differently, went_on_differently
from tests.parity.history import History, histories
from tests.parity.matched import matched_differently
from tests.parity.oracle.check import check as oracle
from tests.parity.reduce import kind_of, reduced
from tests.parity.worlds import SECTIONS, Case, cases, comparable

from wuding.engines.durable.library import available
from wuding.engines.matchers import open_matcher

C = TypeVar("C")
Check = Callable[[Any], str]
LOOK = 10  # of so many cases one is looked at closely
RECORDED = 10  # of so many cases one goes through a ledger


@dataclass
class Hunt:
    """What came of some cases. `failing`: of each kind of difference the shortest case, and who found it."""

    ran: int = 0
    failing: dict[str, tuple[Any, Check]] = field(default_factory=dict)

    def see(self, case: object, check: Check) -> None:
        if found := found_by(check, case):
            kind = kind_of(found)
            if kind not in self.failing or len(repr(case)) < len(repr(self.failing[kind][0])):
                self.failing[kind] = (case, check)


def found_by(check: Check, case: object) -> str:
    """The difference; an exception is one too."""
    try:
        return check(case)
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        return f"~ {type(error).__name__} in {at.name}: {error}".splitlines()[0]


def drawn_from(strategy: SearchStrategy[C], count: int, fresh: int, see: Callable[[C], None]) -> None:
    """Shows `see` so many examples."""

    @seed(fresh)
    @settings(
        max_examples=count, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def run(example: C) -> None:
        see(example)

    run()


def hunt_worlds(section: str, count: int, fresh: int, drawn: Drawn | None) -> Hunt:
    """Checks of everything, beside the oracle's."""
    hunt = Hunt()
    chance = random.Random(fresh)

    def see(case: Case) -> None:
        hunt.ran += 1
        hunt.see(case, difference)
        if hunt.ran % RECORDED == 0:
            hunt.see(case, recorded_difference)
        if drawn is not None:
            drawn.add(case)
            if hunt.ran % LOOK == 0:
                drawn.look(case, lambda c: comparable(oracle(c.program, c.world)), chance.randrange)

    drawn_from(cases(section), count, fresh, see)
    return hunt


def hunt_histories(strategy: SearchStrategy[History], count: int, fresh: int) -> Hunt:
    """Checks that go on, and findings carried along fact by fact, beside checks of everything."""
    hunt = Hunt()
    with closing(open_matcher()) as matcher:

        def arriving(history: Any) -> str:
            return arrived_differently(history, matcher)

        def see(history: object) -> None:
            hunt.ran += 1
            hunt.see(history, went_on_differently)
            hunt.see(history, arriving)

        drawn_from(strategy, count, fresh, see)
    return hunt


def hunt_matches(count: int, fresh: int) -> Iterator[tuple[str, Hunt]]:
    """Each engine's matches beside the oracle's."""
    for name in ("columnar", "durable") if available() else ("columnar",):
        hunt = Hunt()
        with closing(open_matcher(name)) as matcher:

            def matched(number: Any, matcher: Any = matcher) -> str:
                return matched_differently(matcher, matching(number))

            for number in range(fresh, fresh + count):
                hunt.ran += 1
                hunt.see(number, matched)
        yield name, hunt


def told(case: object, check: Check) -> str:
    """The case, made small if it is a world, and its difference."""
    if isinstance(case, Case):
        case = reduced(case, lambda smaller: found_by(check, smaller))
    return f"{case!r}\n{found_by(check, case)}\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--section", action="append", choices=[*SECTIONS, "mixed"])
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--drawn", action="store_true", help="say what was drawn and how often it mattered")
    asked = parser.parse_args(arguments)
    sections = asked.section or [*SECTIONS, "mixed"]
    worlds, past = (-(-asked.cases * share // (10 * len(sections))) for share in (7, 1))
    drawn = {section: Drawn() for section in sections} if asked.drawn else {}
    total = bad = 0

    def report(what: str, hunt: Hunt, fresh: int, begun: float) -> None:
        nonlocal total, bad
        total, bad = total + hunt.ran, bad + len(hunt.failing)
        took = f"seed {fresh}, {time.monotonic() - begun:.0f} s"
        print(f"== {what}: {hunt.ran} cases, {took}, {len(hunt.failing)} kinds of difference", flush=True)
        for kind, (case, check) in sorted(hunt.failing.items(), key=lambda pair: len(repr(pair[1][0]))):
            print(f"-- {kind} ({check.__name__})\n{told(case, check)}", flush=True)

    for fresh, section in enumerate(sections, asked.seed):
        begun = time.monotonic()
        report(section, hunt_worlds(section, worlds, fresh, drawn.get(section)), fresh, begun)
        begun = time.monotonic()
        report(f"{section}, histories", hunt_histories(histories(section), past, fresh), fresh, begun)
    begun = time.monotonic()
    report("county, histories", hunt_histories(growing(), past, asked.seed), asked.seed, begun)
    begun = time.monotonic()
    for name, hunt in hunt_matches(asked.cases // 10, asked.seed):
        report(f"matches, {name}", hunt, asked.seed, begun)
        begun = time.monotonic()
    if asked.drawn:
        print(merged(drawn).table())
    print(f"{total} cases, {bad} kinds of difference")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
