"""Runs every benchmark and writes what was measured into `docs/performance.md`.

    python bench/run.py

A further benchmark is a further line in `BENCHES`: a script of this folder whose last line of output but for
differences names its times and ends in `ratio R`.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs/performance.md"
# What is claimed, the script with its options, and the ratio that is promised at most.
BENCHES = (
    ('`wuding lint` on one small book, beside `python -c "import pydantic, yaml"`', ("startup.py",), 2.5),
    ("a full check, beside the same questions in hand-written DuckDB SQL", ("full_check.py",), 2.0),
)
TOP = """# Performance

Ratios, for times belong to machines: two things run in turns on one, and their medians are divided. This page is
written by `python bench/run.py`; each benchmark can be run alone and says what it does in its first lines. Those that
compare answers fail when the answers differ.

| what | measured | ratio | at most | run it |
|---|---|---|---|---|
"""


def main() -> int:
    lines, failed = [], False
    for claim, (script, *options), most in BENCHES:
        ran = subprocess.run(
            [sys.executable, str(HERE / script), *options], capture_output=True, text=True, check=False
        )
        print(ran.stdout, ran.stderr, sep="", end="")
        found = re.search(r"^(.*?) +ratio ([\d.]+)$", ran.stdout, re.MULTILINE)
        if ran.returncode or found is None:
            return 1
        ratio = float(found[2])
        failed |= ratio > most
        scale = ran.stdout.splitlines()[0]
        measured = re.sub(r" {2,}", "; ", found[1].strip())
        lines.append(f"| {claim} | {scale}: {measured} | {ratio:.2f} | {most:g} | `python bench/{script}` |")
    where = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    PAGE.write_text(f"{TOP}" + "\n".join(lines) + f"\n\nMeasured on {where}.\n", encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
