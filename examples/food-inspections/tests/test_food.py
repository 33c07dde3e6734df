"""Seven made-up rows in the shape of the city's table."""

from __future__ import annotations

from pathlib import Path

import pytest
import wuding_food.plugin

from wuding import CheckResult, Wuding

SAMPLE = Path(__file__).with_name("sample.csv")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> CheckResult:
    url = f"sqlite:///{tmp_path_factory.mktemp('ledger')}/food.db"
    with Wuding.open(url, books=["food/chicago"], zone="America/Chicago", plugins=[wuding_food.plugin]) as w:
        imported = w.import_facts(SAMPLE, mapping="chicago-canvass")
        assert (imported.rows, imported.facts, imported.subjects, imported.grids) == (7, 7, 6, 4)
        return w.check(as_of="2014-01-01")


@pytest.mark.parametrize(
    ("rule", "licence", "period", "status"),
    [
        ("canvass", "A", "2012", "met"),  # twice
        ("canvass", "A", "2013", "missed"),
        ("canvass", "B", "2012", "missed"),  # once, and the risk is high
        ("canvass", "C", "2012", "met"),  # once, and the risk is medium
        ("canvass-low", "D", "2012..2013", "met"),
    ],
)
def test_the_frequency_depends_on_the_risk(
    result: CheckResult, rule: str, licence: str, period: str, status: str
) -> None:
    assert [f.status for f in result.findings(rule=rule, holder=licence, period=period)] == [status]


def test_a_pass_with_a_critical_violation_is_struck(result: CheckResult) -> None:
    (struck,) = result.findings(rule="unclean-pass")
    assert (struck.subject, struck.status) == ("E", "struck")


def test_passes_that_are_not_clean_miss_the_target(result: CheckResult) -> None:
    (target,) = result.findings(rule="clean-passes")
    assert target.status == "on-course"  # it is asked for the end of 2014
    assert target.value_low == target.value_high
    assert str(target.value_low) == "3/4"


def test_counts_are_recomputed_from_the_numbered_violations(result: CheckResult) -> None:
    counts = [(f.subject, f.status) for f in result.findings(rule="counts")]
    assert [s for s, status in counts if status == "missed"] == ["F"]
    assert len(counts) == 7


def test_a_blank_ward_is_told_and_has_a_grid_of_its_own(result: CheckResult) -> None:
    (blank,) = result.findings(rule="dirty-ward")
    assert (blank.status, blank.subject, blank.grid) == ("missed", "D", "unknown")
