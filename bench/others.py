"""The rule engines for Python that judge one fact at a time: how each is told a condition, and how it is run.

Conditions come as the nodes that a rule book was parsed into, in negation normal form (`plain`), so that no engine
is told anything else than another. Every engine compiles beforehand, in the way that is fastest for it; what is
measured is from the facts (dictionaries) to the pairs of condition and fact that match.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from wuding.lang.nodes import And, Cmp, Cond, Field, Lit, Not, OneOf, Or, Term

Fact = dict[str, Any]
Hits = list[list[int]]  # for each condition, the numbers of the facts that match
Answer = tuple[float, Hits]  # seconds, and what matched
Run = Callable[[Sequence[Cond], Sequence[Fact]], Answer]
OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def plain(cond: Cond, negated: bool = False) -> Cond:
    """The condition without `Not`. Facts of this benchmark lack nothing: a test that is not true is false."""
    match cond:
        case Not(arg):
            return plain(arg, not negated)
        case And(args) | Or(args):
            kind = And if isinstance(cond, And) is not negated else Or
            return kind(tuple(plain(a, negated) for a in args))
        case Cmp(op, left, right):
            return Cmp(OPPOSITE[op], left, right) if negated else cond
        case OneOf() if not negated:
            return cond
    raise TypeError(cond)


def literal(term: Term, beside: Term) -> Any:
    """A literal as these engines want it: numbers beside money with a point."""
    assert isinstance(term, Lit)
    if isinstance(term.value, Fraction):
        return float(term.value) if beside.type == "money" else int(term.value)
    return term.value


def quoted(value: Any, yes: str = "true", no: str = "false") -> str:
    if isinstance(value, bool):
        return yes if value else no
    return f'"{value}"' if isinstance(value, str) else str(value)


def infix(cond: Cond, both: str, either: str, equal: str = "==") -> str:
    """The condition as the text of an expression, in the way of C."""
    match cond:
        case And(args) | Or(args):
            word = f" {both} " if isinstance(cond, And) else f" {either} "
            return "(" + word.join(infix(a, both, either, equal) for a in args) + ")"
        case OneOf(left, options):
            return f"({name(left)} in [{', '.join(quoted(literal(o, left)) for o in options)}])"
        case Cmp(op, left, right):
            other = name(right) if isinstance(right, Field) else quoted(literal(right, left))
            return f"{name(left)} {equal if op == '=' else op} {other}"
    raise TypeError(cond)


def name(term: Term) -> str:
    assert isinstance(term, Field)
    return term.name


def together(conds: Sequence[Cond], both: str = "and", either: str = "or") -> str:
    """One expression that answers all conditions of a fact at once: fewer calls than one for each."""
    return "[" + ", ".join(infix(c, both, either) for c in conds) + "]"


def judged(answer: Callable[[Fact], Sequence[bool]], conds: Sequence[Cond], facts: Sequence[Fact]) -> Answer:
    hits: Hits = [[] for _ in conds]
    begin = time.perf_counter()
    for fact in facts:
        for found, yes in zip(hits, answer(fact), strict=True):
            if yes:
                found.append(fact["seq"])
    return time.perf_counter() - begin, hits


# ── expressions ──────────────────────────────────────────────────────────────────────────────────
def zen_engine(conds: Sequence[Cond], facts: Sequence[Fact]) -> Answer:
    import zen

    return judged(zen.compile_expression(together(conds)).evaluate, conds, facts)


def common_expression_language(conds: Sequence[Cond], facts: Sequence[Fact]) -> Answer:
    import cel

    return judged(cel.compile(together(conds, "&&", "||")).execute, conds, facts)


def rule_engine(conds: Sequence[Cond], facts: Sequence[Fact]) -> Answer:
    import rule_engine

    rules = [rule_engine.Rule(infix(c, "and", "or")) for c in conds]
    return judged(lambda fact: [rule.matches(fact) for rule in rules], conds, facts)


# ── rules with actions ───────────────────────────────────────────────────────────────────────────
def business_rules(conds: Sequence[Cond], facts: Sequence[Fact]) -> Answer:
    from business_rules import run_all
    from business_rules.actions import BaseActions, rule_action
    from business_rules.fields import FIELD_NUMERIC
    from business_rules.variables import (
        BaseVariables,
        boolean_rule_variable,
        numeric_rule_variable,
        string_rule_variable,
    )

    kinds = {"bool": boolean_rule_variable, "int": numeric_rule_variable, "money": numeric_rule_variable}
    words = {"=": "equal_to", "<": "less_than", "<=": "less_than_or_equal_to", ">": "greater_than"}
    words[">="] = "greater_than_or_equal_to"
    variables: dict[str, Any] = {"__init__": lambda self, fact: setattr(self, "fact", fact)}

    def variable(field: Term, less: Term | None = None) -> str:
        """The library compares with constants alone: of two fields, the difference is held against nothing."""
        key = name(field) if less is None else f"{name(field)}_less_{name(less)}"
        read = (
            (lambda self: self.fact[name(field)])
            if less is None
            else (lambda self: self.fact[name(field)] - self.fact[name(less)])
        )
        read.__name__ = key
        variables[key] = kinds.get(field.type, string_rule_variable)()(read)
        return key

    def told(cond: Cond) -> dict[str, Any]:
        match cond:
            case And(args) | Or(args):
                return {"all" if isinstance(cond, And) else "any": [told(a) for a in args]}
            case OneOf(left, options):
                return {"any": [told(Cmp("=", left, o)) for o in options]}
            case Cmp(op, left, Field() as right):
                return {"name": variable(left, right), "operator": words[op], "value": 0}
            case Cmp(op, left, right):
                value = literal(right, left)
                if isinstance(value, bool):
                    truth = value is (op == "=")
                    return {"name": variable(left), "operator": "is_true" if truth else "is_false", "value": None}
                if op == "!=":  # it knows no such word for text
                    return {"name": variable(left), "operator": "matches_regex", "value": f"^(?!{value}$)"}
                return {"name": variable(left), "operator": words[op], "value": value}
        raise TypeError(cond)

    hits: Hits = [[] for _ in conds]

    class Actions(BaseActions):  # type: ignore[misc]
        def __init__(self, fact: Fact) -> None:
            self.fact = fact

        @rule_action(params={"rule": FIELD_NUMERIC})  # type: ignore[untyped-decorator]
        def hit(self, rule: int) -> None:
            hits[rule].append(self.fact["seq"])

    rules = []
    for n, cond in enumerate(conds):
        tree = told(cond)
        rules.append(
            {
                "conditions": tree if set(tree) & {"all", "any"} else {"all": [tree]},
                "actions": [{"name": "hit", "params": {"rule": n}}],
            }
        )
    known = type("Known", (BaseVariables,), variables)
    begin = time.perf_counter()
    for fact in facts:
        run_all(rules, known(fact), Actions(fact))
    return time.perf_counter() - begin, hits


def clipspy(conds: Sequence[Cond], facts: Sequence[Fact]) -> Answer:
    import clips

    fields = [key for key in facts[0] if key != "seq"]
    environment = clips.Environment()
    environment.build(f"(deftemplate visit (slot seq) {' '.join(f'(slot {f})' for f in fields)})")
    hits: Hits = [[] for _ in conds]
    environment.define_function(lambda rule, seq: hits[rule].append(seq), name="hit")

    def told(cond: Cond) -> str:
        match cond:
            case And(args) | Or(args):
                return f"({'and' if isinstance(cond, And) else 'or'} {' '.join(told(a) for a in args)})"
            case OneOf(left, options):
                return f"(or {' '.join(told(Cmp('=', left, o)) for o in options)})"
            case Cmp(op, left, right):
                word = {"=": "eq", "!=": "neq"}.get(op, op)
                field = isinstance(right, Field)
                other = f"?{name(right)}" if field else quoted(literal(right, left), "TRUE", "FALSE")
                return f"({word} ?{name(left)} {other})"
        raise TypeError(cond)

    for n, cond in enumerate(conds):
        # The test stands in the pattern of the fact itself, where CLIPS judges it once for each fact.
        slots = " ".join(f"({f} ?{f})" for f in fields)
        environment.build(f"(defrule r{n} (visit {slots} (seq ?seq&:{told(cond)})) => (hit {n} ?seq))")
    template = environment.find_template("visit")
    begin = time.perf_counter()
    for first in range(0, len(facts), 1000):  # in batches, for its memory is not for millions of facts
        for fact in facts[first : first + 1000]:
            template.assert_fact(**fact)
        environment.run()
        environment.reset()
    spent = time.perf_counter() - begin
    return spent, [sorted(found) for found in hits]


def durable_rules(conds: Sequence[Cond], facts: Sequence[Fact]) -> Answer:
    """As its documentation shows: a rule set of decorated functions, every fact asserted (an event
    serves one rule only)."""
    from durable.engine import MessageNotHandledException
    from durable.lang import assert_fact, m, ruleset, when_all

    hits: Hits = [[] for _ in conds]
    compare = {"=": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}

    def told(cond: Cond) -> Any:
        match cond:
            case And(args) | Or(args):
                found = told(args[0])
                for arg in args[1:]:
                    found = found & told(arg) if isinstance(cond, And) else found | told(arg)
                return found
            case OneOf(left, options):
                return told(Or(tuple(Cmp("=", left, o) for o in options)))
            case Cmp(op, left, right):
                other = getattr(m, right.name) if isinstance(right, Field) else literal(right, left)
                return getattr(getattr(m, name(left)), compare[op])(other)
        raise TypeError(cond)

    def action(found: list[int]) -> Callable[[Any], None]:
        return lambda c: found.append(c.m.seq)  # an action of two arguments would be an asynchronous one

    with ruleset("visit"):
        for found, cond in zip(hits, conds, strict=True):
            when_all(told(cond))(action(found))

    begin = time.perf_counter()
    for fact in facts:
        try:
            assert_fact("visit", fact)
        except MessageNotHandledException:  # how it says that no rule matches
            continue
    return time.perf_counter() - begin, [sorted(set(found)) for found in hits]  # `|` fires twice


ENGINES: dict[str, Run] = {
    "zen-engine": zen_engine,
    "common-expression-language": common_expression_language,
    "rule-engine": rule_engine,
    "business-rules": business_rules,
    "clipspy": clipspy,
    "durable-rules": durable_rules,
}


def main() -> None:
    """In a process of its own: `others.py ENGINE`, a pickled pair of conditions and facts on standard input, a pickled
    pair of seconds and hits on standard output. An engine in C may take its process with it."""
    import os
    import pickle

    conds, facts = pickle.load(sys.stdin.buffer)
    answer = os.dup(1)
    os.dup2(2, 1)  # what an engine prints is no answer
    found = ENGINES[sys.argv[1]](conds, facts)
    with os.fdopen(answer, "wb") as out:
        pickle.dump(found, out)
    sys.stdout.flush()
    os._exit(0)  # durable-rules leaves threads behind that never end


if __name__ == "__main__":
    main()
