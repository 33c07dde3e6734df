"""Where a key stands on a day: what the versions say one by one."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from wuding.domain.subject import Subject
from wuding.intake.known import known, placed

KEYS = st.sampled_from(["a", "b", "c"])
DAYS = st.none() | st.integers(-3, 3)


@st.composite
def versions(draw: st.DrawFn) -> list[Subject]:
    """Those of one key do not overlap, as in a registry; some have no bounds at all."""
    found = []
    for key in draw(st.sets(KEYS)):
        cuts = sorted(draw(st.sets(st.integers(-3, 3), max_size=3)))
        for start, end in zip([None, *cuts], [*cuts, None], strict=True):
            if draw(st.booleans()):
                found.append(Subject(key, "shop", f"home of {key} from {start}", "", {}, start, end))
    return found


@settings(max_examples=100, deadline=None)
@given(versions(), st.lists(st.tuples(st.none() | KEYS, DAYS), max_size=6))
def test_placed_is_what_the_versions_say(subjects: list[Subject], asked: list[tuple[str | None, int | None]]) -> None:
    keys = pl.Series([key for key, _ in asked], dtype=pl.String)
    days = pl.Series([day for _, day in asked], dtype=pl.Int64)
    ever, stands, home = placed(keys, days, known(subjects=subjects).subjects)
    for n, (key, day) in enumerate(asked):
        of = [one for one in subjects if one.id == key]
        then = [
            one
            for one in of
            if day is not None and (one.start is None or one.start <= day) and (one.end is None or day < one.end)
        ]
        assert (ever[n], stands[n], home[n]) == (bool(of), bool(then), then[0].grid if then else None)
