"""Our findings beside the city's own verdicts.

python -m wuding_requests.compare requests.db
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl

import wuding_requests.plugin
from wuding import CheckResult, Wuding, WudingError

BOOK = "requests/boston"
EXTRACT = "2016-01-12T23:00:00-05:00"  # when the city wrote the table; open cases are judged as of then
VERDICT = {"done": "ONTIME", "waiting": "ONTIME", "late": "OVERDUE", "overdue": "OVERDUE"}


@dataclass(frozen=True)
class Row:
    """One kind of case: how many there are, and for how many our verdict is the one expected."""

    name: str
    cases: int
    agree: int


def open_ledger(path: str | Path, create: bool = False) -> Wuding:
    """The ledger in an SQLite file, with this plugin whether or not it is installed."""
    url = f"sqlite:///{path}"
    return Wuding.open(url, books=[BOOK], zone="America/New_York", create=create, plugins=[wuding_requests.plugin])


def cases(w: Wuding, result: CheckResult) -> pl.DataFrame:
    """One row per request: `case label target closed early verdict`."""
    about = w.columns.scan("requests", "request", result.known_seq)
    asked = about.select(case="f.case_id", label="f.label", target=pl.col("f.target").is_not_null()).collect()
    deadline = result.frame.filter(rule="deadline")
    early = pl.col("detail").str.contains('"early": true', literal=True)
    whole = deadline.filter(step="").select("case", closed=pl.col("end").is_not_null(), early=early)
    step = deadline.filter(step="answered").select("case", verdict=pl.col("status").replace_strict(VERDICT))
    return asked.join(step, on="case", how="left").join(whole, on="case", how="left")


def compare(w: Wuding, result: CheckResult) -> list[Row]:
    """The counts that the city's table lets us hold against our findings."""
    table = cases(w, result)
    labelled, same = pl.col("label").is_not_null(), pl.col("label") == pl.col("verdict")
    on_time = pl.col("verdict") == "ONTIME"
    kinds = {
        "closed cases with a target and a verdict of the city": (labelled & pl.col("target") & pl.col("closed"), same),
        "open cases with a target and a verdict of the city": (labelled & pl.col("target") & ~pl.col("closed"), same),
        "cases without a target: on time for the city and for us": (~pl.col("target"), same & on_time),
        "cases without a verdict of the city: overdue for us": (~labelled, ~on_time),
        "cases closed before they were opened: flagged `early`, on time": (pl.col("early"), on_time),
    }
    rows = []
    for name, (which, good) in kinds.items():
        some = table.filter(which)
        rows.append(Row(name, some.height, some.filter(good).height))
    return rows


def dirty(result: CheckResult) -> dict[str, int]:
    """How many requests each rule about the data itself reports."""
    rules = result.frame.filter(pl.col("rule").str.starts_with("dirty-") & (pl.col("status") == "missed"))
    return dict(rules.group_by("rule").len().sort("rule").iter_rows())


def main(path: str) -> int:
    """Check as of the extract, print the counts; 0 when all agree, 1 when not, 2 when there is no such ledger."""
    try:
        with open_ledger(path) as w:
            result = w.check(as_of=EXTRACT, save=False)
            rows = compare(w, result)
    except WudingError as error:
        print(error, file=sys.stderr)
        return 2
    for row in rows:
        print(f"{row.agree:>7} of {row.cases:>7}  {row.name}")
    for rule, count in dirty(result).items():
        print(f"{count:>18}  reported by `{rule}`")
    return 0 if all(row.agree == row.cases for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]) if len(sys.argv) == 2 else "usage: python -m wuding_requests.compare LEDGER.db")
