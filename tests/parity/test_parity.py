"""The columnar engine against the oracle, over random books and random facts, section by section.

`pytest tests/parity -k patrol` runs one section; WUDING_PARITY_EXAMPLES asks for that many fresh
examples each (otherwise 40, always the same). The nightly-size run is `python -m tests.parity.nightly`.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.parity.engine import difference
from tests.parity.oracle.check import check as oracle
from tests.parity.reduce import reduced
from tests.parity.worlds import SECTIONS, Case, cases, comparable, diff

from wuding.domain.finding import Finding

GIVEN = os.environ.get("WUDING_PARITY_EXAMPLES")
EXAMPLES = int(GIVEN or "40")
# The same cases every time, unless a number is asked for. A failing case is made small by `reduced`, in seconds;
# hypothesis would take minutes to shrink it.
ALL = settings(
    max_examples=EXAMPLES, deadline=None, database=None, print_blob=False, derandomize=GIVEN is None,
    phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.mark.parametrize("section", [*SECTIONS, "mixed"])
def test_columnar_equals_oracle(section: str) -> None:
    @ALL
    @given(cases(section))
    def same(case: Case) -> None:
        if difference(case):
            small = reduced(case, difference)
            pytest.fail(f"{small!r}\n{difference(small)}", pytrace=False)

    same()


@pytest.mark.parametrize("section", SECTIONS)
def test_the_generator_reaches_what_matters(section: str) -> None:
    """Over a fixed run, the oracle's findings take most of the statuses of the section, none of them twice."""
    seen: Counter[str] = Counter()

    @seed(20240601)
    @settings(ALL, max_examples=250, derandomize=False)
    @given(cases(section))
    def count(case: Case) -> None:
        findings = oracle(case.program, case.world)
        assert len({f.id for f in findings}) == len(findings)
        seen.update(f.status for f in findings if f.section == section)

    count()
    expected = {
        "charter": {"fixed", "gap", "undetermined"}, "patrol": {"met", "missed", "due", "undetermined", "skipped"},
        "scoring": {"scored", "running", "provisional"}, "veto": {"struck", "undetermined"},
        "escalation": {"open", "closed", "late", "done", "overdue", "waiting", "dropped"},
        "targets": {"reached", "missed", "on-course", "undetermined"},
    }[section]  # fmt: skip
    assert expected <= set(seen), seen


def test_a_difference_is_told() -> None:
    one = Finding("b", "r", "", "patrol", "met", "grid", "B1", period="2024-01", at=0)
    told = diff(comparable([one]), comparable([]))
    assert told == "- rule=r holder_kind=grid holder=B1 period=2024-01: status='met', at=0"
