"""The grammar's trees into terms and conditions. The parser is built at its first use, as most texts need none."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from typing import Any

from wuding.errors import Span
from wuding.lang.nodes import And, Arith, Cmp, Cond, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term
from wuding.lang.texts import duration_of, read_date
from wuding.lang.tree import Node, Places, wrong

MAX_TEXT = 500
MAX_NESTING = 20
FUNCTIONS = {"min": (1, 9), "max": (1, 9), "floor": (1, 1), "round": (1, 2), "abs": (1, 1)}


def fold_test(node: Node, places: Places, left: Term) -> Cond:
    """The text of a test, as a condition over `left`."""
    return Fold(node, places, left).test(_tree(node, "start_test"))


def fold_term(node: Node, places: Places) -> Term:
    """The text of an expression, as a term."""
    return Fold(node, places, None).term(_tree(node, "start_expression"))


def between(left: Term, low: Term | None, high: Term | None, span: Span, places: Places) -> Cond:
    """`low..high`, either end open. Raises Rejected (WD134) when both are."""
    tests = [places.put(Cmp(op, left, side), span) for op, side in ((">=", low), ("<=", high)) if side is not None]
    if not tests:
        raise wrong("WD134", span)
    return tests[0] if len(tests) == 1 else places.put(And(tuple(tests)), span)


@cache
def _parser() -> Any:
    from importlib.resources import files

    from lark import Lark

    grammar = files("wuding.lang").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start=["start_test", "start_expression"], maybe_placeholders=True)


def _tree(node: Node, start: str) -> Any:
    from lark import UnexpectedInput

    text = node.text
    if len(text) > MAX_TEXT:
        raise wrong("WD136", node.span, limit=MAX_TEXT, kind="characters")
    try:
        return _parser().parse(text, start=start)
    except UnexpectedInput as error:
        at = error.pos_in_stream if error.pos_in_stream is not None else -1
        at = len(text.rstrip()) if at < 0 or str(getattr(error, "token", "x")) == "" else at
        found = re.match(r"\w+|\S|\Z", text[at:])
        word = found.group() if found else ""
        code = "WD130" if word else "WD137"
        raise wrong(code, node.inside(at, at + len(word)), text=text, found=word) from None


class Fold:
    """The grammar's tree of one text into nodes."""

    def __init__(self, node: Node, places: Places, left: Term | None) -> None:
        self.node, self.places, self.left = node, places, left

    def span(self, *tokens: Any) -> Span:
        return self.node.inside(tokens[0].start_pos, tokens[-1].end_pos)

    # tests ────────────────────────────────────────────────────────────────────────────────────────
    def test(self, tree: Any, depth: int = 0) -> Cond:
        assert self.left is not None
        self.guard(depth)
        kind, parts = tree.data, tree.children
        if kind == "joined":
            tests = [self.comparison(part) for part in parts if part is not None]
            return tests[0] if len(tests) == 1 else self.places.put(And(tuple(tests)), self.node.span)
        if kind == "interval":
            low, high = [None if part is None else self.value(part.children) for part in parts]
            return between(self.left, low, high, self.node.span, self.places)
        if kind == "presence":
            if not isinstance(self.left, Field | Holder):
                raise wrong("WD130", self.span(parts[0]), text=self.node.text, found=str(parts[0]))
            return Has(self.left) if str(parts[0]) == "present" else Not(Has(self.left))
        if kind == "negation":
            if len(parts) > 1 and all(part.data == "value" for part in parts):
                return Not(OneOf(self.left, tuple(self.value(part.children) for part in parts)))
            tests = [self.test(part, depth + 1) for part in parts]
            return Not(tests[0] if len(tests) == 1 else Or(tuple(tests)))
        return self.places.put(Cmp("=", self.left, self.value(parts)), self.node.span)

    def comparison(self, tree: Any) -> Cond:
        assert self.left is not None
        op, expression = tree.children
        return self.places.put(Cmp(str(op), self.left, self.term(expression)), self.node.span)

    def value(self, parts: list[Any]) -> Term:
        first = parts[0]
        if getattr(first, "data", "") == "words":
            span = self.span(*first.children)
            text = self.node.text[first.children[0].start_pos : first.children[-1].end_pos]
            return self.places.put(Lit(text, "text"), span, text)
        term = self.term(parts[-1])
        return self.negative(term, self.places.of(term)) if str(first) == "-" else term

    # terms ────────────────────────────────────────────────────────────────────────────────────────
    def term(self, tree: Any, depth: int = 0) -> Term:
        self.guard(depth)
        if not hasattr(tree, "data"):
            return self.token(tree)
        parts = tree.children
        if tree.data in ("start_expression", "literal"):
            return self.term(parts[0], depth)
        if tree.data == "name":
            return self.places.put(Field(str(parts[0])), self.span(parts[0]))
        if tree.data == "negative":
            return self.negative(self.term(parts[1], depth + 1), self.span(parts[0]))
        if tree.data == "call":
            return self.call(parts, depth)
        left, op, right = self.term(parts[0], depth + 1), str(parts[1]), self.term(parts[2], depth + 1)
        return self.places.put(Arith(op, (left, right)), self.span(parts[1]))

    def guard(self, depth: int) -> None:
        if depth > MAX_NESTING:
            raise wrong("WD136", self.node.span, limit=MAX_NESTING, kind="levels")

    def negative(self, arg: Term, span: Span) -> Term:
        if isinstance(arg, Lit) and isinstance(arg.value, Fraction):
            return self.places.put(Lit(-arg.value, arg.type), span, "-" + self.places.text(arg))
        return self.places.put(Arith("neg", (arg,)), span)

    def call(self, parts: list[Any], depth: int) -> Term:
        name, span = str(parts[0]), self.span(parts[0])
        if name not in FUNCTIONS:
            raise wrong("WD138", span, name=name, allowed=tuple(FUNCTIONS))
        low, high = FUNCTIONS[name]
        if not low <= len(parts) - 1 <= high:
            raise wrong("WD139", span, name=name, count=len(parts) - 1)
        return self.places.put(Arith(name, tuple(self.term(part, depth + 1) for part in parts[1:])), span)

    def token(self, token: Any) -> Term:
        text, span = str(token), self.span(token)
        put = self.places.put
        match token.type:
            case "PARAM":
                return put(Param(text[1:]), span)
            case "HOLDER":
                return put(Holder(text.removeprefix("holder.")), span)
            case "NUMBER":
                return put(Lit(Fraction(text), "number"), span, text)
            case "PERCENT":
                return put(Lit(Fraction(text.rstrip("% ")) / 100, "number"), span, text)
            case "DURATION":
                found = duration_of(text)
                assert found is not None
                return put(Lit(found, "duration"), span, text)
            case "DATE":
                return put(Lit(read_date(text, span), "date"), span, text)
            case "STRING":
                return put(Lit(text[1:-1], "text"), span, text[1:-1])
            case _:
                return put(Lit(text, "text"), span, text)
