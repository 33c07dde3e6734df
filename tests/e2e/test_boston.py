"""Boston's requests of 2015: our findings are the city's own verdicts (issue 2, section 9)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from wuding import CheckResult, Wuding

ROOT = Path(__file__).parents[2]
TABLE = Path(os.environ.get("WUDING_SHARED", ROOT.parent / "shared")) / "data/boston-311/boston_311_2015.csv.gz"
Checked = tuple[Wuding, CheckResult]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checked]:
    if not TABLE.exists():
        pytest.skip(f"no real data: {TABLE.name} is not beside the repository")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "examples/service-requests"))
        from wuding_requests import compare

        with compare.open_ledger(tmp_path_factory.mktemp("boston") / "requests.db", create=True) as w:
            imported = w.import_facts(TABLE, mapping="boston-311")
            assert (imported.rows, imported.kept, imported.blank) == (121_145, 121_145, 0)
            assert (imported.facts, imported.grids, imported.rejected) == (121_145 + 101_272, 24, None)
            yield w, w.check(as_of=compare.EXTRACT, save=False)


def test_every_verdict_of_the_city_is_found(checked: Checked) -> None:
    from wuding_requests.compare import compare

    closed, still_open, targetless, unlabelled, early = compare(*checked)
    assert (closed.agree, closed.cases) == (79_126, 79_126)
    assert (still_open.agree, still_open.cases) == (14_875, 14_875)
    assert (targetless.agree, targetless.cases) == (26_991, 26_991)
    assert (unlabelled.agree, unlabelled.cases) == (153, 153)
    assert (early.agree, early.cases) == (197, 197)


def test_what_is_dirty_is_reported(checked: Checked) -> None:
    from wuding_requests.compare import dirty

    _, result = checked
    assert dirty(result) == {"dirty-label": 153, "dirty-place": 17_070, "dirty-ward": 10_868}


def test_every_request_is_one_case_with_one_step(checked: Checked) -> None:
    _, result = checked
    deadline = result.frame.filter(rule="deadline")
    assert deadline.get_column("id").n_unique() == deadline.height == 2 * 121_145
    assert deadline.get_column("case").n_unique() == 121_145
    assert Counter(deadline.filter(step="answered").get_column("status")) == {
        "done": 82_118, "late": 19_154, "overdue": 11_445, "waiting": 8_428,
    }  # fmt: skip


def test_the_shares_of_the_wards_are_those_of_the_cases(checked: Checked) -> None:
    """Counted again from the cases, by the local quarter in which each step fell."""
    from wuding.domain.period import Every, period_of

    _, result = checked
    quarter = Every("quarter")
    whole: Counter[tuple[str, str]] = Counter()
    done: Counter[tuple[str, str]] = Counter()
    steps = result.frame.filter(rule="deadline", step="answered").select("grid", "home", "status")
    for grid, day, status in steps.iter_rows():
        key = (grid, period_of(day, quarter).label)
        whole[key] += status != "waiting"
        done[key] += status == "done"
    targets = {(f.grid, f.period): f for f in result.findings(rule="in-time")}
    over = [key for key, finding in targets.items() if finding.status != "on-course"]
    assert len(over) == 23 * 4
    for key in over:
        assert targets[key].status == ("reached" if done[key] * 100 >= whole[key] * 80 else "missed"), key
