"""The columnar engine against the oracle, over random books and random facts, section by section.

`pytest tests/parity -k patrol` runs one section; WUDING_PARITY_EXAMPLES says how many examples each (150).
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from wuding.domain.finding import Finding
from wuding.domain.world import World
from wuding.program.model import Program

from tests.parity.oracle.check import check as oracle
from tests.parity.worlds import SECTIONS, cases, comparable, describe, diff

EXAMPLES = int(os.environ.get("WUDING_PARITY_EXAMPLES", "150"))
ALL = settings(
    max_examples=EXAMPLES, deadline=None, database=None, print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip


def columnar(world: World, program: Program) -> list[Finding]:
    """What the engine concludes, as findings."""
    from wuding.assess import check, snapshot_of_world

    names = set(Finding.__dataclass_fields__)
    rows = check(program, snapshot_of_world(world, program)).iter_rows(named=True)
    return [Finding(**{key: value for key, value in row.items() if key in names}) for row in rows]


@pytest.mark.parametrize("section", [*SECTIONS, "mixed"])
def test_columnar_equals_oracle(section: str) -> None:
    @ALL
    @given(cases(section))
    def same(case: tuple[Program, World]) -> None:
        program, world = case
        note(describe(world, program))
        expected = comparable(oracle(program, world))
        difference = diff(expected, comparable(columnar(world, program)))
        assert not difference, "\n" + difference

    same()


@pytest.mark.parametrize("section", SECTIONS)
def test_the_generator_reaches_what_matters(section: str) -> None:
    """Over a fixed run, the oracle's findings take most of the statuses of the section, none of them twice."""
    seen: Counter[str] = Counter()

    @seed(20240601)
    @settings(ALL, max_examples=max(60, EXAMPLES // 2))
    @given(cases(section))
    def count(case: tuple[Program, World]) -> None:
        program, world = case
        findings = oracle(program, world)
        assert len({f.id for f in findings}) == len(findings), describe(world, program)
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
