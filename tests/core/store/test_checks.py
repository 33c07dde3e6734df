from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from wuding.assess.frame import SCHEMA, TEXTS
from wuding.errors import WudingError
from wuding.store import checks
from wuding.store.checks import FINDINGS, load_check, save_check
from wuding.store.ledger import Ledger, NewFact


def findings(n: int) -> pl.DataFrame:
    base: dict[str, Any] = {
        "book": "fire/x", "variant": "", "step": "", "section": "patrol", "trial": False, "holder_kind": "grid",
        "subject": None, "actor": None, "case": "", "episode": 0, "needed": "1", "value_low": None,
        "value_high": -(2**62), "band": None, "rank": 3, "days": None, "detail": '{"a": "字"}', "home": -5,
    }  # fmt: skip
    some = [
        base
        | {"id": f"fire/x#r@G{i}/2024-0'1", "rule": f"r{i % 3}", "status": ("met", "missed")[i % 2], "holder": f"G{i}",
           "grid": None if i % 2 else f"G{i}", "period": "2024-01", "start": i, "end": None, "at": -i, "due": 2**60,
           "low": i, "high": None, "missing": ["a", "b"] if i % 5 == 0 else []}
        for i in range(n)
    ]  # fmt: skip
    return pl.DataFrame(some, schema=pl.Schema(FINDINGS))


def test_the_columns_are_those_of_assess() -> None:
    expected = {"book": pl.String, "id": pl.String, **SCHEMA, **TEXTS}
    assert pl.Schema(FINDINGS) == pl.Schema(expected)


@pytest.mark.parametrize("large", [False, True])
def test_comes_back(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    monkeypatch.setattr(checks, "LARGE", 1 if large else 10**9)
    ledger.append([NewFact("fire", "visit", 1)])
    frame = findings(50)
    assert save_check(ledger, frame, 77, 1, None, {"fire/x": "abc"}, 5) == 1
    assert save_check(ledger, frame.head(3), 78, 1, 19000, {}, 6) == 2
    found = load_check(ledger, 1)
    assert_frame_equal(found.frame, frame)
    assert (found.number, found.as_of, found.known_seq, found.since, found.started) == (1, 77, 1, None, 5)
    assert (found.books, found.link) == ({"fire/x": "abc"}, ledger.head().link)
    assert found.ended > found.started
    last = load_check(ledger)
    assert (last.number, last.frame.height, last.since) == (2, 3, 19000)
    assert save_check(ledger, frame.clear(), 78, 1, None, {}, 6) == 3
    assert load_check(ledger).frame.height == 0


def test_filters(ledger: Ledger) -> None:
    frame = findings(20)
    save_check(ledger, frame, 77, 0, None, {}, 5)
    assert load_check(ledger, rules=["r1"]).frame["rule"].unique().to_list() == ["r1"]
    assert load_check(ledger, rules=["r1", "r2"], statuses=["met"]).frame.height == 6
    assert load_check(ledger, holders=["G7"]).frame["holder"].to_list() == ["G7"]
    wanted = frame["id"][4]
    assert load_check(ledger, ids=[wanted]).frame["id"].to_list() == [wanted]
    assert load_check(ledger, ids=["' OR 1=1 --"]).frame.height == 0


def test_no_such_check(ledger: Ledger) -> None:
    for number in (None, 5):
        with pytest.raises(WudingError) as caught:
            load_check(ledger, number)
        assert caught.value.code == "WD805"


def test_a_check_that_broke_off_is_not_seen(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LARGE", 1)
    save_check(ledger, findings(2), 77, 0, None, {}, 5)

    def fail(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(ledger.database), "ingest", fail)
    with pytest.raises(KeyboardInterrupt):
        save_check(ledger, findings(3), 78, 0, None, {}, 6)
    assert load_check(ledger).number == 1
    with pytest.raises(WudingError):
        load_check(ledger, 2)
    monkeypatch.undo()
    assert save_check(ledger, findings(4), 79, 0, None, {}, 7) == 3
    assert load_check(ledger).frame.height == 4
