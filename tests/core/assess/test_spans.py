from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from wuding.assess.spans import BAD, GOOD, UNKNOWN, counts_by_day, merged, spells, verdicts

ENDS = (0, 12)
piece = st.tuples(st.integers(-3, 14), st.integers(1, 6), st.booleans(), st.sampled_from("ab"))
pieces = st.lists(piece, max_size=6)


def frame(given_: list[tuple[int, int, bool, str]]) -> pl.DataFrame:
    rows = [(0, s, s + n, sure, key) for s, n, sure, key in given_]
    return pl.DataFrame(
        rows,
        schema={"ask": pl.UInt32, "s": pl.Int32, "e": pl.Int32, "certain": pl.Boolean, "key": pl.String},
        orient="row",
    )


def asked() -> pl.DataFrame:
    return pl.DataFrame(
        {"ask": [0], "a": [ENDS[0]], "b": [ENDS[1]]}, schema={"ask": pl.UInt32, "a": pl.Int32, "b": pl.Int32}
    )


def by_day(segments: pl.DataFrame, *names: str) -> dict[int, tuple[object, ...]]:
    return {d: tuple(r[n] for n in names) for r in segments.iter_rows(named=True) for d in range(r["s"], r["e"])}


@given(pieces)
def test_counts_are_those_of_counting_day_by_day(given_: list[tuple[int, int, bool, str]]) -> None:
    spans = merged(frame(given_), ["ask", "key"])
    found = counts_by_day(asked(), spans.filter("certain"), spans.filter(~pl.col("certain")))
    expected = {}
    for day in range(*ENDS):
        here = [(sure, key) for s, n, sure, key in given_ if s <= day < s + n]
        expected[day] = (len({k for sure, k in here if sure}), len({k for _, k in here}))
    assert by_day(found, "low", "high") == expected


@given(st.lists(st.sampled_from((GOOD, UNKNOWN, BAD)), min_size=12, max_size=12))
def test_unknown_days_end_no_spell_and_begin_none(states: list[int]) -> None:
    part = pl.DataFrame(
        [(0, d, d + 1, s) for d, s in enumerate(states)],
        schema={"ask": pl.UInt32, "s": pl.Int32, "e": pl.Int32, "state": pl.Int8}, orient="row",
    )  # fmt: skip
    found = spells(verdicts(asked(), [part]))
    gap = False
    expected = {}
    for day, state in enumerate(states):
        gap = state == BAD or (gap and state == UNKNOWN)
        expected[day] = gap
    assert {d: s == BAD for d, (s,) in by_day(found, "state").items()} == expected
    assert set(found["today"]) == {states[-1]}
