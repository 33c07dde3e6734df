"""Which facts meet which selectors of facts, tried one by one (semantics 28, 28a to 28e)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import product

from tests.parity.oracle import days
from tests.parity.oracle.conditions import Env, Known, Truth, all3, any3, equal, not3, truth_of
from tests.parity.oracle.fields import field_of
from tests.parity.oracle.selectors import keys_of, same_matter
from tests.parity.oracle.world import Item, View

from wuding.domain.fact import CORE, Fact
from wuding.domain.world import World
from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Has, Holder, Not, OneOf, Or, Param
from wuding.program.builtin import FACTS
from wuding.program.model import Program, Selector

Found = tuple[str, str, tuple[int, ...], bool]


def matches(program: Program, facts: tuple[Fact, ...]) -> list[Found]:
    """28: (rule, term, sequences, certain), sorted."""
    view = View(program, World((), (), (), facts, 0, program.zone), facts, ())
    found: list[Found] = []
    for rule in program.rules:
        for term, sel in terms_of(rule, ""):
            if sel.source == "fact":
                found += [(rule.head.key, term, seqs, sure) for seqs, sure in matches_of(view, sel)]
    return sorted(found)


def terms_of(node: object, path: str) -> Iterator[tuple[str, Selector]]:
    """28a: all selectors inside a rule, nested ones too, each with its place."""
    words = {"holders": "for", "having": "with", "lacking": "without"}
    if isinstance(node, Selector):
        yield path, node
        for word, nested in (("with", node.having), ("without", node.lacking)):
            for n, sel in enumerate(nested):
                yield from terms_of(sel, f"{path}.{word}.{n}")
    elif is_dataclass(node):
        for f in fields(node):
            name = words.get(f.name, f.name)
            yield from terms_of(getattr(node, f.name), f"{path}.{name}" if path else name)
    elif isinstance(node, tuple):
        for n, part in enumerate(node):
            name = getattr(part, "id", None) or getattr(part, "name", None) or str(n)
            yield from terms_of(part, f"{path}.{name}")


def seen(view: View, sel: Selector) -> Iterator[Fact]:
    for fact in view.facts:
        domain = CORE if fact.type in FACTS else view.program.domain.name
        if fact.domain == domain and (fact.type in sel.names if sel.names else domain != CORE):
            yield fact


def matches_of(view: View, sel: Selector) -> Iterator[tuple[tuple[int, ...], bool]]:
    """28b, 28d: each fact with one counterpart for each `with`, and whether that is certain."""
    facts_with = [one for one in sel.having if one.source == "fact"]
    beyond = [one for one in (*sel.having, *sel.lacking) if one.source != "fact"]
    for fact in seen(view, sel):
        item = Item("fact", fact)
        parts = [truth(view, sel.when, item)]
        parts += [None] if sel.by or beyond else []  # 28c
        for other in sel.lacking:
            if other.source == "fact":
                parts.append(not3(any3(sure for _, sure in counterparts(view, item, other))))
        mine = all3(parts)
        if mine is False:
            continue
        for chosen in product(*[list(counterparts(view, item, one)) for one in facts_with]):
            sure = all3([mine, *(truth for _, truth in chosen)])
            yield (fact.seq, *(seq for seq, _ in chosen)), sure is True


def counterparts(view: View, item: Item, sel: Selector) -> Iterator[tuple[int, Truth]]:
    """The facts that belong to this one, in the window, each once: true or unknown."""
    assert item.at is not None
    end = None
    if isinstance(sel.within, Duration):
        end = days.deadline(item.at, sel.within, view.zone, view.country)
    best: dict[int, bool] = {}
    for seqs, sure in matches_of(view, sel):
        best[seqs[0]] = best.get(seqs[0], False) or sure
    for fact in view.facts:
        if fact.seq not in best or fact.seq == item.record.seq:  # type: ignore[union-attr]
            continue
        if end is not None and not item.at <= fact.at <= end:
            continue
        if belong(view, item, Item("fact", fact), sel):
            yield fact.seq, best[fact.seq] or None


def belong(view: View, one: Item, other: Item, sel: Selector) -> bool:
    """14a, 28b: a field that is missing on either side is shared with nothing."""
    assert isinstance(one.record, Fact) and isinstance(other.record, Fact)
    names = sel.same
    if names is None:
        theirs = keys_of(view, other.record.type)
        names = tuple(name for name in keys_of(view, one.record.type) if name in theirs) or None
    if names is None:
        return same_matter(one, other) and (one.subject or one.grid) is not None
    return all(equal(field_of(view, one, n), field_of(view, other, n), view.zone) is True for n in names)


def truth(view: View, cond: Cond | None, item: Item) -> Truth:
    """The condition, where what is read of holders and parameters is unknown (28c)."""
    match cond:
        case And(args):
            return all3(truth(view, arg, item) for arg in args)
        case Or(args):
            return any3(truth(view, arg, item) for arg in args)
        case Not(arg):
            return not3(truth(view, arg, item))
        case Has(Holder()):
            return None
        case OneOf(left, options):
            return any3(truth(view, Cmp("=", left, option), item) for option in options)
        case Cmp(_, left, right) if beyond_facts(left) or beyond_facts(right):
            return None

    def field(name: str) -> Known | None:
        return field_of(view, item, name)

    return truth_of(cond, Env(field, lambda _: None, lambda _: None, view.zone))


def beyond_facts(term: object) -> bool:
    return isinstance(term, Holder | Param) or (isinstance(term, Arith) and any(beyond_facts(a) for a in term.args))
