"""Eight made-up rows in the shape of the city's table, each with one of its difficulties."""

from __future__ import annotations

from pathlib import Path

import pytest
import wuding_requests.compare as compared

from wuding import CheckResult, Wuding

SAMPLE = Path(__file__).with_name("sample.csv")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Wuding, CheckResult]:
    w = compared.open_ledger(tmp_path_factory.mktemp("ledger") / "requests.db", create=True)
    imported = w.import_facts(SAMPLE, mapping="boston-311")
    assert (imported.rows, imported.kept, imported.facts) == (8, 8, 14)
    return w, w.check(as_of=compared.EXTRACT)


def test_the_wards_of_three_spellings_are_one_and_blanks_have_their_own(checked: tuple[Wuding, CheckResult]) -> None:
    _, result = checked
    grids = dict(result.frame.filter(rule="deadline", step="answered").select("case", "grid").iter_rows())
    assert [grids[case] for case in "1234567"] == [*["ward-3"] * 3, *["ward-12"] * 2, "unknown", "ward-1"]


@pytest.mark.parametrize(
    ("case", "status"),
    list(enumerate(["done", "late", "done", "overdue", "waiting", "done", "late", "done"], 1)),
)
def test_a_case_is_in_time_until_its_target(checked: tuple[Wuding, CheckResult], case: int, status: str) -> None:
    _, result = checked
    assert [f.status for f in result.findings(rule="deadline", step="answered", case=str(case))] == [status]


def test_the_verdicts_agree_and_what_is_dirty_is_counted(checked: tuple[Wuding, CheckResult]) -> None:
    w, result = checked
    assert [(row.agree, row.cases) for row in compared.compare(w, result)] == [(4, 4), (2, 2), (1, 1), (1, 1), (1, 1)]
    assert compared.dirty(result) == {"dirty-label": 1, "dirty-place": 2, "dirty-ward": 1}


def test_a_wrong_verdict_is_counted(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    text = SAMPLE.read_text(encoding="utf-8").replace("AM,OVERDUE,done a", "AM,ONTIME,done a")
    wrong.write_text(text, encoding="utf-8")
    with compared.open_ledger(tmp_path / "requests.db", create=True) as w:
        w.import_facts(wrong, mapping="boston-311")
        first = compared.compare(w, w.check(as_of=compared.EXTRACT))[0]
    assert (first.agree, first.cases) == (3, 4)
    assert compared.main(str(tmp_path / "requests.db")) == 1
