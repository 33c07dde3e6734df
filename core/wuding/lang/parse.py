"""Texts of rule books into terms and conditions, by one grammar (`grammar.lark`).

Every function raises Rejected with the place of each mistake. Nothing is typed here: `types` does that,
asking `Places` where a term stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import TypeVar

from wuding.errors import Rejected
from wuding.lang.fold import between, fold_term, fold_test
from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Field, Holder, Lit, Not, OneOf, Or, Param, Term
from wuding.lang.texts import AS_TEST, INTERVAL, duration_of, narrow, plain_width
from wuding.lang.tree import Node, Places, Problems, wrong

_NAME = r"[^\W\d]\w*(?:-\w+)*"
COMPARISON = re.compile(rf"(>=|<=|!=|=|>|<)\s*(?:(-?\d{{1,30}}(?:\.\d{{1,30}})?)|\$({_NAME}))\Z")
NEGATED = re.compile(rf"not\(\s*({_NAME}(?:\s*,\s*{_NAME})*)\s*\)\Z")
NAMED = re.compile(rf"(\$|holder\.|)({_NAME})\Z")
T = TypeVar("T")


Finish = Callable[[Cond], Cond]


def as_parsed(cond: Cond) -> Cond:
    return cond


# ── conditions ───────────────────────────────────────────────────────────────────────────────────
def condition(node: Node, places: Places, finish: Finish = as_parsed) -> Cond:
    """A map from field to test, joined by *and*; `any`, `all`, `none` nest. `finish` is applied to each test, so
    that mistakes of typing are told together with those of reading."""
    if node.kind != "map":
        raise wrong("WD112", node.span, expected="condition", found=node.kind)
    parts = collect([_entry(key, value, places, finish) for key, value in node.entries])
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _entry(key: Node, value: Node, places: Places, finish: Finish) -> Callable[[], Cond]:
    if key.text in ("any", "all", "none"):
        return lambda: _nested(key, value, places, finish)
    return lambda: finish(test(value, _left(key, places), places))


def _nested(key: Node, value: Node, places: Places, finish: Finish) -> Cond:
    if value.kind != "list" or not value.items:
        raise wrong("WD131", value.span, key=key.text)
    args = tuple(collect([_inner(item, places, finish) for item in value.items]))
    if key.text == "all":
        return And(args)
    return Or(args) if key.text == "any" else Not(Or(args))


def _inner(item: Node, places: Places, finish: Finish) -> Callable[[], Cond]:
    return lambda: condition(item, places, finish)


def _left(key: Node, places: Places) -> Field | Holder:
    check_width(key)
    if key.text.startswith("holder."):
        return places.put(Holder(key.text.removeprefix("holder.")), key.span)
    return places.put(Field(key.text), key.span)


def collect(tasks: Iterable[Callable[[], T]]) -> list[T]:
    """The results of all tasks. Raises Rejected with the problems of all of them together."""
    results: list[T] = []
    problems: Problems = []
    for task in tasks:
        try:
            results.append(task())
        except Rejected as error:
            problems.extend(error.diagnostics)
    if problems:
        raise Rejected(problems)
    return results


# ── tests ────────────────────────────────────────────────────────────────────────────────────────
def test(node: Node, left: Term, places: Places) -> Cond:
    """What a field is tested for: a value, a list (one of), or the text of a test."""
    if node.kind == "list":
        return places.put(OneOf(left, tuple(collect([_option(item, places) for item in node.items]))), node.span)
    if node.kind == "map":
        raise wrong("WD112", node.span, expected="test", found="map")
    if node.kind == "null":
        raise wrong("WD132", node.span)
    check_width(node)
    if node.kind != "text" or not AS_TEST.match(node.text):
        return places.put(Cmp("=", left, plain_value(node, places)), node.span)
    if quick := COMPARISON.match(node.text):  # nine of ten texts; saves loading the parser
        side = (
            _number(node, quick, 2, places)
            if quick[2]
            else places.put(Param(quick[3]), node.inside(quick.start(3) - 1, quick.end(3)))
        )
        return places.put(Cmp(quick[1], left, side), node.span)
    if NAMED.match(node.text) and node.text not in ("present", "absent"):
        return places.put(Cmp("=", left, term(node, places)), node.span)
    if (quick := NEGATED.match(node.text)) and not re.search(r"\b(present|absent|not|and)\b", quick[1]):
        return _negated(node, quick, left, places)
    if quick := INTERVAL.match(node.text):
        return _interval(node, quick, left, places)
    return fold_test(node, places, left)


def _option(item: Node, places: Places) -> Callable[[], Term]:
    def task() -> Term:
        if not item.scalar or item.kind == "null":
            raise wrong("WD112", item.span, expected="value", found=item.kind)
        check_width(item)
        if item.kind == "text" and AS_TEST.match(item.text) and not item.text.startswith(("$", "holder.")):
            raise wrong("WD133", item.span, text=item.text)
        return term(item, places) if item.text.startswith(("$", "holder.")) else plain_value(item, places)

    return task


def plain_value(node: Node, places: Places) -> Lit:
    """A scalar as it stands: a number, true or false, else text."""
    if node.kind == "number":
        return places.put(Lit(Fraction(node.text), "number"), node.span, node.text)
    if node.kind == "bool":
        return places.put(Lit(node.value is True, "bool"), node.span, node.text)
    return places.put(Lit(node.text, "text"), node.span, node.text)


def _number(node: Node, match: re.Match[str], group: int, places: Places) -> Term:
    text = match[group]
    return places.put(Lit(Fraction(text), "number"), node.inside(*match.span(group)), text)


def _negated(node: Node, match: re.Match[str], left: Term, places: Places) -> Cond:
    words = [
        places.put(Lit(word[0], "text"), node.inside(*word.span()), word[0])
        for word in re.compile(_NAME).finditer(node.text, *match.span(1))
    ]
    one = places.put(Cmp("=", left, words[0]), node.span)
    return Not(one if len(words) == 1 else OneOf(left, tuple(words)))


def _interval(node: Node, match: re.Match[str], left: Term, places: Places) -> Cond:
    low, high = (_number(node, match, group, places) if match[group] else None for group in (1, 2))
    return between(left, low, high, node.span, places)


def check_width(node: Node) -> None:
    """Raises Rejected at the first full-width character of something that reads as a test once it is narrow."""
    if found := plain_width(node.text):
        at, char, narrow = found
        raise wrong("WD106", node.inside(at, at + 1), found=char, write=narrow)


# ── expressions ──────────────────────────────────────────────────────────────────────────────────
def term(node: Node, places: Places) -> Term:
    """A number, or an expression: arithmetic over fields, `holder.` fields, measures and `$parameters`."""
    if node.kind in ("number", "bool"):
        return plain_value(node, places)
    if node.kind != "text":
        raise wrong("WD112", node.span, expected="expression", found=node.kind)
    for at, char in enumerate(node.text):
        if narrow(char) != char and narrow(char).isascii():
            raise wrong("WD106", node.inside(at, at + 1), found=char, write=narrow(char))
    if named := NAMED.match(node.text):
        span = node.span
        if not named[1]:
            return places.put(Field(named[2]), span)
        return places.put(Param(named[2]) if named[1] == "$" else Holder(named[2]), span)
    return fold_term(node, places)


def duration(node: Node) -> Duration:
    """`48h`, `7d`, `3 workdays`, `2 years`. Raises Rejected (WD135)."""
    found = duration_of(node.text) if node.kind == "text" else None
    if found is None:
        check_width(node)
        raise wrong("WD135", node.span, text=node.text or node.kind)
    return found


def names_in(expression: Term) -> list[Term]:
    """The fields, holder fields and parameters that a term mentions."""
    if isinstance(expression, Arith):
        return [name for arg in expression.args for name in names_in(arg)]
    return [] if isinstance(expression, Lit) else [expression]
