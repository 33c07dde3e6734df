"""Findings in layers say what they would say when put together at once."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from wuding.engines.columnar.kept import MANY, Kept, together
from wuding.engines.columnar.scope import Scope, inside

HOLDERS, PERIODS = ("a", "b", "c", None), ("p", "q", "")
SCHEMA = {
    "holder": pl.String,
    "period": pl.String,
    "case": pl.String,
    "n": pl.Int64,
}


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    rows = st.tuples(st.sampled_from(HOLDERS), st.sampled_from(PERIODS), st.sampled_from(["", "k"]), st.integers(0, 9))
    return pl.DataFrame(draw(st.lists(rows, max_size=5)), schema=SCHEMA, orient="row")


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    some = st.frozensets(st.sampled_from(["a", "b", "c"]), max_size=2)
    pairs = draw(st.dictionaries(st.sampled_from(["p", "q"]), some, max_size=2))
    return Scope(draw(some), draw(st.frozensets(st.sampled_from(["p", "q"]), max_size=1)), pairs,
                 draw(st.sampled_from([frozenset(), frozenset({"k"})])))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(frames(), st.lists(st.tuples(scopes(), frames()), max_size=MANY + 3))
def test_layers_are_what_changing_the_whole_gives(
    base: pl.DataFrame, changes: list[tuple[Scope, pl.DataFrame]]
) -> None:
    kept, whole = Kept(base), base
    for scope, rows in changes:
        new = rows.filter(inside(scope))
        kept = kept.changed(scope, new)
        whole = pl.concat([whole.filter(~inside(scope)), new]) if scope else whole
    assert kept.frame().equals(whole)
    assert len(kept.changes) <= MANY
    some = pl.col("n") > 4
    assert kept.filter(some).equals(whole.filter(some))
    assert kept.clear().equals(whole.clear())


def test_variants_are_read_together() -> None:
    one, two, three = (Kept(pl.DataFrame([("a", "p", "", n)], schema=SCHEMA, orient="row")) for n in (1, 2, 3))
    found = together(together(together(None, one), two), three)
    assert found.filter(pl.col("n") > 1)["n"].to_list() == [2, 3]
    assert found.clear().columns == list(SCHEMA)
