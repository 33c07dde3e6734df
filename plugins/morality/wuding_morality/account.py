# ruff: noqa: RUF009 - the calls are dataclass fields
"""The section `accounts`: what a rule of it says, how it is read and linked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from wuding.book.context import Context, Gather, known
from wuding.book.models import SELECTOR, SelectorShape
from wuding.book.rules import HeldShape
from wuding.book.sections import holders_of
from wuding.book.selectors import duration_term, selector, term_of
from wuding.book.shapes import EVERY, SCALAR, WORD, Name, Shape, choice, may, need, shape
from wuding.domain.period import Every
from wuding.errors import Diagnostic, Span
from wuding.lang.nodes import Duration, Lit, Term
from wuding.lang.tree import Node, Problems, wrong
from wuding.program.added import Added, Section
from wuding.program.model import Head, Selector

BEFORE = "before"  # the part of a rule's findings that says whether credits had what must go before them
NUMBERS = ("int", "number", "money")


# ── as it is written ─────────────────────────────────────────────────────────────────────────────
@dataclass(kw_only=True, eq=False, repr=False)
class BalanceShape(Shape):
    of: Name = need(choice("in", "net"))
    reset: Every | None = may(EVERY)
    floor: Node | None = may(SCALAR)

    def check(self) -> Problems:
        if self.of == "in" and self.floor is not None:  # what only grows cannot fall below anything
            return [Diagnostic("WD254", self.node.keys["floor"].span)]
        return []


@dataclass(kw_only=True, eq=False, repr=False)
class BeforeShape(Shape):
    credit: SelectorShape = need(SELECTOR)
    case: Name = need(WORD)
    steps: tuple[SelectorShape, ...] = need(shape(lambda: SelectorShape, "list"))
    wait: Node | None = may(SCALAR)
    unless: SelectorShape | None = may(SELECTOR)
    agreed: Name | None = may(WORD)


@dataclass(kw_only=True, eq=False, repr=False)
class AccountShape(HeldShape):
    into: SelectorShape = need(SELECTOR, "in")
    in_amount: Name = need(WORD)
    out: SelectorShape = need(SELECTOR)
    out_amount: Name = need(WORD)
    by: Name | None = may(WORD)
    balances: dict[Name, BalanceShape] = need(shape(lambda: BalanceShape, "map"))
    opened: SelectorShape | None = may(SELECTOR)
    before: BeforeShape | None = may(shape(lambda: BeforeShape))


# ── as it is meant ───────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Balance:
    """`of`: `in` (all that ever came in, which never shrinks) or `net` (what is there). `reset`: it starts again with
    each such period. `floor`: what goes out must leave so much."""

    name: str
    of: str
    reset: Every | None
    floor: Fraction | None
    span: Span


@dataclass(frozen=True)
class Before:
    """What must have gone before a fact of `credit`: facts of the same `case`, step after step, the last of them `wait`
    ago. A fact of `unless` after the last step, or a step that does not meet its condition, sends the matter back. When
    the field `agreed` of a step is filled in, the amount must be that."""

    credit: Selector
    case: str
    steps: tuple[Selector, ...]
    wait: Duration | Term | None
    unless: Selector | None
    agreed: str | None


@dataclass(frozen=True)
class Account(Added):
    """One account for each holder (with `by`: for each holder and value of that field)."""

    holders: Selector
    into: Selector
    in_amount: str
    out: Selector
    out_amount: str
    by: str | None
    balances: tuple[Balance, ...]
    opened: Selector | None
    before: Before | None

    @property
    def section(self) -> Section:
        return SECTION

    @property
    def parts(self) -> tuple[tuple[str, Span], ...]:
        own = tuple((one.name, one.span) for one in self.balances)
        return (*own, (BEFORE, self.before.credit.span)) if self.before else own

    @property
    def kinds(self) -> tuple[str, ...]:
        """The fact types of which the account is made."""
        told = [self.into, self.out, *([self.opened] if self.opened else [])]
        return tuple(dict.fromkeys([*(name for one in told for name in one.names), *self.kinds_before]))

    @property
    def kinds_before(self) -> tuple[str, ...]:
        """The fact types that decide whether credits had what must go before them."""
        if self.before is None:
            return ()
        told = [self.before.credit, *self.before.steps, *([self.before.unless] if self.before.unless else [])]
        return tuple(dict.fromkeys(name for one in told for name in one.names))


def link(shape: AccountShape, head: Head, ctx: Context) -> Account:
    """The rule. Raises Rejected: WD253 for a selector that needs more than the fact itself, WD254 for a floor under
    what only grows, WD255 for `by` with `reset`, WD256 for an amount that is no number, WD204 for an unknown field."""
    gather = Gather()
    holders, ctx, _ = holders_of(shape, ctx, gather)
    into = gather(lambda: _facts(shape.into, ctx))
    out = gather(lambda: _facts(shape.out, ctx))
    opened_shape, before_shape, by = shape.opened, shape.before, shape.by
    opened = gather(lambda: _facts(opened_shape, ctx)) if opened_shape is not None else None
    before = gather(lambda: _before(before_shape, shape.in_amount, ctx)) if before_shape is not None else None
    balances = gather.every(shape.balances.items(), lambda item: _balance(*item, ctx))
    if into is not None and out is not None:
        gather(lambda: _amount(shape.in_amount, into, ctx))
        gather(lambda: _amount(shape.out_amount, out, ctx))
        if by is not None:
            gather(lambda: _field(by, into, ctx))
            gather(lambda: _field(by, out, ctx))
    for name, balance in shape.balances.items():
        if by is not None and balance.reset is not None:
            gather.problems.append(Diagnostic("WD255", balance.node.keys["reset"].span, {"name": str(name)}))
    gather.done()
    by_name = str(by) if by is not None else None
    return Account(
        head, holders, into, str(shape.in_amount), out, str(shape.out_amount), by_name, balances, opened, before
    )


def _facts(shape: SelectorShape, ctx: Context) -> Selector:
    """A selector of facts that can be told from the facts alone: a guard sees nothing else."""
    for key in ("by", "same", "within", "with", "without", "distinct"):
        if shape.node.get(key) is not None:
            raise wrong("WD253", shape.node.keys[key].span, key=key)
    return selector(shape, ctx, ("fact",))


def _field(name: Name, of: Selector, ctx: Context) -> str:
    return known(name, ctx.of(of), "WD204", kind="fact", of="/".join(of.names))


def _amount(name: Name, of: Selector, ctx: Context) -> str:
    found = ctx.of(of)[_field(name, of, ctx)].type
    if found not in NUMBERS:
        raise wrong("WD256", name.span, name=str(name), found=found)
    return str(name)


def _balance(name: Name, shape: BalanceShape, ctx: Context) -> Balance:
    floor = None
    if shape.floor is not None:
        found = term_of(shape.floor, {}, ctx, "number")
        if not isinstance(found, Lit) or not isinstance(found.value, Fraction):
            raise wrong(
                "WD212", shape.floor.span, name="floor", expected="number", found="text", value=shape.floor.text
            )
        floor = found.value
    return Balance(str(name), str(shape.of), shape.reset, floor, name.span)


def _before(shape: BeforeShape, amount: Name, ctx: Context) -> Before:
    gather = Gather()
    credit = gather(lambda: _facts(shape.credit, ctx))
    steps = gather.every(shape.steps, lambda step: _facts(step, ctx))
    unless_shape, wait_node = shape.unless, shape.wait
    unless = gather(lambda: _facts(unless_shape, ctx)) if unless_shape is not None else None
    wait = gather(lambda: duration_term(wait_node, ctx)) if wait_node is not None else None
    gather.done()
    for of in (credit, *steps, *([unless] if unless else [])):
        gather(lambda of=of: _field(shape.case, of, ctx))  # type: ignore[misc]
    gather(lambda: _amount(amount, credit, ctx))
    agreed = shape.agreed
    if agreed is not None and not any(agreed in ctx.of(step) for step in steps):
        gather(lambda: _field(agreed, steps[-1], ctx))
    gather.done()
    return Before(credit, str(shape.case), steps, wait, unless, str(agreed) if agreed is not None else None)


# ── the section ──────────────────────────────────────────────────────────────────────────────────
def _assess(ctx: Any, rule: Any) -> Any:
    from wuding_morality.assess import accounts

    return accounts(ctx, rule)


def _explain(at: Any) -> Any:
    from wuding_morality.explain import explained

    return explained(at)


def _asks(words: Any, rule: Any) -> list[str]:
    from wuding_morality.explain import asks

    return asks(words, rule)


def _parts(node: Node) -> Iterable[str]:
    balances = node.get("balances")
    return [*(balances.keys if balances is not None else ()), *([BEFORE] if node.get(BEFORE) is not None else ())]


SECTION = Section(
    "accounts",
    ("covered", "overdrawn", "founded", "unfounded", "undetermined", "waived", "overturned"),
    AccountShape, link, _assess, _explain, _asks,
    breaches=frozenset({"overdrawn", "unfounded"}),
    main=(("in",), ("out",)),
    parts=_parts,
)  # fmt: skip
