"""Stretches of time: every fact of a case lies in one of those that are read for it, and there are few of them."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from wuding.engines.columnar.index import STRETCHES, index_of, when

ROWS = st.tuples(
    st.sampled_from(["a", "b", "c", None]), st.sampled_from(["x", None]), st.integers(0, 10_000), st.integers(0, 20)
)


@settings(deadline=timedelta(seconds=2))
@given(st.lists(ROWS, max_size=40), st.frozensets(st.sampled_from(["a/x", "b/x", "c/x", "3", "7", "z"])))
def test_what_belongs_to_a_case_lies_in_its_stretches(rows: list[tuple[object, ...]], cases: frozenset[str]) -> None:
    schema = {"f.id": pl.String, "f.part": pl.String, "at": pl.Int64, "seq": pl.Int64}
    facts = pl.DataFrame(rows, schema=schema, orient="row")
    name = pl.concat_str("f.id", "f.part", separator="/").fill_null(pl.col("seq").cast(pl.String))
    mine = facts.with_columns(case=name).filter(pl.col("case").is_in(sorted(cases)))
    inside = facts.select(when(index_of(facts, ("id", "part")), cases)).to_series()
    assert set(mine["at"]) <= set(facts.filter(inside)["at"])
    if len(mine) <= STRETCHES:  # then each moment is a stretch of its own
        assert set(facts.filter(inside)["at"]) == set(mine["at"])


def test_stretches_are_cut_where_least_is_read() -> None:
    at = [*range(10), *range(1_000, 1_010), 5_000]
    facts = pl.DataFrame({"f.id": ["a"] * len(at), "at": at, "seq": at})
    others = pl.DataFrame({"f.id": "b", "at": range(6_000), "seq": range(6_000)})
    read = others.filter(when(index_of(facts, ("id",)), frozenset("a")))["at"]
    assert len(read) == len(at)
