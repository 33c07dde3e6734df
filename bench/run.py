"""Runs every benchmark and writes what was measured into `docs/performance.md`.

    python bench/run.py
    python bench/run.py --only matching --only full_check

A further benchmark is a further line in `BENCHES`: a script of this folder whose first line of output names its
scale, and which prints for each measure a line that names it and ends in `ratio R`, the line being told from others by
how it begins (`line`). A script that is not there yet is left out. `--only` measures some and leaves the lines of the
others as they are; `--largest` leaves out those with more facts. A goal that is missed is marked in the page; a bench
that fails (answers that differ) ends in 1.
"""

from __future__ import annotations

import argparse
import math
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
    """What is claimed, the script with its options, the ratio that is the goal (`at most` or `at least`; an infinite
    one is none), and how the line begins that tells it."""

    claim: str
    script: str
    goal: str
    bound: float
    options: str = ""
    line: str = ""

    @property
    def command(self) -> str:
        return f"python bench/{self.script} {self.options}".strip()

    @property
    def facts(self) -> int:
        """The scale, where the options name one."""
        found = re.search(r"--(?:facts|rows) (\d+)", self.options)
        return int(found[1]) if found else 0

    @property
    def wanted(self) -> str:
        return "" if math.isinf(self.bound) else f"{self.goal} {self.bound:g}"

    def reached(self, ratio: float) -> bool:
        if math.isinf(self.bound):
            return True
        return ratio <= self.bound if self.goal == "at most" else ratio >= self.bound


FULL = "full check, from Parquet to Parquet, beside the same questions in hand-written DuckDB SQL: "
SCALES = (
    "--facts 100000 --leaves 1000",
    "--facts 1000000 --leaves 10000",
    "--facts 10000000 --leaves 100000 --rounds 3",
)


def at_ten(scale: str, bound: float) -> float:
    """A goal that is one at ten million facts."""
    return bound if scale == SCALES[-1] else math.inf


POSTGRESQL = os.environ.get("WUDING_BENCH_POSTGRESQL", "postgresql://postgres@127.0.0.1/test")
BENCHES = (
    Bench('`wuding lint` on one small book, beside `python -c "import pydantic, yaml"`', "startup.py", "at most", 2.5),
    *(Bench(f"{FULL}wall time", "full_check.py", "at most", at_ten(scale, 1.5), scale, "time") for scale in SCALES),
    *(Bench(f"{FULL}peak memory", "full_check.py", "at most", at_ten(scale, 1.5), scale, "memory") for scale in SCALES),
    Bench(
        "matching of 20 conditions: facts per second, beside the fastest engine that judges one fact at a time",
        "matching.py",
        "at least",
        50,
    ),
    *(
        Bench(
            f"after {new} new facts: CPU of a full check, beside going on from the last",
            "incremental.py",
            "at least",
            at_ten(scale, 30),
            scale,
        )
        for new, scale in (("1,000", SCALES[1]), ("1,000", SCALES[2]))
    ),
    Bench(
        "import of CSV into SQLite, validated and chained, beside bare inserts of the same rows",
        "importing.py",
        "at most",
        2,
        "--rows 1000000",
    ),
    Bench(
        "the same into PostgreSQL, beside a bare COPY",
        "importing.py",
        "at most",
        2,
        f"--rows 1000000 --postgresql {POSTGRESQL}",
    ),
    Bench(
        "one fact from `record()` to its answer, durably committed, a year of a county behind it, beside a bare insert",
        "arrival.py",
        "at most",
        math.inf,
    ),
    Bench("the distributed engine on this machine, beside the embedded one", "distributed.py", "at most", math.inf),
)
TOP = """# Performance

Ratios, for times belong to machines: two things run in turns on one, and their medians are divided. This page is
written by `python bench/run.py`; each benchmark can be run alone and says what it does in its first lines. Those that
compare answers fail when the answers differ. A goal that was missed is marked ✗.

| what | measured | ratio | goal | run it |
|---|---|---|---|---|
"""


def said(bench: Bench, python: str, heard: dict[str, tuple[str, int]]) -> tuple[str, int]:
    """What the script printed and its exit code; a command that several lines are about is run once."""
    if bench.command not in heard:
        command = [python, str(HERE / bench.script), *bench.options.split()]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        print(ran.stdout, ran.stderr, sep="", end="", flush=True)
        heard[bench.command] = ran.stdout, ran.returncode
    return heard[bench.command]


def line_of(bench: Bench, text: str, code: int) -> tuple[str, bool]:
    """The bench's line in the page from what its script printed, and whether it ran without fault."""
    found = re.search(rf"^({re.escape(bench.line)}.*?) +ratio ([\d.]+)$", text, re.MULTILINE)
    if found is None:
        return f"| {bench.claim} | could not be measured | | {bench.wanted} ✗ | `{bench.command}` |", False
    ratio = float(found[2])
    scale = text.splitlines()[0]
    measured = re.sub(r" {2,}", "; ", found[1].removeprefix(f"{bench.line}:").strip())
    measured += "" if code == 0 else "; FAILED"
    mark = "" if bench.reached(ratio) else " ✗"
    cells = (bench.claim, f"{scale}: {measured}", f"{ratio:.2f}", f"{bench.wanted}{mark}")
    return f"| {' | '.join(cells)} | `{bench.command}` |", code == 0


def kept(page: str, bench: Bench) -> str | None:
    """The line that the page already has for the bench."""
    begin, end = f"| {bench.claim} |", f"| `{bench.command}` |"
    return next((line for line in page.splitlines() if line.startswith(begin) and line.endswith(end)), None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="SCRIPT", help="measure these alone, by name")
    parser.add_argument("--largest", type=int, metavar="FACTS", default=10**9, help="leave out larger scales")
    parser.add_argument("--page", type=Path, default=PAGE, help="where to write")
    given = parser.parse_args()
    page = given.page.read_text(encoding="utf-8") if given.page.exists() else ""
    lines, sound = [], True
    heard: dict[str, tuple[str, int]] = {}
    for bench in BENCHES:
        if not (HERE / bench.script).exists():
            continue
        if (given.only and Path(bench.script).stem not in given.only) or bench.facts > given.largest:
            line = kept(page, bench)
            lines += [line] if line else []
            continue
        line, fine = line_of(bench, *said(bench, sys.executable, heard))
        lines.append(line)
        sound &= fine
    where = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    if hasattr(os, "getloadavg"):  # others at work on the machine blur what is measured
        where += f"; load {os.getloadavg()[2]:.0f} in the last quarter of an hour"
    given.page.write_text(f"{TOP}" + "\n".join(lines) + f"\n\nMeasured on {where}.\n", encoding="utf-8")
    return int(not sound)


if __name__ == "__main__":
    raise SystemExit(main())
