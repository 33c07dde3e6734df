"""Chicago's inspections: frequency by risk, passes that are none, counts that add up (issue 2, section 9)."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from wuding import CheckResult, Wuding

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("WUDING_SHARED", ROOT.parent / "shared"))
TABLE = SHARED / "data/chicago-food-inspections/inspections_2011-2014.csv.gz"
Row = dict[str, str]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    if not TABLE.exists():
        pytest.skip(f"no real data: {TABLE.name} is not beside the repository")
    with gzip.open(TABLE, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def result(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Iterator[CheckResult]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "examples/food-inspections"))
        from wuding_food import plugin

        url = f"sqlite:///{tmp_path_factory.mktemp('chicago')}/food.db"
        with Wuding.open(url, books=["food/chicago"], zone="America/Chicago", plugins=[plugin]) as w:
            imported = w.import_facts(TABLE, mapping="chicago-canvass")
            assert (imported.rows, imported.kept, imported.facts) == (27_600, 27_600, 27_600)
            assert (imported.subjects, imported.grids, imported.rejected) == (12_367, 1 + 50 + 1, None)
            yield w.check(as_of="2015-01-01", save=False)


def test_the_veto_finds_the_passes_that_are_none(result: CheckResult, rows: list[Row]) -> None:
    passes = [row for row in rows if row["Results"] == "Pass"]
    unclean = [row["License"] for row in passes if row["criticalCount"] != "0" or row["seriousCount"] != "0"]
    assert (len(unclean), len(passes)) == (51, 18_494)
    struck = list(result.findings(rule="unclean-pass"))
    assert {f.status for f in struck} == {"struck"}
    assert sorted(str(f.subject) for f in struck) == sorted(unclean)
    (share,) = result.findings(rule="clean-passes")
    assert share.status == "missed"


def test_the_counts_by_category_add_up(result: CheckResult) -> None:
    assert Counter(f.status for f in result.findings(rule="counts")) == {"met": 27_600}


def test_a_blank_ward_is_reported(result: CheckResult, rows: list[Row]) -> None:
    blank = list(result.findings(rule="dirty-ward"))
    assert len(blank) == 2_914
    assert sorted(str(f.subject) for f in blank) == sorted(r["License"] for r in rows if not r["WARD"])
    homeless = {r["License"] for r in rows if r["firstRecord"] == "1.0" and not r["WARD"]}
    canvassed = {(str(f.holder), f.grid) for rule in ("canvass", "canvass-low") for f in result.findings(rule=rule)}
    assert {holder for holder, grid in canvassed if grid == "unknown"} == homeless


def test_the_frequency_by_risk_is_counted_as_by_hand(result: CheckResult, rows: list[Row]) -> None:
    visits: dict[str, list[date]] = defaultdict(list)
    for row in rows:
        visits[row["License"]].append(date.fromisoformat(row["Inspection_Date"]))
    expected = {}
    for row in rows:
        if row["firstRecord"] != "1.0":
            continue
        licence, risk, first = row["License"], row["Risk"], date.fromisoformat(row["Inspection_Date"])
        every, times = {"Risk 1 (High)": (1, 2), "Risk 2 (Medium)": (1, 1), "Risk 3 (Low)": (2, 1)}[risk]
        for year in range(2010 if every == 2 else 2011, 2015, every):
            begin, end = date(year, 1, 1), date(year + every, 1, 1)
            left = (end - max(begin, first)).days
            made = sum(begin <= day < end for day in visits[licence])
            if left > 0:
                short = "missed" if end <= date(2015, 1, 1) else "due"
                status = "skipped" if 2 * left < (end - begin).days else "met" if made >= times else short
                expected[licence, str(year) if every == 1 else f"{year}..{year + 1}"] = status
    found = {
        (str(f.holder), f.period): f.status for rule in ("canvass", "canvass-low") for f in result.findings(rule=rule)
    }
    assert found == expected
    assert Counter(found.values())["missed"] == 18_901 + 133
