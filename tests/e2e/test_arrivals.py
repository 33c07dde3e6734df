"""Facts as they arrive: the state that is carried along finds what a full check finds, whatever arrives; answers say
what changed; notices are written once, whoever answers (semantics 24 to 26).

The world and the changes are those of `test_known_at`, on a real ledger.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from tests.e2e.test_known_at import BOOK, CHANGES, Clock, begin, book, opened, url

from wuding import Grid, Wuding
from wuding.app.answers import Answer
from wuding.store.outbox import notices, read_mark

__all__ = ["book", "url"]
KEY = ["rule", "variant", "holder", "period", "case", "episode", "step"]
HOUR = 3_600_000_000


@pytest.fixture
def lite(tmp_path: Path) -> str:
    """An SQLite ledger: what is the same on both databases is tried on one."""
    return f"sqlite:///{tmp_path}/ledger.db"


def same(w: Wuding, what: str) -> None:
    """Is what is carried along what a check of everything finds?"""
    carried = w.arrivals()
    try:
        assert_frame_equal(carried.frame().sort(KEY), w.check(as_of=carried.as_of, save=False).frame.sort(KEY))
    except AssertionError as error:
        raise AssertionError(f"not what a check of everything finds after {what}") from error


def whats(answer: Answer) -> set[tuple[str, str]]:
    return {(change.what, change.finding.id.partition("#")[2]) for change in answer.changes}


def started(url: str, clock: Clock, *books: Path) -> Wuding:
    """The world, with everything so far answered."""
    with opened(url, clock, *books) as w:
        begin(w)
    w = opened(url, clock, *books, answering=True)
    w.tick()
    return w


def test_every_kind_of_change(url: str, book: Path) -> None:
    clock = Clock()
    with started(url, clock, book) as w:
        for what, change in CHANGES.items():
            clock.next_day()
            change(w)
            w.tick()
            same(w, what)


def test_time_passes_between_facts(lite: str, book: Path) -> None:
    clock = Clock()
    with started(lite, clock, book) as w:
        for n in range(12):
            clock.now += 11 * HOUR
            w.record("hazard", grid=f"B{n % 6}", hazard_id=f"N{n % 5}", severity="major")
            w.record("inspection", grid=f"B{n % 6}", actor=f"p{n % 4}", filed=n % 3 > 0)
            w.record("patrol", grid=f"B{n % 6}", scope="gas", at=f"2024-07-{n + 1:02d}T12:00")
            if n % 3 == 2:
                w.record("rectified", grid=f"B{n % 6}", hazard_id=f"N{n % 5}", accepted=True)
            if n % 4 == 3:
                same(w, f"round {n}")


def test_what_is_answered(lite: str, book: Path) -> None:
    clock = Clock()
    with started(lite, clock, book) as w:
        opened_ = w.record("hazard", grid="B0", hazard_id="N1", severity="major")
        assert ("opened", "hazard@B0/N1") in whats(opened_) and not opened_.notices
        assert ("met", "monthly@B5/2024-07") in whats(w.record("inspection", grid="B5", actor="p5", filed=True))
        again = w.record("inspection", grid="B5", actor="p5", filed=True)
        assert whats(again) == {("changed", "monthly@B5/2024-07")}
        struck = w.record("fire", grid="B2", grade="general", poor_work=True)
        assert any(change.what == "struck" and change.finding.holder == "B2" for change in struck.changes)
        lifted = w.correct(struck.first_seq, void=True)
        assert any(change.what == "lifted" and change.finding.holder == "B2" for change in lifted.changes)
        clock.now += 100 * HOUR
        due = w.tick()
        assert ("told", "hazard.leader@B0/N1") in whats(due)
        (told,) = due.notices
        assert (told.kind, told.body["to"], told.body["case"]) == ("notice", ["boss"], "N1")
        closed = w.record("rectified", grid="B0", hazard_id="N1", accepted=True)
        assert ("closed", "hazard@B0/N1") in whats(closed) and not closed.notices
        assert not w.tick().notices


def test_a_voided_case_takes_its_notices_back(lite: str, book: Path) -> None:
    clock = Clock()
    with started(lite, clock, book) as w:
        opening = w.record("hazard", grid="B0", hazard_id="N1", severity="major")
        clock.now += 100 * HOUR
        (told,) = w.tick().notices
        (back,) = w.correct(opening.first_seq, void=True).notices
        assert (back.kind, back.finding) == ("cancellation", told.finding)
        clock.now += HOUR
        (anew,) = w.record("hazard", grid="B0", hazard_id="N1", severity="major", at="2024-07-02T10:00").notices
        assert anew.finding == told.finding and len({told.id, back.id, anew.id}) == 3


def test_only_the_highest_of_the_steps_that_are_past_is_sent(lite: str, tmp_path: Path) -> None:
    later = tmp_path / "steps.yaml"
    later.write_text(
        BOOK.replace(
            "      - {id: fixed,",
            "      - {id: again, wait: 9d, tell: {role: grid-leader, at: grid}}\n      - {id: fixed,",
        ),
        encoding="utf-8",
    )
    clock = Clock()
    with started(lite, clock, later) as w:
        late = w.record("hazard", at="2024-06-01", grid="B0", hazard_id="N1", severity="major")
        assert [(n.kind, n.body["step"]) for n in late.notices] == [("superseded", "leader"), ("notice", "again")]


def test_failures_are_told_as_they_happen(lite: str, tmp_path: Path) -> None:
    """An expectation fails as time passes, a window as a fact arrives; each round tells once (E6b)."""
    failing = tmp_path / "failing.yaml"
    start = BOOK.index("      - {id: leader")
    steps = """
      - {id: fixed, expect: {fact: rectified, when: {accepted: true}}, within: 7d, else: {tell: {role: boss}}}
      - {id: safe, after: fixed, without: {fact: fire, same: grid}, within: 9d, else: {tell: {role: boss}, back: safe}}
""".replace("role: boss", "role: grid-leader, at: grid").lstrip("\n")
    failing.write_text(BOOK[:start] + steps + BOOK[BOOK.index("targets:") :], encoding="utf-8")
    clock = Clock()
    with started(lite, clock, failing) as w:
        w.record("hazard", grid="B0", hazard_id="N1", severity="major")
        assert not w.tick().notices
        clock.now += 200 * HOUR
        (overdue,) = w.tick().notices
        assert (overdue.body["step"], overdue.body["to"], overdue.body["time"]) == ("fixed-else", ["boss"], 1)
        w.record("rectified", grid="B0", hazard_id="N1", accepted=True)
        clock.now += HOUR
        same(w, "the limit passed")
        told = []
        for round_ in (1, 2):
            clock.now += 24 * HOUR
            answer = w.record("fire", grid="B0", grade="general")
            told += answer.notices
            same(w, f"round {round_}")
            assert not w.tick().notices
        assert [(n.kind, n.body["step"], n.body["time"]) for n in told] == [
            ("notice", "safe-else", 1), ("notice", "safe-else", 2)
        ]  # fmt: skip
        assert len({overdue.id, *(n.id for n in told)}) == 3


def test_what_is_imported_sends_nothing_and_what_falls_due_later_does(lite: str, book: Path, tmp_path: Path) -> None:
    path = tmp_path / "hazards.csv"
    path.write_text(
        "grid,hazard_id,severity,at\nB0,OLD,major,2024-06-01T09:00\nB0,NEW,major,2024-07-02T08:00\n", encoding="utf-8"
    )
    clock = Clock()
    with started(lite, clock, book) as w:
        w.import_facts(path, fact="fire/hazard")
        seen = w.tick()
        assert ("told", "hazard.leader@B0/OLD") in whats(seen) and not seen.notices
        clock.now += 100 * HOUR
        assert [n.body["case"] for n in w.tick().notices] == ["NEW"]


def test_several_processes_answer_as_one(url: str, book: Path) -> None:
    clock = Clock()
    with started(url, clock, book) as one, opened(url, clock, book, answering=True) as other:
        one.record("hazard", grid="B0", hazard_id="N1", severity="major")
        other.record("hazard", grid="B1", hazard_id="N2", severity="major")
        clock.now += 100 * HOUR
        first = one.tick()
        second = other.tick()
        assert len(first.notices) == 2 and not second.notices
        assert {("told", "hazard.leader@B0/N1"), ("told", "hazard.leader@B1/N2")} <= whats(second)
        with opened(url, clock, book) as third:  # records without answering
            third.record("rectified", grid="B0", hazard_id="N1", accepted=True)
        answer = one.record("rectified", grid="B1", hazard_id="N2", accepted=True)
        assert {("closed", "hazard@B0/N1"), ("closed", "hazard@B1/N2")} <= whats(answer)
        same(one, "what others wrote")
        other.tick()
        same(other, "what others wrote")
        assert len(notices(one.ledger)) == 2


def test_what_was_recorded_and_not_answered_is_answered_after_a_restart(lite: str, book: Path) -> None:
    clock = Clock()
    with started(lite, clock, book) as w:
        w.record("hazard", grid="B0", hazard_id="N1", severity="major")
    with opened(lite, clock, book) as w:
        w.record("hazard", grid="B1", hazard_id="N2", severity="major")
    clock.now += 100 * HOUR
    with opened(lite, clock, book, answering=True) as w:
        answer = w.tick()
        assert {n.body["case"] for n in answer.notices} == {"N1", "N2"}
        with w.ledger.database.read() as conn:
            mark = read_mark(conn)
        assert mark is not None and (mark.known_seq, mark.as_of) == (w.ledger.head().seq, answer.as_of)
    with opened(lite, clock, book, answering=True) as w:
        assert not w.tick().notices


def test_an_answer_that_fails_leaves_the_fact_recorded(lite: str, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import wuding.app.arrivals as arrivals

    clock = Clock()
    with started(lite, clock, book) as w:
        before = w.ledger.head().seq

        def fails(*_: object, **__: object) -> None:
            raise RuntimeError("the disk is full")

        monkeypatch.setattr(arrivals, "write_answer", fails)
        with pytest.raises(RuntimeError):
            w.record("hazard", grid="B0", hazard_id="N1", severity="major")
        monkeypatch.undo()
        assert w.ledger.head().seq == before + 1
        assert ("opened", "hazard@B0/N1") in whats(w.tick())
        same(w, "an answer that failed")


def test_a_year_turns_before_anything_was_recorded(lite: str, book: Path) -> None:
    clock = Clock()
    with opened(lite, clock, book, answering=True) as w:
        w.add_grids([Grid("Z", "zone", None, "zone"), Grid("G1", "G1", "Z", "grid"), Grid("B0", "B0", "G1", "basic")])
        w.tick()
        clock.now += 250 * 24 * HOUR
        w.tick()
        same(w, "a New Year")
        w.record("patrol", grid="B0", scope="gas")
        same(w, "the first fact")
        w.record("patrol", grid="B0", scope="gas", at="2024-12-30")
        same(w, "a fact of the year before")


def test_without_a_book_facts_are_recorded_all_the_same(lite: str) -> None:
    with opened(lite, Clock(), answering=True) as w:
        w.add_grids([Grid("B0", "cell", None, "basic")])
        answer = w.record("fire/hazard", grid="B0", hazard_id="N1", severity="major")
        assert answer.first_seq == answer.known_seq == w.ledger.head().seq and answer.changes == ()
