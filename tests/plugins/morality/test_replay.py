"""Accounts in themselves: whatever moves them, the books balance after every entry, and nothing falls below its floor
that the rules keep above it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wuding_morality.replay import ISSUED, SPENT, Credit, Event, Movement, faults, lapse, replay, trial_balance

AMOUNTS = st.integers(min_value=-20, max_value=20)


@st.composite
def movements(draw: st.DrawFn) -> list[Movement]:
    told = draw(st.lists(st.tuples(st.booleans(), AMOUNTS, st.integers(0, 9)), max_size=30))
    made = [
        Movement(seq, seq * 10, "x", into, amount, unsure > 0) for seq, (into, amount, unsure) in enumerate(told, 1)
    ]
    return draw(st.permutations(made))


@given(movements(), st.sampled_from([None, 0, 5]))
def test_the_books_balance_after_every_entry(moved: list[Movement], floor: int | None) -> None:
    told = lapse("H1", replay("H1", moved, floor), 999)
    for count in range(len(told.entries) + 1):
        assert sum(trial_balance(told.entries[:count]).values()) == 0
    assert all(entry.amount >= 0 for entry in told.entries)


@given(movements())
def test_the_balance_is_what_the_entries_say(moved: list[Movement]) -> None:
    told = replay("H1", moved, 0)
    standing = trial_balance(told.entries)
    assert standing.get("H1", 0) == told.reckoned
    assert standing.get(SPENT, 0) == told.spent
    known = [m for m in moved if m.known]
    assert -standing.get(ISSUED, 0) == sum(m.amount or 0 for m in known if m.incoming) + told.short
    assert told.certain == (len(known) == len(moved))


@given(movements())
def test_only_what_goes_out_uncovered_takes_a_balance_below_its_floor(moved: list[Movement]) -> None:
    told = replay("H1", moved, 0)
    left = 0
    for entry in told.entries:
        left += entry.amount if entry.target == "H1" else -entry.amount
        unknown_before = any(not m.known and m.incoming and m.seq < entry.seq for m in moved)
        assert left >= 0 or unknown_before or told.uncovered
    known = [m for m in moved if m.known]
    uncovered = replay("H1", known, 0).uncovered
    left, again = 0, replay("H1", [m for m in known if m.seq not in uncovered], 0)
    assert again.uncovered == ()
    for entry in again.entries:
        left += entry.amount if entry.target == "H1" else -entry.amount
        assert left >= 0


@given(movements())
def test_what_came_in_never_shrinks(moved: list[Movement]) -> None:
    known = sorted((m for m in moved if m.known), key=lambda m: m.seq)
    earned = [replay("H1", known[:count], 0).earned or 0 for count in range(len(known) + 1)]
    assert earned == sorted(earned)


def test_what_is_taken_stops_at_nothing() -> None:
    told = replay("H1", [Movement(1, 1, "x", True, 5), Movement(2, 2, "x", True, -8), Movement(3, 3, "x", True, 2)], 0)
    assert (told.balance, told.taken, told.short, told.earned) == (2, 5, 3, 7)


def test_nothing_negative_goes_out() -> None:
    told = replay("H1", [Movement(1, 1, "x", False, -5)], 0)
    assert (told.balance, told.uncovered) == (0, (1,))


def test_an_unknown_outgo_does_not_cover_a_later_one() -> None:
    moved = [Movement(1, 1, "x", True, 5), Movement(2, 2, "x", False, None), Movement(3, 3, "x", False, 6)]
    assert replay("H1", moved, 0).uncovered == (3,)
    assert replay("H1", [Movement(0, 0, "x", True, None), *moved], 0).uncovered == ()


# ── what must go before a credit ─────────────────────────────────────────────────────────────────
CLAIM, REVIEW, POST = 0, 1, 2
PATH = [Event(1, 1, CLAIM), Event(2, 2, REVIEW, agreed=5), Event(3, 3, POST)]


def why(events: list[Event], *credits: Credit) -> list[str]:
    found = faults(
        credits or [Credit(9, 20, "C", 5)], lambda case: events if case == "C" else [], 3, lambda at, _: at + 5
    )
    return [fault.why for fault in found]


def test_a_path_to_its_end() -> None:
    assert why(PATH) == []
    assert why(PATH, Credit(9, 8, "C", 5)) == []
    assert why(PATH, Credit(9, 7, "C", 5)) == ["early"]
    assert why(PATH, Credit(9, 20, "C", 4)) == ["amount"]
    assert why(PATH, Credit(9, 20, None, 5)) == ["no-case"]
    assert why(PATH, Credit(9, 20, "D", 5)) == ["step"]
    assert why(PATH, Credit(9, 20, "C", 5), Credit(10, 21, "C", 5)) == ["twice"]


def test_a_step_left_out_or_out_of_order() -> None:
    for gone in range(3):
        assert why([event for n, event in enumerate(PATH) if n != gone]) == ["step"]
    assert why([Event(1, 1, CLAIM), Event(2, 3, REVIEW), Event(3, 2, POST)]) == ["step"]
    assert why([*PATH[:2], Event(3, 30, POST)]) == ["step"]  # published after the credit


def test_an_objection_and_a_review_that_fails_send_it_back() -> None:
    assert why([*PATH, Event(4, 5, None)]) == ["step"]
    assert why([*PATH, Event(4, 5, None), Event(5, 6, REVIEW, agreed=3), Event(6, 7, POST)]) == ["amount"]
    assert why([*PATH, Event(4, 5, None), Event(5, 6, REVIEW, agreed=5), Event(6, 7, POST)]) == []
    assert why([*PATH, Event(4, 25, None)]) == []  # too late: it was credited
    assert why([*PATH, Event(4, 5, REVIEW, good=False)]) == ["step"]
    assert why([Event(1, 1, CLAIM), Event(4, 1, None), *PATH[1:]]) == []  # nothing was published yet
