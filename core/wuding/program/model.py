"""The program: a book after linking. Names are resolved, conditions typed, parameters dated.

This is the contract between the people's side (book) and the machine's side (engines, assess,
explain). Everything here is immutable and free of I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from wuding.domain.period import Every
from wuding.errors import Span
from wuding.lang.nodes import Cond, Duration, Term
from wuding.program.added import Added

NOWHERE = Span("")
Source = Literal["grid", "subject", "post", "fact", "finding"]


@dataclass(frozen=True)
class Label:
    """A name for people, in both languages."""

    zh: str
    en: str

    def get(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en


# ── the domain ───────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class FieldType:
    """A typed field. `type`: text int number money bool date time duration id enum ref person."""

    name: str
    type: str
    label: Label
    required: bool = False
    private: bool = False
    values: tuple[str, ...] = ()  # enum
    to: str = ""  # ref: the fact type it points to
    unit: str = ""
    value_labels: Mapping[str, Label] = field(default_factory=dict)


@dataclass(frozen=True)
class Thing:
    """A fact type or a subject type of a domain."""

    name: str
    label: Label
    fields: Mapping[str, FieldType]
    key: tuple[str, ...] = ()  # facts: the fields that identify the matter
    about: str = "grid"  # facts: grid | subject; what a fact of this type must name
    holds: tuple[str, str] | None = None  # facts: fields (from, to) between which it is true; to is inclusive


@dataclass(frozen=True)
class Role:
    name: str
    label: Label
    duties: tuple[str, ...] = ()
    sees: str = "own"  # own | subtree | all


@dataclass(frozen=True)
class Domain:
    name: str
    label: Label
    levels: Mapping[str, Label]  # top down, the domain's own names
    roles: Mapping[str, Role]
    duties: Mapping[str, Label]
    subjects: Mapping[str, Thing]
    facts: Mapping[str, Thing]  # with the built-in types
    effects: Mapping[str, tuple[str, ...]]  # bars, lists, gives
    kinds: Mapping[str, Label] = field(default_factory=dict)  # of grids, those that have a label
    labels: Mapping[str, Label] = field(default_factory=dict)  # what books of the domain call bands, steps, ...


# ── selectors ────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Selector:
    """Which things. `names`: tree levels, subject types, roles, fact types, or rule references
    (`rule`, `rule.step`: every variant of it); empty means any."""

    source: Source
    names: tuple[str, ...] = ()
    when: Cond | None = None
    by: tuple[str, ...] = ()  # roles, or ("self",)
    same: tuple[str, ...] | None = None  # None: the default (holder, or case)
    within: Duration | Literal["self", "subtree"] | None = None
    having: tuple[Selector, ...] = ()  # with
    lacking: tuple[Selector, ...] = ()  # without
    distinct: str | None = None
    span: Span = NOWHERE


@dataclass(frozen=True)
class Test:
    """A test of one number (`1..`, `>= 90`, `4`), as a condition over the field `it`."""

    cond: Cond
    text: str  # as the editor wrote it


# ── rules ────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Head:
    """What every rule has. `valid_*` are days, end exclusive."""

    id: str
    variant: str  # the value(s) of each_of, joined by "/"; "" when there is none
    title: Label
    clauses: tuple[str, ...]
    span: Span
    valid_from: int | None = None
    valid_to: int | None = None
    trial: bool = False
    severity: str = ""
    was: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name inside the book: `education[school]`."""
        return f"{self.id}[{self.variant}]" if self.variant else self.id


@dataclass(frozen=True)
class Charter:
    """Exactly one of the questions is asked. `count` answers seat, have and count alike: how many."""

    head: Head
    holders: Selector
    kind: Literal["seat", "have", "count", "must", "duties", "complete", "partition"]
    of: Selector | None = None  # seat: the posts; have: the facts; count: the things
    be: Test | None = None  # seat: people; have: at least one; count: be
    also: str | None = None  # seat: a role that the holder of the post must hold too (anywhere)
    deputy: str | None = None  # seat: `required` (a B post), or `neighbour`
    exclusive: Literal["no", "yes", "advise"] = "no"
    must: Cond | None = None
    duties: tuple[str, ...] = ()
    complete: tuple[str, ...] = ()  # area person duty task reward
    max_overlap: tuple[Fraction, str] | None = None  # (0, "m2"), (10, "%")
    max_gap: tuple[Fraction, str] | None = None


@dataclass(frozen=True)
class Patrol:
    head: Head
    holders: Selector
    do: Selector | None = None
    must: Cond | None = None  # each fact that `holders` selects must satisfy it
    times: Term | None = None  # 1 when None
    every: Every | None = None
    apart: Duration | None = None
    during: str | None = None
    excluded: str | None = None  # except
    partial: Literal["half", "any", "none"] = "half"


@dataclass(frozen=True)
class Measure:
    """`fn`: count sum avg min max share expr. `share` is the share of `of` that also meets `having`."""

    name: str
    fn: str
    of: Selector | None = None
    share_with: Selector | None = None  # a counterpart that each member of `of` must have
    share_when: Cond | None = None  # or a condition on the member itself
    field: str | None = None
    period: Literal["current", "previous"] = "current"
    last_per: tuple[str, ...] = ()
    expr: Term | None = None


@dataclass(frozen=True)
class Limits:
    low: Fraction | None = None
    high: Fraction | None = None


@dataclass(frozen=True)
class Item:
    id: str
    category: str | None
    category_field: bool
    each: Selector | None
    points: Term
    limit: Limits | None = None
    if_none: Term | None = None


@dataclass(frozen=True)
class Reward:
    when: Cond | None
    give: Mapping[str, object]
    list: str | None = None


@dataclass(frozen=True)
class Scoring:
    head: Head
    holders: Selector
    every: Every | None
    start: Term
    measures: tuple[Measure, ...] = ()  # in an order in which each may use those before it
    items: tuple[Item, ...] = ()
    categories: Mapping[str, Limits] = field(default_factory=dict)
    range: Limits = Limits()
    bands: tuple[tuple[str, Cond | None], ...] = ()  # conditions over `total`, measures, categories; None: else
    rank_in: str | None = None  # a tree level, or "book"
    rank_order: Literal["desc", "asc"] = "desc"
    rewards: tuple[Reward, ...] = ()  # conditions over band, rank, total
    places: int = 2
    rounding: str = "half-away"


@dataclass(frozen=True)
class Veto:
    head: Head
    cause: Selector
    strikes: str  # a tree level, "subject", "post"
    times: int = 1
    every: Every | None = None
    lasts: Duration | Literal["year", "until-fixed"] = "year"
    touches: tuple[str, ...] = ()  # ids of scoring rules; resolved: never empty unless the book scores nothing
    score: Fraction | None = None
    cap: Fraction | None = None
    bars: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limit:
    """When a step is due: `low` (too early before it) and `high` after the anchor, or the field of the
    opening that holds the due time. A parameter is read at the case's opening."""

    high: Duration | Term | None = None
    low: Duration | None = None
    until: str | None = None


@dataclass(frozen=True)
class Step:
    id: str
    kind: Literal["expect", "without", "tell"]
    after: str  # "opening", "closed", or a step's id
    when: Cond | None = None  # over the opening
    of: Selector | None = None  # expect, without
    limit: Limit | None = None  # within | until
    wait: Duration | Term | None = None
    tell_role: str | None = None
    tell_at: str = "here"  # a tree level, "here", "up"
    repeat: Duration | None = None
    on_failure: bool = False  # a `tell` that the linker made of `else: {tell}` of the step `after` (E6b)
    else_back: str | None = None
    span: Span = NOWHERE


def else_id(step: str) -> str:
    """The id of the step that `else: {tell}` of a step makes; no other step of the rule may have it."""
    return f"{step}-else"


@dataclass(frozen=True)
class Escalation:
    head: Head
    opens: Selector
    case: tuple[str, ...]  # key fields; empty: each opening is a case of its own
    closes: tuple[Selector, ...] | None  # None: all expected steps done; (): never
    steps: tuple[Step, ...]  # in an order in which each comes after its anchor
    pauses: tuple[Selector, Selector] | None = None  # from a fact, to a fact
    transfers: Selector | None = None


@dataclass(frozen=True)
class Target:
    """Asked of a share, a count or a value (measures and an expression)."""

    head: Head
    holders: Selector
    share_of: Selector | None = None
    share_with: Selector | None = None
    share_when: Cond | None = None
    count: Selector | None = None
    measures: tuple[Measure, ...] = ()
    value: Term | None = None
    reach_on: tuple[tuple[int, Test], ...] = ()  # (day inclusive, test), in order
    every: Every | None = None
    reach: Test | None = None
    hold: bool = False


Rule = Charter | Patrol | Scoring | Veto | Escalation | Target | Added
SECTIONS: dict[type, str] = {
    Charter: "charter",
    Patrol: "patrol",
    Scoring: "scoring",
    Veto: "veto",
    Escalation: "escalation",
    Target: "targets",
}


def section_of(rule: Rule) -> str:
    """The key under which the rule stands in its book."""
    return rule.section.name if isinstance(rule, Added) else SECTIONS[type(rule)]


def steps_of(rule: Rule) -> tuple[tuple[str, Span], ...]:
    """What the rule's findings are told apart by (their `step`): steps of a case, parts of an added rule."""
    if isinstance(rule, Escalation):
        return tuple((step.id, step.span) for step in rule.steps)
    return rule.parts if isinstance(rule, Added) else ()


# ── the book as a whole ──────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Season:
    """Days of a year from `start` to `end` (month, day), inclusive, or the public holidays of a country."""

    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None
    holidays: str | None = None


@dataclass(frozen=True)
class Parameter:
    """`values`: (day from which it holds, value or table), in order. `by`: the fields that index the
    table, one level of nesting each; `grid` means the nearest ancestor that has a value."""

    name: str
    type: str
    values: tuple[tuple[int, object], ...]  # Value | Mapping[str, ...]
    by: tuple[str, ...] = ()
    by_finding: str | None = None
    unit: str = ""
    assumed: bool = False
    clauses: tuple[str, ...] = ()
    span: Span = NOWHERE


@dataclass(frozen=True)
class Program:
    """One book, ready to be checked. `rules` are in stratum order: each comes after what it uses."""

    book: str
    title: Label
    domain: Domain
    grid: str | None  # the subtree that the book governs; None: the whole tree (a base)
    levels: Mapping[str, tuple[str, ...]]  # the domain's level: the tree's names for it
    zone: str
    calendar: Mapping[str, Season]
    parameters: Mapping[str, Parameter]
    rules: tuple[Rule, ...]
    uses: Mapping[str, frozenset[str]]  # rule key: keys of rules whose findings it reads
    digest: str  # of the resolved text
    retroactive: bool = False
    labels: Mapping[str, Label] = field(default_factory=dict)  # of bands, items, measures, steps, seasons, lists
