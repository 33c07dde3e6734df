"""Surface forms into nodes; every mistake at its place; never anything but diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wuding.book.source import read
from wuding.errors import Rejected, Span
from wuding.lang import parse
from wuding.lang.fold import fold_term, fold_test
from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term
from wuding.lang.texts import narrow
from wuding.lang.tree import Node, Places

WEATHER, VISITORS, LENGTH = Field("weather", "enum"), Field("visitors", "int"), Field("length", "number")


def n(value: int | str) -> Lit:
    return Lit(Fraction(value), "number")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("weather: wet", Cmp("=", WEATHER, Lit("wet", "enum"))),
        ("weather: [dry, wet]", OneOf(WEATHER, (Lit("dry", "enum"), Lit("wet", "enum")))),
        ("weather: not(wet)", Not(Cmp("=", WEATHER, Lit("wet", "enum")))),
        ("weather: not(wet, dry)", Not(OneOf(WEATHER, (Lit("wet", "enum"), Lit("dry", "enum"))))),
        ('weather: "!= wet"', Cmp("!=", WEATHER, Lit("wet", "enum"))),
        ("visitors: 5..7", And((Cmp(">=", VISITORS, n(5)), Cmp("<=", VISITORS, n(7))))),
        ("visitors: 1..", Cmp(">=", VISITORS, n(1))),
        ("visitors: ..-3", Cmp("<=", VISITORS, n(-3))),
        ('visitors: ">= 50 and < 75"', And((Cmp(">=", VISITORS, n(50)), Cmp("<", VISITORS, n(75))))),
        ("length: 0.1", Cmp("=", LENGTH, Lit(Fraction(1, 10), "number"))),
        ("length: 30%", Cmp("=", LENGTH, Lit(Fraction(3, 10), "number"))),
        ('length: "> $least"', Cmp(">", LENGTH, Param("least", "int"))),
        ('visitors: ">= holder.seats"', Cmp(">=", VISITORS, Holder("seats", "int"))),
        ("visitors: holder.seats", Cmp("=", VISITORS, Holder("seats", "int"))),
        ("note: present", Has(Field("note", "text"))),
        ("note: absent", Not(Has(Field("note", "text")))),
        ("holder.opened: present", Has(Holder("opened", "date"))),
        ("night: true", Cmp("=", Field("night", "bool"), Lit(True, "bool"))),
        ("note: on", Cmp("=", Field("note", "text"), Lit("on", "text"))),
        ("note: 12:30", Cmp("=", Field("note", "text"), Lit("12:30", "text"))),
        ("note: 007", Cmp("=", Field("note", "text"), Lit("007", "text"))),
        ("note: 1.50", Cmp("=", Field("note", "text"), Lit("1.50", "text"))),
        ("note: 好，很好：＞５的那种", Cmp("=", Field("note", "text"), Lit("好，很好：＞５的那种", "text"))),
        ("due: 1970-01-02", Cmp("=", Field("due", "date"), Lit(1, "date"))),
        ("due: 1970-01-02..1970-01-05",
         And((Cmp(">=", Field("due", "date"), Lit(1, "date")), Cmp("<=", Field("due", "date"), Lit(4, "date"))))),
        ("occurred_at: 1970-01-01T08:00", Cmp("=", Field("occurred_at", "time"), Lit(0, "time"))),
        ('due: ">= occurred_at"', Cmp(">=", Field("due", "date"), Field("occurred_at", "time"))),
        ("took: ..90d", Cmp("<=", Field("took", "duration"), Lit(Duration(90, "d"), "duration"))),
        ('took: "<= 3 workdays"', Cmp("<=", Field("took", "duration"), Lit(Duration(3, "workday"), "duration"))),
        ("visitors: 30d", Cmp("=", VISITORS, n(30))),
        ('visitors: "> $grace"', Cmp(">", VISITORS, Param("grace", "int"))),
        ("kinds: rural", OneOf(Field("kinds", "list"), (Lit("rural", "text"),))),
        ("kinds: [rural, urban]", OneOf(Field("kinds", "list"), (Lit("rural", "text"), Lit("urban", "text")))),
        ("any: [{night: true}, {visitors: 1..}]",
         Or((Cmp("=", Field("night", "bool"), Lit(True, "bool")), Cmp(">=", VISITORS, n(1))))),
        ("none: [{night: true}]", Not(Or((Cmp("=", Field("night", "bool"), Lit(True, "bool")),)))),
        ("{}", And(())),
    ],
)  # fmt: skip
def test_every_form_of_a_test(text: str, expected: Cond, condition: Callable[[str], Cond]) -> None:
    assert condition(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("visitors * 2 - 1", Arith("-", (Arith("*", (VISITORS, n(2)), "number"), n(1)), "number")),
        ("visitors - visitors - 1", Arith("-", (Arith("-", (VISITORS, VISITORS), "int"), n(1)), "number")),
        ("cost / price", Arith("/", (Field("cost", "money"), Field("price", "money")), "number")),
        ("-$least", Arith("neg", (Param("least", "int"),), "int")),
        ("min(visitors, holder.seats)", Arith("min", (VISITORS, Holder("seats", "int")), "int")),
        ("floor(length)", Arith("floor", (LENGTH,), "int")),
        ("round(cost, 2)", Arith("round", (Field("cost", "money"), n(2)), "money")),
        ("$broken * 2", Arith("*", (Param("broken", ""), n(2)), "")),
        ("due + 30d", Arith("+", (Field("due", "date"), Lit(Duration(30, "d"), "duration")), "date")),
    ],
)
def test_expressions(text: str, expected: Term, term: Callable[[str], Term]) -> None:
    assert term(text) == expected


def test_a_mistake_is_shown_where_it_is_inside_the_text(condition: Callable[[str], Cond]) -> None:
    with pytest.raises(Rejected) as caught:
        condition('{备注: 1, visitors: "5 > 3", length: "＞ 3"}')
    places = [(one.code, one.span.column, one.span.end_column) for one in caught.value.diagnostics]
    assert places == [("WD204", 2, 4), ("WD212", 19, 26), ("WD106", 37, 38)]


PIECES = st.sampled_from(
    ["visitors", "weather", "not", "(", ")", "and", "present", "absent", ">=", "<", "=", "!=", "..", "1", "2.5", "30%",
     "7d", "3 workdays", "$least", "$", "holder.seats", "holder.", "+", "-", "*", "/", "min", "round", ",", "'x'", '"',
     "2024-05-03", "2024-02-30", "2024-05-03T10:00", "＞", "５", "，", "～", "中文", " ", "\t", "[", "{", "#", "\\"]
)  # fmt: skip
SPAN = Span("t.yaml", 1, 1, 1, 9)


def attempt(task: Callable[[], object]) -> object:
    """What the task gives; where it is refused, nothing. Any other exception is a failure."""
    try:
        return task()
    except Rejected as error:
        assert error.diagnostics
        assert all(one.code.startswith("WD") for one in error.diagnostics)
        return None


@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=12).map(" ".join), st.lists(PIECES).map("".join)))
def test_no_text_ever_breaks_the_parser(text: str) -> None:
    node = Node("text", SPAN, text, text, plain=True)
    attempt(lambda: parse.test(node, Field("x"), Places(SPAN)))
    attempt(lambda: parse.term(node, Places(SPAN)))
    attempt(lambda: parse.duration(node))


@given(st.lists(PIECES, max_size=6).map("".join))
def test_the_shortcuts_say_what_the_grammar_says(text: str) -> None:
    if any(narrow(char) != char and narrow(char).isascii() for char in text):
        return  # full-width characters are refused before
    node = Node("text", SPAN, text, text, plain=True)
    quick = (parse.COMPARISON, parse.NAMED, parse.NEGATED, parse.INTERVAL)
    if any(pattern.match(text) for pattern in quick) and parse.AS_TEST.match(text):
        short = attempt(lambda: parse.test(node, Field("x"), Places(SPAN)))
        assert short == attempt(lambda: fold_test(node, Places(SPAN), Field("x")))
    if parse.NAMED.match(text):
        assert parse.term(node, Places(SPAN)) == attempt(lambda: fold_term(node, Places(SPAN)))


def test_depth_is_limited() -> None:
    node = Node("text", SPAN, "-" * 400 + "1 * x", plain=True)
    with pytest.raises(Rejected) as caught:
        parse.term(node, Places(SPAN))
    assert caught.value.diagnostics[0].code == "WD136"


def test_nothing_heavy_is_loaded_for_plain_tests() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from wuding.book.source import read; from wuding.lang import parse; "
        "from wuding.lang.tree import Places; n = read('{a: 1.., b: \">= 2\", c: not(x), d: [x, y]}', 'x'); "
        "parse.condition(n, Places(n.span)); print([m for m in ('lark', 'pydantic', 'polars') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_read_keeps_numbers_exact() -> None:
    node = read("a: 0.1\nb: 12345678901234567890.5\nc: 1e5\nd: 0x10\n", "x.yaml")
    assert node.fields["a"].value == Fraction(1, 10)
    assert node.fields["b"].value == Fraction("12345678901234567890.5")
    assert (node.fields["c"].kind, node.fields["d"].kind) == ("text", "text")
