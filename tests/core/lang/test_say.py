"""Conditions in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term
from wuding.lang.say import Voice
from wuding.lang.say import condition as say
from wuding.lang.say import duration as say_duration
from wuding.lang.say import term as say_term
from wuding.program.model import FieldType


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("weather: wet", "天气为雨", "weather is wet"),
        ("weather: [dry, wet]", "天气为晴、雨之一", "weather is one of dry or wet"),
        ("weather: not(dry, wet)", "天气不为晴、雨之一", "weather is not one of dry or wet"),
        ("length: 5..7", "里程不小于5km，且里程不大于7km", "length is at least 5 km and length is at most 7 km"),
        ('length: "< 0.5"', "里程小于0.5km", "length is below 0.5 km"),
        ("note: absent", "备注未填写", "note is not recorded"),
        ("note: present", "备注已填写", "note is recorded"),
        ("night: false", "夜间为否", "night is no"),
        ('due: "> 2024-05-03"', "期限晚于2024-05-03", "due is after 2024-05-03"),
        ('due: ">= occurred_at"', "期限不早于发生时间", "due is not before occurred_at"),
        ("occurred_at: 2024-05-03T10:00", "发生时间为2024-05-03 10:00", "occurred_at is 2024-05-03 10:00"),
        ('took: "<= 3 workdays"', "用时不大于3个工作日", "took is at most 3 workdays"),
        ('visitors: "> 2 * holder.seats"', "游客数大于2 × 本对象的座位", "visitors is above 2 × its own seats"),
        ('visitors: "> $least"', "游客数大于参数“least”", "visitors is above parameter least"),
        ("{night: true, any: [{weather: wet}, {note: absent}]}", "夜间为是，且（天气为雨，或备注未填写）",
         "night is yes and (weather is wet or note is not recorded)"),
        ("none: [{night: true}]", "并非（夜间为是）", "not (night is yes)"),
        ("{}", "总是", "always"),
    ],
)  # fmt: skip
def test_in_words(
    text: str, zh: str, en: str, condition: Callable[[str], Cond], fields: Mapping[str, FieldType]
) -> None:
    cond = condition(text)
    holder = {"seats": FieldType("seats", "int", fields["visitors"].label)}
    assert say(cond, Voice("zh", fields, zone_minutes=480)).replace("本对象的seats", "本对象的座位") == zh
    assert say(cond, Voice("en", fields, zone_minutes=480)) == en
    assert "游客数" in say(Cmp("=", Holder("seats", "int"), Field("x", "int")), Voice("zh", fields, holder))


def test_durations() -> None:
    assert say_duration(Duration(1, "workday"), "en") == "1 workday"
    assert say_duration(Duration(48, "h"), "en") == "48 hours"
    assert say_duration(Duration(2, "year"), "zh") == "2年"


TERMS: st.SearchStrategy[Term] = st.recursive(
    st.one_of(
        st.text(max_size=5).map(lambda t: Lit(t, "text")), st.fractions().map(lambda v: Lit(v, "number")),
        st.booleans().map(lambda v: Lit(v, "bool")), st.integers(0, 10**5).map(lambda d: Lit(d, "date")),
        st.integers(0, 10**15).map(lambda t: Lit(t, "time")), st.just(Field("x", "int")), st.just(Holder("y", "int")),
        st.just(Param("z", "int")),
    ),
    lambda inner: st.one_of(
        inner.map(lambda arg: Arith("neg", (arg,))),
        st.builds(
            lambda op, args: Arith(op, tuple(args)),
            st.sampled_from(["+", "-", "*", "/", "min", "max", "floor", "abs"]),
            st.lists(inner, min_size=1, max_size=2),
        ),
    ),
    max_leaves=5,
)  # fmt: skip
CONDS: st.SearchStrategy[Cond] = st.recursive(
    st.one_of(
        st.builds(Cmp, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), TERMS, TERMS),
        st.builds(lambda left, options: OneOf(left, tuple(options)), TERMS, st.lists(TERMS, max_size=3)),
        st.just(Has(Field("x"))),
    ),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, max_size=3).map(lambda args: And(tuple(args))),
        st.lists(inner, max_size=3).map(lambda args: Or(tuple(args))),
    ),
    max_leaves=6,
)  # fmt: skip


@given(CONDS, TERMS, st.sampled_from(["zh", "en"]))
def test_everything_can_be_said(cond: Cond, term: Term, lang: str) -> None:
    assert say(cond, Voice(lang))
    assert isinstance(say_term(term, Voice(lang)), str)
