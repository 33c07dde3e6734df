"""The benchmarks run, at a size that proves nothing but that their answers are the same."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

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
    assert " ratio " in _ran("full_check.py", "--facts", "5000", "--leaves", "100", "--rounds", "1")


def test_arrivals_lead_to_what_a_full_check_finds() -> None:
    assert " ratio " in _ran("arrival.py", "--facts", "15")
