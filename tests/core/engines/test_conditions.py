"""Conditions as expressions over columns agree with the same conditions computed row by row."""

from __future__ import annotations

from fractions import Fraction

import narwhals as nw
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from wuding.engines.columnar.conditions import expression
from wuding.engines.columnar.exact import holds, prepare
from wuding.lang.nodes import And, Cmp, Cond, Field, Has, Lit, Not, OneOf, Or

TYPES = {"n": "int", "x": "number", "word": "enum", "yes": "bool", "day": "date"}
WORDS = ("red", "green")


def literal(name: str) -> st.SearchStrategy[Lit]:
    type_ = TYPES[name]
    values = {
        "int": st.integers(-3, 3).map(Fraction),
        "number": st.sampled_from((Fraction(1, 2), Fraction(-1), Fraction(1, 3), Fraction(2))),
        "enum": st.sampled_from(WORDS),
        "bool": st.booleans(),
        "date": st.integers(19000, 19003),
    }
    return values[type_].map(lambda v: Lit(v, type_))


@st.composite
def leaves(draw: st.DrawFn) -> Cond:
    name = draw(st.sampled_from(sorted(TYPES)))
    field = Field(name, TYPES[name])
    kind = draw(st.sampled_from(("cmp", "one", "has")))
    if kind == "has":
        return Has(field)
    if kind == "one":
        return OneOf(field, tuple(draw(st.lists(literal(name), min_size=1, max_size=3))))
    ordered = TYPES[name] in ("int", "number", "date")
    op = draw(st.sampled_from(("=", "!=", "<", "<=", ">", ">=") if ordered else ("=", "!=")))
    if name in ("n", "x") and draw(st.booleans()):
        other = "x" if name == "n" else "n"
        return Cmp(op, field, Field(other, TYPES[other]))
    return Cmp(op, field, draw(literal(name)))


conditions = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda c: And(tuple(c))),
        st.lists(inner, max_size=3).map(lambda c: Or(tuple(c))),
        inner.map(Not),
    ),
    max_leaves=5,
)
rows = st.fixed_dictionaries(
    {
        "n": st.none() | st.integers(-3, 3),
        "x": st.none() | st.sampled_from((500_000, -1_000_000, 2_000_000, 333_333)),
        "word": st.none() | st.sampled_from(WORDS),
        "yes": st.none() | st.booleans(),
        "day": st.none() | st.integers(19000, 19003),
    }
)
DTYPES = {"n": pl.Int64, "x": pl.Int64, "word": pl.String, "yes": pl.Boolean, "day": pl.Int32}


@given(conditions, st.lists(rows, min_size=1, max_size=6))
def test_columns_and_rows_agree(cond: Cond, table: list[dict[str, object]]) -> None:
    frame = pl.DataFrame({f"f.{n}": pl.Series([r[n] for r in table], dtype=t) for n, t in DTYPES.items()})
    ready, plain = prepare(frame, cond)
    # A condition of no test is a constant, which an expression gives once.
    found = nw.from_native(ready, eager_only=True).with_columns(expression(plain).alias("found")).to_native()
    assert found["found"].to_list() == [holds(cond, env(r)) for r in table]


def env(row: dict[str, object]) -> dict[str, object]:
    scale = {"int": 1, "number": 10**6}
    return {
        f"f.{n}": None if v is None else (Fraction(v, scale[TYPES[n]]),) * 2 if TYPES[n] in scale else v  # type: ignore[arg-type]
        for n, v in row.items()
    }
