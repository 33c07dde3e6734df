# ruff: noqa: RUF009 - the calls are dataclass fields
"""The shapes of the rules of every section."""

from __future__ import annotations

from dataclasses import dataclass

from wuding.book.models import SELECTOR, Names, SelectorShape
from wuding.book.shapes import (
    CONDITION,
    DAY,
    DURATION,
    EVERY,
    FLAG,
    ID,
    SCALAR,
    TEST,
    TEXT,
    TITLE,
    WHOLE,
    WORD,
    WORDS,
    Name,
    Shape,
    choice,
    exactly_one,
    may,
    need,
    only_with,
    shape,
)
from wuding.domain.period import Every
from wuding.errors import Diagnostic
from wuding.lang.nodes import Duration
from wuding.lang.tree import Node, Problems
from wuding.program.model import Label

FUNCTIONS = ("count", "sum", "avg", "min", "max", "share")


# ── what every rule has ──────────────────────────────────────────────────────────────────────────
@dataclass(kw_only=True, eq=False, repr=False)
class ValidShape(Shape):
    start: int | None = may(DAY, "from")
    to: int | None = may(DAY)


@dataclass(kw_only=True, eq=False, repr=False)
class RuleShape(Shape):
    id: Name = need(ID)
    clause: Names = may(WORDS, default=())
    title: Label | None = may(TITLE)
    valid: ValidShape | None = may(shape(lambda: ValidShape))
    mode: Name | None = may(choice("live", "trial"))
    severity: Name | None = may(TEXT)
    off: bool = may(FLAG, default=False)
    was: Names = may(WORDS, default=())
    each_of: Node | None = may(CONDITION)


@dataclass(kw_only=True, eq=False, repr=False)
class HeldShape(RuleShape):
    """A rule that is asked of holders."""

    holders: SelectorShape = need(SELECTOR, "for")


@dataclass(kw_only=True, eq=False, repr=False)
class PartitionShape(Shape):
    into: SelectorShape = need(SELECTOR)
    max_overlap: Node | None = may(SCALAR)
    max_gap: Node | None = may(SCALAR)


@dataclass(kw_only=True, eq=False, repr=False)
class CharterShape(HeldShape):
    seat: Name | None = may(WORD)
    people: Node | None = may(TEST)
    also: Name | None = may(WORD)
    deputy: Name | None = may(choice("required", "neighbour", "true", "false"))
    exclusive: Name | None = may(choice("true", "false", "advise"))
    have: SelectorShape | None = may(SELECTOR)
    count: SelectorShape | None = may(SELECTOR)
    be: Node | None = may(TEST)
    must: Node | None = may(CONDITION)
    duties: Names | None = may(WORDS)
    complete: Names | None = may(WORDS)
    partition: PartitionShape | None = may(shape(lambda: PartitionShape))

    def check(self) -> Problems:
        asked = exactly_one(self.node, ("seat", "have", "count", "must", "duties", "complete", "partition"))
        loose = [p for key in ("people", "also", "deputy", "exclusive") for p in only_with(self.node, key, "seat")]
        if self.count is not None and self.be is None:
            return [*asked, *loose, Diagnostic("WD111", self.node.span, {"key": "be"})]
        return asked or [*loose, *only_with(self.node, "be", "count")]


@dataclass(kw_only=True, eq=False, repr=False)
class PatrolShape(HeldShape):
    do: SelectorShape | None = may(SELECTOR)
    must: Node | None = may(CONDITION)
    times: Node | None = may(SCALAR)
    every: Every | None = may(EVERY)
    apart: Node | None = may(SCALAR)
    during: Name | None = may(WORD)
    excluded: Name | None = may(WORD, "except")
    partial: Name | None = may(choice("half", "any", "none"))

    def check(self) -> Problems:
        asked = exactly_one(self.node, ("do", "must"))
        return asked or (exactly_one(self.node, ("every", "apart")) if self.do is not None else [])


# ── scoring and targets ──────────────────────────────────────────────────────────────────────────
@dataclass(kw_only=True, eq=False, repr=False)
class ShareShape(Shape):
    of: SelectorShape = need(SELECTOR)
    having: Node = need(CONDITION, "with")  # a selector, or a plain condition


@dataclass(kw_only=True, eq=False, repr=False)
class MeasureShape(Shape):
    count: SelectorShape | None = may(SELECTOR)
    sum: SelectorShape | None = may(SELECTOR)
    avg: SelectorShape | None = may(SELECTOR)
    min: SelectorShape | None = may(SELECTOR)
    max: SelectorShape | None = may(SELECTOR)
    share: ShareShape | None = may(shape(lambda: ShareShape))
    field: Name | None = may(WORD)
    period: Name | None = may(choice("current", "previous"))
    last_per: Names = may(WORDS, default=())

    def check(self) -> Problems:
        asked = exactly_one(self.node, FUNCTIONS)
        if asked:
            return asked
        wants = self.count is None and self.share is None
        if wants and self.field is None:
            return [Diagnostic("WD111", self.node.span, {"key": "field"})]
        return [] if wants else only_with(self.node, "field", "sum")


@dataclass(kw_only=True, eq=False, repr=False)
class ItemShape(Shape):
    id: Name = need(ID)
    category: Name | None = may(WORD)
    each: SelectorShape | None = may(SELECTOR)
    points: Node = need(SCALAR)
    limit: Node | None = may(TEST)
    if_none: Node | None = may(SCALAR)


@dataclass(kw_only=True, eq=False, repr=False)
class RankShape(Shape):
    level: Name = need(WORD, "in")
    order: Name | None = may(choice("desc", "asc"))


@dataclass(kw_only=True, eq=False, repr=False)
class RewardShape(Shape):
    when: Node | None = may(CONDITION)
    give: Node | None = may(CONDITION)
    list: Name | None = may(WORD)


@dataclass(kw_only=True, eq=False, repr=False)
class ScoringShape(HeldShape):
    every: Every | None = may(EVERY)
    start: Node | None = may(SCALAR)
    measures: Node | None = may(CONDITION)
    items: tuple[ItemShape, ...] = may(shape(lambda: ItemShape, "list"), default=())
    categories: Node | None = may(CONDITION)
    range: Node | None = may(TEST)
    bands: Node | None = may(CONDITION)
    rank: RankShape | None = may(shape(lambda: RankShape))
    rewards: tuple[RewardShape, ...] = may(shape(lambda: RewardShape, "list"), default=())
    places: int = may(WHOLE, default=2)
    rounding: Name | None = may(choice("half-away", "half-even"))


@dataclass(kw_only=True, eq=False, repr=False)
class TargetShape(HeldShape):
    share: ShareShape | None = may(shape(lambda: ShareShape))
    count: SelectorShape | None = may(SELECTOR)
    measures: Node | None = may(CONDITION)
    value: Node | None = may(SCALAR)
    reach: Node = need(TEST)
    every: Every | None = may(EVERY)
    hold: bool = may(FLAG, default=False)

    def check(self) -> Problems:
        return exactly_one(self.node, ("share", "count", "value"))


# ── veto and escalation ──────────────────────────────────────────────────────────────────────────
@dataclass(kw_only=True, eq=False, repr=False)
class EffectShape(Shape):
    score: Node | None = may(SCALAR)
    cap: Node | None = may(SCALAR)
    bar: Names = may(WORDS, default=())
    list: Names = may(WORDS, default=())


@dataclass(kw_only=True, eq=False, repr=False)
class VetoShape(RuleShape):
    cause: SelectorShape = need(SELECTOR)
    times: int = may(WHOLE, default=1)
    every: Every | None = may(EVERY)
    strikes: Name = need(WORD)
    lasts: Node | None = may(SCALAR)
    touches: Names | None = may(WORDS)
    effect: EffectShape | None = may(shape(lambda: EffectShape))


@dataclass(kw_only=True, eq=False, repr=False)
class TellShape(Shape):
    role: Name = need(WORD)
    at: Name | None = may(WORD)


@dataclass(kw_only=True, eq=False, repr=False)
class ElseShape(Shape):
    tell: TellShape | None = may(shape(lambda: TellShape))
    back: Name | None = may(WORD)


@dataclass(kw_only=True, eq=False, repr=False)
class StepShape(Shape):
    id: Name = need(ID)
    after: Name | None = may(WORD)
    when: Node | None = may(CONDITION)
    expect: SelectorShape | None = may(SELECTOR)
    without: SelectorShape | None = may(SELECTOR)
    tell: TellShape | None = may(shape(lambda: TellShape))
    within: Node | None = may(SCALAR)
    until: Name | None = may(WORD)
    wait: Node | None = may(SCALAR)
    repeat: Duration | None = may(DURATION)
    otherwise: ElseShape | None = may(shape(lambda: ElseShape), "else")

    def check(self) -> Problems:
        asked = exactly_one(self.node, ("expect", "without", "tell"))
        asked = asked or exactly_one(self.node, ("within", "until"), optional=True)
        return asked or self._follows()

    def _follows(self) -> Problems:
        """WD144 for what would follow a failure that cannot be: a notice does not fail, and an expectation is not
        over when its limit passes, so that nothing starts again."""
        if self.otherwise is None or self.without is not None:
            return []
        if self.tell is not None:
            return only_with(self.node, "else", "without")
        return [
            Diagnostic("WD144", self.otherwise.node.keys["back"].span, {"key": "back", "needs": "without"})
            for back in [self.otherwise.back]
            if back is not None
        ]


@dataclass(kw_only=True, eq=False, repr=False)
class PausesShape(Shape):
    start: SelectorShape = need(SELECTOR, "from")
    to: SelectorShape = need(SELECTOR)


@dataclass(kw_only=True, eq=False, repr=False)
class EscalationShape(RuleShape):
    opens: SelectorShape = need(SELECTOR)
    case: Names = may(WORDS, default=())
    closes: Node | None = may(TEST)
    pauses: PausesShape | None = may(shape(lambda: PausesShape))
    transfers: SelectorShape | None = may(SELECTOR)
    steps: tuple[StepShape, ...] = may(shape(lambda: StepShape, "list"), default=())


SECTION_SHAPES: dict[str, type[RuleShape]] = {
    "charter": CharterShape,
    "patrol": PatrolShape,
    "scoring": ScoringShape,
    "veto": VetoShape,
    "escalation": EscalationShape,
    "targets": TargetShape,
}
