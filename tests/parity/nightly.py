"""The nightly-size run: `python -m tests.parity.nightly --cases 20000`.

Cases are shared out over the sections and drawn from a fresh seed, which is printed. Of every ten, one goes through a
ledger and its columns too (`--recorded`). `--arrivals 2000` draws histories besides, which arrive fact by fact. Every
kind of difference is shown once, in a case made small; the exit code says whether there was any. `--drawn` ends with a
table of what was drawn and how often it mattered.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.parity.arrive import arrived_differently
from tests.parity.drawn import Drawn, merged
from tests.parity.engine import difference, recorded_difference
from tests.parity.history import History, histories
from tests.parity.oracle.check import check as oracle
from tests.parity.reduce import kind_of, reduced
from tests.parity.worlds import SECTIONS, Case, cases, comparable

from wuding.engines.matchers import open_matcher

Check = Callable[[Case], str]
LOOK = 10  # of so many cases one is looked at closely


@dataclass
class Hunt:
    """What came of the cases of a section. `failing`: of each kind of difference the shortest case."""

    ran: int = 0
    recorded: int = 0
    failing: dict[str, tuple[Case, Check]] = field(default_factory=dict)
    drawn: Drawn = field(default_factory=Drawn)

    def see(self, case: Case, check: Check) -> None:
        if found := found_by(check, case):
            kind = kind_of(found)
            if kind not in self.failing or len(repr(case)) < len(repr(self.failing[kind][0])):
                self.failing[kind] = (case, check)


def hunt(section: str, count: int, fresh: int, recorded: int = 10, look: bool = False) -> Hunt:
    """Draws the cases and checks them, every `recorded`-th (0: none) through a ledger too."""
    hunted = Hunt()
    chance = random.Random(fresh)

    @seed(fresh)
    @settings(
        max_examples=count, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(cases(section))
    def run(case: Case) -> None:
        hunted.ran += 1
        hunted.see(case, difference)
        if recorded and hunted.ran % recorded == 0:
            hunted.recorded += 1
            hunted.see(case, recorded_difference)
        if look:
            hunted.drawn.add(case)
            if hunted.ran % LOOK == 0:
                hunted.drawn.look(case, lambda c: comparable(oracle(c.program, c.world)), chance.randrange)

    run()
    return hunted


def hunt_arrivals(section: str, count: int, fresh: int) -> tuple[int, dict[str, History]]:
    """Draws histories and lets them arrive fact by fact: how many there were, and of each kind of difference from full
    checks the shortest."""
    failing: dict[str, History] = {}
    ran = 0
    matcher = open_matcher()

    @seed(fresh)
    @settings(
        max_examples=count, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(histories(section))
    def run(history: History) -> None:
        nonlocal ran
        ran += 1
        try:
            found = arrived_differently(history, matcher)
        except Exception as error:
            found = f"~ {type(error).__name__}: {error}".splitlines()[0]
        kind = kind_of(found) if found else ""
        if found and (kind not in failing or len(repr(history)) < len(repr(failing[kind]))):
            failing[kind] = history

    run()
    matcher.close()
    return ran, failing


def found_by(check: Check, case: Case) -> str:
    """The difference; an exception is one too."""
    try:
        return check(case)
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        return f"~ {type(error).__name__} in {at.name}: {error}".splitlines()[0]


def told(case: Case, check: Check) -> str:
    """The case made small and its difference."""

    def found(smaller: Case) -> str:
        return found_by(check, smaller)

    small = reduced(case, found)
    return f"{small!r}\n{found(small)}\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--section", action="append", choices=[*SECTIONS, "mixed"])
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--recorded", type=int, default=10, help="every so many cases through a ledger; 0: none")
    parser.add_argument("--arrivals", type=int, default=0, help="so many histories, besides, that arrive fact by fact")
    parser.add_argument("--drawn", action="store_true", help="say what was drawn and how often it mattered")
    given = parser.parse_args(arguments)
    sections = given.section or [*SECTIONS, "mixed"]
    drawn: dict[str, Drawn] = {}
    total = through = bad = 0
    for n, section in enumerate(sections):
        begun = time.monotonic()
        found = hunt(section, -(-given.cases // len(sections)), given.seed + n, given.recorded, given.drawn)
        total, through, bad = total + found.ran, through + found.recorded, bad + len(found.failing)
        drawn[section] = found.drawn
        print(f"== {section}: {found.ran} cases ({found.recorded} recorded too), seed {given.seed + n}, "
              f"{time.monotonic() - begun:.0f} s, {len(found.failing)} kinds of difference", flush=True)  # fmt: skip
        for kind, (case, check) in sorted(found.failing.items(), key=lambda pair: len(repr(pair[1][0]))):
            by = " (recorded)" if check is recorded_difference else ""
            print(f"-- {kind}{by}\n{told(case, check)}", flush=True)
    for n, section in enumerate(sections if given.arrivals else []):
        ran, failing = hunt_arrivals(section, -(-given.arrivals // len(sections)), given.seed + n)
        total, bad = total + ran, bad + len(failing)
        print(f"== {section}: {ran} histories, {len(failing)} kinds of difference", flush=True)
        for kind, history in failing.items():
            print(f"-- {kind}\n{history!r}", flush=True)
    if given.drawn:
        print(merged(drawn).table())
    print(f"{total} cases, {through} of them recorded too, {bad} kinds of difference")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
