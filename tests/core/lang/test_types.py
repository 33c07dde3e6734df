"""What cannot be typed is said once, in its own words; random conditions survive a round trip through YAML."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wuding.domain.number import plain
from wuding.domain.period import to_date
from wuding.errors import Rejected
from wuding.lang.nodes import And, Cmp, Cond, Duration, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("weather: damp", "WD211"), ("weather: [dry, damp]", "WD211"), ('weather: ">= dry"', "WD213"),
        ("note: true", "WD212"),
        ("visitors: many", "WD212"), ("visitors: weather", "WD212"),
        ('visitors: "= weather"', "WD212"), ("night: yes", "WD119"), ("night: 1", "WD212"),
        ("due: 2023-02-29", "WD220"),
        ("due: tomorrow", "WD219"), ("took: 3", "WD212"), ('took: "> visitors"', "WD212"), ('due: "> $least"', "WD212"),
        ('visitors: "> visitor"', "WD204"), ('visitors: "> holder.seat"', "WD204"), ('visitors: "> $leest"', "WD209"),
        ('visitors: "> note * 2"', "WD214"), ("visitors: 7..5", "WD301"), ("due: 2024-02-01..2024-01-01", "WD301"),
        ("took: 2d..1d", "WD301"), ('visitors: "> 5 and < 5"', "WD311"), ('visitors: ">= 9 and < 5"', "WD311"),
        ("visitors: 24h", "WD212"), ("occurred_at: 12:30", "WD219"),
    ],
)  # fmt: skip
def test_one_mistake_one_diagnostic(text: str, code: str, condition: Callable[[str], Cond]) -> None:
    with pytest.raises(Rejected) as caught:
        condition(text)
    assert [one.code for one in caught.value.diagnostics] == [code]


def test_a_parameter_that_is_wrong_itself_causes_no_second_message(condition: Callable[[str], Cond]) -> None:
    assert condition('visitors: "> $broken"') == Cmp(">", Field("visitors", "int"), Param("broken", ""))


def test_the_same_bounds_are_no_contradiction(condition: Callable[[str], Cond]) -> None:
    assert isinstance(condition("visitors: 5..5"), And)


def test_zones_matter(condition: Callable[[str], Cond]) -> None:
    cond = condition("occurred_at: 1970-01-01T00:00Z")
    assert isinstance(cond, Cmp) and cond.right == Lit(0, "time")


# ── a round trip ─────────────────────────────────────────────────────────────────────────────────
NUMBERS = st.integers(-(10**9), 10**9).map(lambda i: Fraction(i, 1000))
NUMERIC = st.sampled_from(
    [Field("visitors", "int"), Field("length", "number"), Field("cost", "money"), Holder("seats", "int")]
)
ORDER = st.sampled_from(["<", "<=", ">", ">=", "=", "!="])
SIDES = st.one_of(NUMBERS.map(lambda v: Lit(v, "number")), st.just(Param("least", "int")))
CMP_NUMBER = st.builds(Cmp, ORDER, NUMERIC, SIDES)
CMP_DATE = st.builds(Cmp, ORDER, st.just(Field("due", "date")), st.integers(0, 40000).map(lambda d: Lit(d, "date")))
CMP_TOOK = st.builds(
    Cmp, ORDER, st.just(Field("took", "duration")),
    st.builds(Duration, st.integers(0, 99), st.sampled_from(["min", "h", "d", "workday", "week", "month", "year"])).map(
        lambda d: Lit(d, "duration")),
)  # fmt: skip
WORDS = st.sampled_from(["dry", "wet"]).map(lambda w: Lit(w, "enum"))
ENUM = st.one_of(
    st.builds(Cmp, st.sampled_from(["=", "!="]), st.just(Field("weather", "enum")), WORDS),
    st.lists(WORDS, min_size=1, max_size=3).map(lambda ws: OneOf(Field("weather", "enum"), tuple(ws))),
)
HAS = st.sampled_from([Has(Field("note", "text")), Has(Holder("opened", "date")), Not(Has(Field("due", "date")))])
LEAVES = st.one_of(CMP_NUMBER, CMP_DATE, CMP_TOOK, ENUM, HAS)
CONDS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda args: Or(tuple(args))),
        st.lists(inner, min_size=1, max_size=3).map(lambda args: Not(Or(tuple(args)))),
    ),
    max_leaves=8,
)


def word(term: Term) -> str:
    match term:
        case Lit(value, "number"):
            assert isinstance(value, Fraction)
            return plain(value)
        case Lit(value, "date"):
            assert isinstance(value, int)
            return to_date(value).isoformat()
        case Lit(value):
            return str(value)
        case Param(name):
            return f"${name}"
        case Holder(name):
            return f"holder.{name}"
        case Field(name):
            return name
    raise TypeError(term)


def written(cond: Cond) -> dict[str, object]:
    """A condition as an editor would write it."""
    match cond:
        case Or(args):
            return {"any": [written(arg) for arg in args]}
        case Not(Or(args)):
            return {"none": [written(arg) for arg in args]}
        case Not(Has(field)):
            return {word(field): "absent"}
        case Has(field):
            return {word(field): "present"}
        case Cmp("=", left, Lit() as right):
            return {word(left): word(right)}
        case Cmp(op, left, right):
            return {word(left): f"{op} {word(right)}"}
        case OneOf(left, options):
            return {word(left): [word(option) for option in options]}
    raise TypeError(cond)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cond=CONDS)
def test_random_conditions_come_back_typed(cond: Cond, condition: Callable[[str], Cond]) -> None:
    assert condition(json.dumps(written(cond), ensure_ascii=False)) == cond
