"""A plugin that uses every hook by which a plugin says more than YAML can: a section `quota`, its guard, a lint."""

# ruff: noqa: RUF009 - the calls are dataclass fields
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from wuding.assess.frame import shaped
from wuding.assess.obligations import FINDING_KEYS, holders
from wuding.book.context import Context, Gather
from wuding.book.models import SELECTOR, SelectorShape
from wuding.book.rules import HeldShape
from wuding.book.sections import holders_of
from wuding.book.selectors import selector
from wuding.book.shapes import WHOLE, need
from wuding.domain.fact import Fact
from wuding.engines.columnar.counting import counted
from wuding.engines.columnar.match import match
from wuding.errors import Diagnostic, WudingError
from wuding.explain.model import Part
from wuding.explain.scene import Scene
from wuding.hookspecs import Guard, Resource, hookimpl
from wuding.lang.tree import Node
from wuding.program.added import Added, Section
from wuding.program.model import Head, Program, Selector
from wuding.program.words import Words
from wuding.store.standing import Standing

HERE = "tests.core.tiny"


@dataclass(kw_only=True, eq=False, repr=False)
class QuotaShape(HeldShape):
    of: SelectorShape = need(SELECTOR)
    most: int = need(WHOLE)


@dataclass(frozen=True)
class Quota(Added):
    holders: Selector
    of: Selector
    most: int

    @property
    def section(self) -> Section:
        return SECTION


def link(shape: QuotaShape, head: Head, ctx: Context) -> Quota:
    gather = Gather()
    holders, ctx, _ = holders_of(shape, ctx, gather)
    of = gather(lambda: selector(shape.of, ctx, ("fact",)))
    gather.done()
    return Quota(head, holders, of, shape.most)


def assess(ctx: Any, rule: Quota) -> pl.DataFrame:
    asked = holders(ctx, rule.holders).with_columns(
        vstart="start", vend="end", upto=pl.lit(ctx.as_of, pl.Int64), pday=pl.lit(ctx.today_end - 1, pl.Int32)
    )
    asked = asked.with_row_index("ask")
    numbers = counted(match(ctx, rule.of, asked, rule.holders.source), rule.of)
    rows = asked.join(numbers, on="ask", how="left", maintain_order="left").with_columns(pl.col("low").fill_null(0))
    status = pl.when(pl.col("low") > rule.most).then(pl.lit("beyond")).otherwise(pl.lit("within"))
    return shaped(ctx, rule, rows.select(*FINDING_KEYS, "low", status=status, at=pl.lit(ctx.as_of - 1)))


def explain(at: Scene) -> tuple[list[Part], list[str]]:
    return [at.part("asked", [at.say("quota.told", count=at.row["low"])])], []


def asks(words: Words, rule: Quota) -> list[str]:
    return [words.say("quota.asks", most=rule.most)]


SECTION = Section(
    "quota", ("within", "beyond", "waived", "overturned"), QuotaShape, link, assess, explain, asks,
    breaches=frozenset({"beyond"}), main=(("of",),),
)  # fmt: skip


def quotas(program: Program) -> Iterator[Quota]:
    return (rule for rule in program.rules if isinstance(rule, Quota))


def concerned(program: Program) -> Iterable[str]:
    return [name for rule in quotas(program) for name in rule.of.names]


def decide(program: Program, ledger: Standing, facts: Sequence[Fact]) -> None:
    for rule in quotas(program):
        for grid in sorted({fact.grid for fact in facts if fact.grid}):
            found = ledger.facts([(program.domain.name, name) for name in rule.of.names], grids=[grid])
            if len(found) > rule.most:
                raise WudingError("TN001", grid=grid, count=len(found), most=rule.most)


def lint(program: Program, root: Node) -> Iterator[Diagnostic]:
    return (Diagnostic("TN002", rule.head.span) for rule in quotas(program) if rule.most == 0)


@hookimpl
def wuding_domains() -> list[Resource]:
    return [(HERE, "domain.yaml")]


@hookimpl
def wuding_books() -> list[Resource]:
    return [(HERE, "base.yaml")]


@hookimpl
def wuding_sections() -> list[Section]:
    return [SECTION]


@hookimpl
def wuding_guards() -> list[Guard]:
    return [Guard(concerned, decide)]


@hookimpl
def wuding_lints() -> list[Any]:
    return [lint]


@hookimpl
def wuding_texts() -> list[Resource]:
    return [(HERE, "texts.json")]


@hookimpl
def wuding_commands() -> dict[str, str]:
    return {"grove": "tests.core.tiny.commands"}
