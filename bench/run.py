"""Runs every benchmark and writes what was measured into `docs/performance.md`.

    python bench/run.py
    python bench/run.py --only matching --only full_check

A further benchmark is a further line in `BENCHES`: a script of this folder whose first line of output names its
scale, and one line of which names its measures and ends in `ratio R`. `--only` measures some and leaves the lines of
the others as they are. A goal that is missed is marked in the page; one that fails (answers that differ) ends in 1.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs/performance.md"


@dataclass(frozen=True)
class Bench:
    """What is claimed, the script with its options, and the ratio that is the goal: `at most` or `at least`."""

    claim: str
    script: str
    goal: str
    bound: float
    options: str = ""

    @property
    def command(self) -> str:
        return f"python bench/{self.script} {self.options}".strip()

    def reached(self, ratio: float) -> bool:
        return ratio <= self.bound if self.goal == "at most" else ratio >= self.bound


FULL = "a full check, beside the same questions in hand-written DuckDB SQL"
BENCHES = (
    Bench('`wuding lint` on one small book, beside `python -c "import pydantic, yaml"`', "startup.py", "at most", 2.5),
    Bench(FULL, "full_check.py", "at most", 1.5, "--facts 100000 --leaves 1000"),
    Bench(FULL, "full_check.py", "at most", 1.5, "--facts 1000000 --leaves 10000"),
    Bench(FULL, "full_check.py", "at most", 1.5, "--facts 10000000 --leaves 100000 --rounds 3"),
    Bench(
        "matching of 20 conditions: facts per second, beside the fastest engine that judges one fact at a time",
        "matching.py",
        "at least",
        50,
    ),
    Bench(
        "one fact from `record()` to its answer, durably committed, a year of a county behind it, beside a bare insert",
        "arrival.py",
        "at most",
        8,
    ),
)
TOP = """# Performance

Ratios, for times belong to machines: two things run in turns on one, and their medians are divided. This page is
written by `python bench/run.py`; each benchmark can be run alone and says what it does in its first lines. Those that
compare answers fail when the answers differ. A goal that was missed is marked ✗.

| what | measured | ratio | goal | run it |
|---|---|---|---|---|
"""


def line_of(bench: Bench, python: str = sys.executable) -> tuple[str, bool]:
    """The bench's line in the page, and whether it ran without fault."""
    command = [python, str(HERE / bench.script), *bench.options.split()]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    print(ran.stdout, ran.stderr, sep="", end="", flush=True)
    found = re.search(r"^(.*?) +ratio ([\d.]+)$", ran.stdout, re.MULTILINE)
    if found is None:
        return (
            f"| {bench.claim} | could not be measured | | {bench.goal} {bench.bound:g} ✗ | `{bench.command}` |",
            False,
        )
    ratio = float(found[2])
    scale = ran.stdout.splitlines()[0]
    measured = re.sub(r" {2,}", "; ", found[1].strip()) + ("" if ran.returncode == 0 else "; FAILED")
    mark = "" if bench.reached(ratio) else " ✗"
    cells = (bench.claim, f"{scale}: {measured}", f"{ratio:.2f}", f"{bench.goal} {bench.bound:g}{mark}")
    return f"| {' | '.join(cells)} | `{bench.command}` |", ran.returncode == 0


def kept(page: str, bench: Bench) -> str | None:
    """The line that the page already has for the bench."""
    return next((line for line in page.splitlines() if line.endswith(f"| `{bench.command}` |")), None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="SCRIPT", help="measure these alone, by name")
    given = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    lines, sound = [], True
    for bench in BENCHES:
        if given.only and Path(bench.script).stem not in given.only:
            line = kept(page, bench)
            lines += [line] if line else []
            continue
        line, fine = line_of(bench)
        lines.append(line)
        sound &= fine
    where = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    PAGE.write_text(f"{TOP}" + "\n".join(lines) + f"\n\nMeasured on {where}.\n", encoding="utf-8")
    return int(not sound)


if __name__ == "__main__":
    raise SystemExit(main())
