"""The columnar engine against the oracle, over random books and random facts, section by section.

`pytest tests/parity -k patrol` runs one section; WUDING_PARITY_EXAMPLES says how many examples each (150).
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from tests.parity.oracle.check import check as oracle
from tests.parity.worlds import SECTIONS, Case, cases, comparable, diff

from wuding.domain.finding import Finding
from wuding.domain.number import from_scaled
from wuding.domain.world import World
from wuding.program.model import Program

EXAMPLES = int(os.environ.get("WUDING_PARITY_EXAMPLES", "150"))
ALL = settings(
    max_examples=EXAMPLES, deadline=None, database=None, print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip


def columnar(world: World, program: Program) -> list[Finding]:
    """What the engine concludes, as findings."""
    from wuding.assess import check, snapshot_of_world

    return [finding_of(row) for row in check(program, snapshot_of_world(world, program)).iter_rows(named=True)]


def finding_of(row: dict[str, Any]) -> Finding:
    """A row of the frame: exact numbers are scaled integers there, the detail is JSON, a gap's days a column."""
    names = set(Finding.__dataclass_fields__) - {"detail", "value_low", "value_high", "missing"}
    detail = json.loads(row["detail"] or "{}")
    if row["days"] is not None:
        detail["days"] = row["days"]
    values = {key: None if row[key] is None else from_scaled(row[key]) for key in ("value_low", "value_high")}
    missing = tuple(row["missing"] or ())
    found = Finding(**{name: row[name] for name in names}, **values, missing=missing, detail=detail)
    found = replace(found, rule=re.split(r"[\[.@]", row["id"].split("#")[1])[0])  # 27: the rule's oldest name
    assert found.id == row["id"]
    return found


@pytest.mark.parametrize("section", [*SECTIONS, "mixed"])
def test_columnar_equals_oracle(section: str) -> None:
    @ALL
    @given(cases(section))
    def same(case: Case) -> None:
        expected = comparable(oracle(case.program, case.world))
        difference = diff(expected, comparable(columnar(case.world, case.program)))
        assert not difference, "\n" + difference

    same()


@pytest.mark.parametrize("section", SECTIONS)
def test_the_generator_reaches_what_matters(section: str) -> None:
    """Over a fixed run, the oracle's findings take most of the statuses of the section, none of them twice."""
    seen: Counter[str] = Counter()

    @seed(20240601)
    @settings(ALL, max_examples=max(60, EXAMPLES // 2))
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
