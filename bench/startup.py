"""How long `wuding lint` takes on one small book, beside `python -c "import pydantic, yaml"`: whole processes.

    python bench/startup.py --rounds 15

Each round runs both, in turns, the order changing; the medians and their ratio are printed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BOOK = """book: fire/small
title: {zh: 小规则册, en: Small}
domain: fire
grid: "350303500"
patrol:
  - {id: monthly, for: {grid: basic}, do: {fact: inspection}, every: month, clause: p8.1}
"""


def seconds(command: list[str]) -> float:
    """The wall time of one process, which may keep its compiled modules: pip compiles those it installs.

    Raises CalledProcessError when it fails: failing fast proves nothing.
    """
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
    return time.perf_counter() - begin


def measure(rounds: int) -> tuple[float, float]:
    """The medians in seconds: `wuding lint`, and the imports alone. The first round warms the caches and is dropped."""
    wuding = str(Path(sys.executable).parent / ("wuding.exe" if os.name == "nt" else "wuding"))
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "small.yaml"
        book.write_text(BOOK, encoding="utf-8")
        commands = {"lint": [wuding, "lint", str(book)], "bare": [sys.executable, "-c", "import pydantic, yaml"]}
        took: dict[str, list[float]] = {"lint": [], "bare": []}
        for n in range(rounds + 1):
            for name in ("lint", "bare") if n % 2 else ("bare", "lint"):
                took[name].append(seconds(commands[name]))
    return statistics.median(took["lint"][1:]), statistics.median(took["bare"][1:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    lint, bare = measure(given.rounds)
    print(f"one small book, whole process, median of {given.rounds}")
    print(f"wuding lint {lint:.3f} s   import pydantic, yaml {bare:.3f} s   ratio {lint / bare:.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
