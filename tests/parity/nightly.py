"""The nightly-size run: `python -m tests.parity.nightly --cases 20000`.

Cases are shared out over the sections and drawn from a fresh seed, which is printed. Every kind of difference is
shown once, in a case made small; the exit code says whether there was any.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback

from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.parity.engine import difference
from tests.parity.reduce import kind_of, reduced
from tests.parity.worlds import SECTIONS, Case, cases


def hunt(section: str, count: int, fresh: int) -> tuple[int, dict[str, Case]]:
    """How many cases ran, and the shortest failing case of each kind of difference."""
    failing: dict[str, Case] = {}
    ran = 0

    @seed(fresh)
    @settings(
        max_examples=count, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(cases(section))
    def run(case: Case) -> None:
        nonlocal ran
        ran += 1
        if found := found_in(case):
            kind = kind_of(found)
            if kind not in failing or len(repr(case)) < len(repr(failing[kind])):
                failing[kind] = case

    run()
    return ran, failing


def found_in(case: Case) -> str:
    """The difference; an exception is one too."""
    try:
        return difference(case)
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        return f"~ {type(error).__name__} in {at.name}: {error}".splitlines()[0]


def told(case: Case) -> str:
    """The case made small and its difference."""
    small = reduced(case, found_in)
    return f"{small!r}\n{found_in(small)}\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--section", action="append", choices=[*SECTIONS, "mixed"])
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args(arguments)
    sections = given.section or [*SECTIONS, "mixed"]
    total = bad = 0
    for n, section in enumerate(sections):
        begun = time.monotonic()
        ran, failing = hunt(section, -(-given.cases // len(sections)), given.seed + n)
        total, bad = total + ran, bad + len(failing)
        print(f"== {section}: {ran} cases, seed {given.seed + n}, {time.monotonic() - begun:.0f} s, "
              f"{len(failing)} kinds of difference", flush=True)  # fmt: skip
        for kind, case in sorted(failing.items(), key=lambda pair: len(repr(pair[1]))):
            print(f"-- {kind}\n{told(case)}", flush=True)
    print(f"{total} cases, {bad} kinds of difference")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
