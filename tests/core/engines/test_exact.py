from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wuding.engines.columnar.exact import holds, intervals, over, three_valued, value_of
from wuding.lang.nodes import And, Arith, Cmp, Cond, Field, Lit, Not, OneOf, Or, Param, Term

numbers = st.fractions(min_value=-20, max_value=20, max_denominator=12)
FIELDS = ("a", "b", "c")


def terms() -> st.SearchStrategy[Term]:
    leaf = st.one_of(st.sampled_from(FIELDS).map(lambda n: Field(n, "number")), numbers.map(lambda v: Lit(v, "number")))
    binary = st.sampled_from(("+", "-", "*", "/", "min", "max"))
    unary = st.sampled_from(("neg", "abs", "floor"))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(lambda op, x, y: Arith(op, (x, y)), binary, inner, inner),
            st.builds(lambda op, x: Arith(op, (x,)), unary, inner),
        ),
        max_leaves=6,
    )


def conditions() -> st.SearchStrategy[Cond]:
    ops = st.sampled_from(("=", "!=", "<", "<=", ">", ">="))
    leaf = st.one_of(
        st.builds(Cmp, ops, terms(), terms()),
        st.builds(
            lambda t, o: OneOf(t, tuple(Lit(v, "number") for v in o)),
            terms(),
            st.lists(numbers, min_size=1, max_size=3),
        ),
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda c: And(tuple(c))),
            st.lists(inner, max_size=3).map(lambda c: Or(tuple(c))),
            inner.map(Not),
        ),
        max_leaves=4,
    )


spans = st.tuples(numbers, numbers).map(lambda p: (min(p), max(p)))
within = st.fractions(min_value=0, max_value=1, max_denominator=8)


@given(terms(), st.tuples(spans, spans, spans), st.tuples(within, within, within))
def test_an_interval_holds_every_value_inside(term: Term, given_: tuple, at: tuple) -> None:
    wide = {f"f.{n}": s for n, s in zip(FIELDS, given_, strict=True)}
    points = {k: s[0] + (s[1] - s[0]) * w for (k, s), w in zip(wide.items(), at, strict=True)}
    whole = value_of(term, wide)
    point = value_of(term, {k: (v, v) for k, v in points.items()})
    assume(whole is not None)
    assert point is not None
    assert whole[0] <= point[0] == point[1] <= whole[1]


@given(conditions(), st.tuples(spans, spans, spans), st.tuples(within, within, within))
def test_a_decided_test_is_so_at_every_point(cond: Cond, given_: tuple, at: tuple) -> None:
    wide = {f"f.{n}": s for n, s in zip(FIELDS, given_, strict=True)}
    points = {k: (s[0] + (s[1] - s[0]) * w,) * 2 for (k, s), w in zip(wide.items(), at, strict=True)}
    decided = holds(cond, wide)
    assume(decided is not None)
    assert holds(cond, points) in (decided, None if _divides(cond) else decided)


def _divides(cond: Cond) -> bool:
    return "op='/'" in repr(cond)


def test_a_missing_field_makes_it_unknown_and_division_by_zero_too() -> None:
    ratio = Arith("/", (Field("a", "int"), Field("b", "int")))
    frame = pl.DataFrame({"f.a": [1, 1, None], "f.b": [3, 0, 2]})
    found = intervals(frame, ratio, "r")
    assert found["r.lo"].to_list() == ["1/3", None, None]
    third = three_valued(frame, Cmp("=", ratio, Lit(Fraction(1, 3), "number")), "yes")
    assert third["yes"].to_list() == [True, None, None]


def test_each_combination_is_computed_once() -> None:
    frame = pl.DataFrame({"f.a": [1, 2, 1, 2, 1] * 100})
    asked: list[object] = []
    found = over(frame, {"f.a": "int"}, lambda env: (asked.append(env["f.a"]), int(env["f.a"][0]))[1:], {"x": pl.Int64})
    assert len(asked) == 2
    assert found["x"].to_list() == frame["f.a"].to_list()


def test_a_parameter_is_read_in_the_type_in_which_it_is_wanted() -> None:
    frame = pl.DataFrame({"p.x:number": [1_500_000], "f.a": [2]})
    more = Cmp(">", Field("a", "int"), Param("x", "number"))
    assert three_valued(frame, more, "yes")["yes"].to_list() == [True]


def test_an_unknown_node_is_an_error() -> None:
    with pytest.raises(TypeError):
        holds("nonsense", {})  # type: ignore[arg-type]
