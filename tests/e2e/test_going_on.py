"""A check that goes on from an earlier one gives what a check of everything gives, whatever was recorded
(semantics 30).

The changes are those of `test_known_at`: one of every kind, on a real ledger.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from tests.e2e.test_known_at import AS_OF, BOOK, CHANGES, Clock, begin, book, opened, url

from wuding import CheckResult, Wuding

__all__ = ["book", "url"]
KEY = ["rule", "variant", "holder", "period", "case", "episode", "step"]
MOMENTS = (AS_OF, "2024-07-01T10:00", "2024-07-03", "2024-09-20")


def same(again: CheckResult, full: CheckResult) -> None:
    assert_frame_equal(again.frame.sort(KEY), full.frame.sort(KEY))


def again_and_whole(w: Wuding, since: CheckResult, as_of: str) -> CheckResult:
    again = w.check(as_of=as_of, since=since, save=False)
    same(again, w.check(as_of=as_of, save=False))
    return again


def scopes(result: CheckResult) -> dict[str, object]:
    return dict(result.editions[0].concluded.scopes)


def test_every_kind_of_change(url: str, book: Path) -> None:
    clock = Clock()
    with opened(url, clock, book) as w:
        begin(w)
        last = w.check(as_of=AS_OF, save=False)
        for what, change in CHANGES.items():
            clock.next_day()
            change(w)
            try:
                last = again_and_whole(w, last, AS_OF)
            except AssertionError as error:
                raise AssertionError(f"not what a check of everything gives after {what}") from error


def test_time_alone_passes(url: str, book: Path) -> None:
    clock = Clock()
    with opened(url, clock, book) as w:
        begin(w)
        last = w.check(as_of="2024-05-06", save=False)
        for as_of in ("2024-05-06T17:00", "2024-05-07", "2024-06-01", *MOMENTS):
            last = again_and_whole(w, last, as_of)


def test_going_on_from_a_saved_check(url: str, book: Path) -> None:
    clock = Clock()
    with opened(url, clock, book) as w:
        begin(w)
        number = w.check(as_of=AS_OF).number
    with opened(url, clock, book) as w:
        CHANGES["a fact of the past"](w)
        CHANGES["a correction that moves"](w)
        again = again_and_whole(w, w.last_check(number), AS_OF)
        assert not all(scope is None for scope in scopes(again).values())
        second = w.check(as_of=AS_OF, since=again)
        same(w.last_check(second.number), again)


def test_a_fact_touches_the_rules_that_look_for_it(url: str, book: Path) -> None:
    with opened(url, Clock(), book) as w:
        begin(w)
        last = w.check(as_of=AS_OF, save=False)
        w.record("education", at="2024-03-04", grid="B0", audience="home")
        found = scopes(again_and_whole(w, last, AS_OF))
        assert [key for key, scope in found.items() if scope is None or scope] == ["taught"]


def test_a_rule_written_anew_touches_itself_and_what_reads_it(url: str, book: Path, tmp_path: Path) -> None:
    clock = Clock()
    with opened(url, clock, book) as w:
        begin(w)
        last = w.check(as_of=AS_OF)
    text = BOOK.replace("title:", "# a comment moves every line\ntitle:")
    other = tmp_path / "other.yaml"
    other.write_text(
        "# a comment moves every line\n" + text.replace("{filed: true}", "{filed: false}"), encoding="utf-8"
    )
    with opened(url, clock, other) as w:
        again = again_and_whole(w, w.last_check(last.number), AS_OF)
        found = scopes(again)
        assert found["monthly"] is None
        assert {key for key, scope in found.items() if scope is None or scope} == {"monthly", "score"}


@pytest.mark.parametrize("as_of", ["2024-06-01", "2023-01-01"])
def test_back_in_time_everything_is_looked_at(url: str, book: Path, as_of: str) -> None:
    with opened(url, Clock(), book) as w:
        begin(w)
        last = w.check(as_of=AS_OF, save=False)
        found = scopes(again_and_whole(w, last, as_of))
        assert all(scope is None for scope in found.values())
