"""The benchmarks run, at a size that proves nothing but that their answers are the same."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[1] / "bench"


def _ran(script: str, *options: str) -> str:
    done = subprocess.run([sys.executable, str(BENCH / script), *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(importlib.util.find_spec("zen") is None, reason="the extra `bench` is not installed")
def test_matching_agrees_with_the_engines_that_judge_one_fact_at_a_time() -> None:
    said = _ran("matching.py", "--facts", "1000", "--few", "300", "--rounds", "1")
    assert re.search(r"^columnar .*ratio [\d.]+$", said, re.MULTILINE)
    assert "answers differ" not in said
    assert {"zen-engine", "clipspy", "rule-engine", "business-rules", "common-expression-language"} <= set(
        re.findall(r"^ +([\w-]+) +[\d,]+ facts/s", said, re.MULTILINE)
    )


def test_full_check_agrees_with_sql() -> None:
    said = _ran("full_check.py", "--facts", "5000", "--leaves", "100", "--rounds", "1")
    for measure in ("time", "memory"):
        assert re.search(rf"^{measure}: wuding .* duckdb .* ratio [\d.]+$", said, re.MULTILINE)


def test_going_on_gives_what_a_full_check_gives() -> None:
    said = _ran("incremental.py", "--facts", "5000", "--leaves", "100", "--new", "50", "--rounds", "1")
    assert re.search(r"^full check .* going on .* ratio [\d.]+$", said, re.MULTILINE)


def _run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_run", BENCH / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_run"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("goal", "bound", "mark"),
    [("at most", 2, ""), ("at most", 1.5, " ✗"), ("at least", 2, " ✗"), ("at least", 1.7, "")],
)
def test_goals_go_both_ways_and_misses_are_marked(goal: str, bound: float, mark: str) -> None:
    run = _run()
    bench = run.Bench("claim", "x.py", goal, bound, "--facts 10", "memory")
    told = "10 facts\ntime: a 1 s   b 2 s   ratio 0.50\nmemory: a 7 MB   b 4 MB   ratio 1.75\n"
    line, fine = run.line_of(bench, told, 0)
    assert (fine, bench.facts) == (True, 10)
    assert (
        line == f"| claim | 10 facts: a 7 MB; b 4 MB | 1.75 | {goal} {bound:g}{mark} | `python bench/x.py --facts 10` |"
    )
    assert run.kept(f"x\n{line}\ny", bench) == line
    assert run.line_of(bench, told, 1)[1] is False
    assert "✗" in run.line_of(bench, "nothing", 1)[0]


def test_the_page_keeps_what_was_not_measured(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    bench = next(b for b in _run().BENCHES if b.script == "matching.py")
    kept = f"| {bench.claim} | once | 60.00 | at least 50 | `{bench.command}` |"
    page.write_text(kept + "\n", encoding="utf-8")
    _ran("run.py", "--only", "nothing", "--page", str(page))
    assert kept in page.read_text(encoding="utf-8")


def test_import_beside_bare_inserts() -> None:
    said = _ran("importing.py", "--rows", "6000", "--rounds", "1")
    assert re.search(r"^import .* bare inserts .* ratio [\d.]+$", said, re.MULTILINE)


def test_arrivals_lead_to_what_a_full_check_finds() -> None:
    assert " ratio " in _ran("arrival.py", "--facts", "15")
