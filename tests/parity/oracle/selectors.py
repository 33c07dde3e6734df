"""Which things a selector picks, certainly or possibly (semantics 13 to 17)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from tests.parity.oracle import days
from tests.parity.oracle.conditions import Env, Known, Truth, absent, all3, any3, equal, not3, truth_of
from tests.parity.oracle.fields import field_of, parameter, text_of
from tests.parity.oracle.people import acted
from tests.parity.oracle.world import Item, View, ancestors, exists, governed, is_level

from wuding.domain.fact import Fact
from wuding.domain.finding import Finding
from wuding.domain.grid import Grid
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.lang.nodes import Duration
from wuding.program.model import Escalation, Selector


@dataclass(frozen=True)
class Scope:
    """For whom things are looked for, and in which stretch of time.

    `day` is the day on which grids, subjects and posts are counted; `params` the day of parameters (None:
    the thing's own day); `subtree` the default of `within` for grids (14).
    """

    day: int
    holder: Item | None = None
    since: int | None = None
    before: int | None = None
    params: int | None = None
    subtree: bool = False
    belongs: Callable[[Item], Truth] | None = None  # cases say themselves what belongs to them (E2)
    dated: bool = False  # T1: asked as of `before`; nothing later is seen, as a counterpart neither
    concerned: Item | None = None  # 15: the thing whose counterpart is looked for


@dataclass(frozen=True)
class Match:
    """A thing that is picked: certainly (`sure`), or possibly, for want of `missing`."""

    item: Item
    sure: bool
    moment: int | None
    missing: frozenset[str]

    @property
    def order(self) -> tuple[int, int, str]:
        seq = self.item.record.seq if isinstance(self.item.record, Fact) else 0
        return (self.moment or 0, seq, self.item.id)


def env_of(
    view: View, item: Item | None, holder: Item | None, day: int, extra: dict[str, Known | None] | None = None
) -> Env:
    def field(name: str) -> Known | None:
        value = field_of(view, item, name) if item else None
        return value if value is not None else (extra or {}).get(name)

    def held(name: str) -> Known | None:
        return field_of(view, holder, name) if holder else None

    return Env(field, held, lambda name: parameter(view, name, day, item, holder), view.zone)


def candidates(view: View, sel: Selector, day: int) -> Iterable[Item]:
    """All things of the selector's source and names."""
    world = view.world
    if sel.source == "fact":
        return [Item("fact", fact) for fact in view.facts if not sel.names or fact.type in sel.names]
    if sel.source == "finding":
        return [Item("finding", finding) for finding in view.findings if is_named(view, sel.names, finding)]
    if sel.source == "grid":
        return [
            Item("grid", grid) for grid in world.grids
            if exists(grid, day) and (not sel.names or any(is_level(view, grid, name) for name in sel.names))
        ]  # fmt: skip
    if sel.source == "subject":
        return [Item("subject", s) for s in world.subjects if exists(s, day) and (not sel.names or s.type in sel.names)]
    return [Item("post", p) for p in world.posts if exists(p, day) and (not sel.names or p.role in sel.names)]


def is_named(view: View, names: tuple[str, ...], finding: Finding) -> bool:
    """`rule` (not its steps) or `rule.step`, every variant; a finding carries the rule's oldest name (27)."""
    if not names:
        return True
    for rule in view.program.rules:
        head = rule.head
        if finding.rule == oldest(head.was, head.id):
            step = f".{finding.step}" if finding.step else ""
            if f"{head.id}{step}" in names:
                return True
    return False


def oldest(was: tuple[str, ...], id: str) -> str:
    return was[0] if was else id


# ── belonging ────────────────────────────────────────────────────────────────────────────────────
def shares(view: View, names: tuple[str, ...], one: Item, other: Item) -> Truth:
    """14a: the named fields are equal on both sides. A thing that names no subject, actor or grid shares none."""
    found: list[Truth] = []
    for name in names:
        a, b = field_of(view, one, name), field_of(view, other, name)
        found.append(False if name in ("grid", "subject", "actor") and None in (a, b) else equal(a, b, view.zone))
    return all3(found)


def same_matter(one: Item, other: Item) -> bool:
    """The same subject, or the same grid where the first names no subject."""
    return other.subject == one.subject if one.subject is not None else other.grid == one.grid


def belongs(view: View, owner: Item, thing: Item, sel: Selector, day: int, subtree: bool) -> Truth:
    """14a: whether the thing belongs to the owner."""
    if sel.same is not None:
        return shares(view, sel.same, owner, thing)
    below = subtree if sel.within is None or isinstance(sel.within, Duration) else sel.within == "subtree"
    record = owner.record
    when = day if thing.at is None else view.day(thing.at)
    if isinstance(record, Grid):
        return thing.grid == record.code or (below and record.code in ancestors(view, thing.grid, when))
    if isinstance(record, Subject):
        return thing.subject == record.id
    if isinstance(record, Post):
        if thing.kind == "post":
            return thing.id == record.id
        return thing.actor == record.person and exists(record, when)
    if isinstance(record, Fact) and isinstance(thing.record, Fact):
        theirs = keys_of(view, thing.record.type)
        common = tuple(key for key in keys_of(view, record.type) if key in theirs)
        return shares(view, common, owner, thing) if common else same_matter(owner, thing)
    if isinstance(record, Fact) and isinstance(thing.record, Finding):
        return finding_of_fact(view, owner, record, thing.record)
    return same_matter(owner, thing)


def keys_of(view: View, type: str) -> tuple[str, ...]:
    """14a: the fields of a type's `key`, and its fields of type `id` and `ref`."""
    declared = view.program.domain.facts[type]
    return tuple(name for name, f in declared.fields.items() if name in declared.key or f.type in ("id", "ref"))


def finding_of_fact(view: View, owner: Item, fact: Fact, found: Finding) -> Truth:
    """14a: whether a finding belongs to a fact: of a keyed case by the case's fields, else by grid and subject."""
    if found.holder_kind == "fact":
        return found.holder == owner.id
    for rule in view.program.rules:
        same_rule = found.rule == oldest(rule.head.was, rule.head.id) and found.variant == rule.head.variant
        if same_rule and isinstance(rule, Escalation) and rule.case:
            declared = view.program.domain.facts[fact.type].fields
            if any(key not in declared for key in rule.case):
                return False
            values = [text_of(field_of(view, owner, key)) for key in rule.case]
            return None if None in values else "/".join(map(str, values)) == found.case
    return same_matter(owner, Item("finding", found))


# ── judging one thing ────────────────────────────────────────────────────────────────────────────
def judge(view: View, sel: Selector, item: Item, scope: Scope) -> tuple[Truth, int | None, frozenset[str]]:
    """Whether the selector picks the thing, at which moment (13), and what is missing (16a)."""
    day = view.day(item.at) if item.at is not None else scope.day
    env = env_of(view, item, scope.holder, day if scope.params is None else scope.params)
    parts = [truth_of(sel.when, env)]
    missing = absent(sel.when, env)
    if sel.by and isinstance(item.record, Fact | Finding):
        parts.append(acted(view, sel.by, item, scope.concerned or scope.holder, day))
        if item.actor is None:
            missing.add("actor")
    moment = item.at
    for other in sel.having:
        found, _ = counterpart(view, other, item, scope)
        parts.append(found)
    for other in sel.lacking:
        found, end = counterpart(view, other, item, scope)
        parts.append(not3(found))
        if end is not None:
            if not end < view.as_of:  # 13: pending until the window has passed
                parts.append(False)
            moment = max(moment or end, end)
    return all3(parts), moment, frozenset(missing)


def counterpart(view: View, sel: Selector, item: Item, scope: Scope) -> tuple[Truth, int | None]:
    """16b: whether the thing has such a counterpart, and the end of the window in which it was looked for."""
    end = None
    if isinstance(sel.within, Duration) and item.at is not None:
        end = days.deadline(item.at, sel.within, view.zone, view.country)
    found: list[Truth] = []
    for other in candidates(view, sel, own_day(view, item, scope)):
        if end is not None and (other.at is None or not item.at <= other.at <= end):  # type: ignore[operator]
            continue
        if other == item:
            continue
        bounded = scope.dated or item.at is None  # 16b: what stands is asked of at the scope's end
        if bounded and None not in (other.at, scope.before) and other.at >= scope.before:  # type: ignore[operator]
            continue
        mine = belongs(view, item, other, sel, own_day(view, item, scope), subtree=False)
        if mine is not False:
            truth, _, _ = judge(view, sel, other, counterpart_scope(view, item, scope))
            found.append(all3([mine, truth]))
    return any3(found), end


def own_day(view: View, item: Item, scope: Scope) -> int:
    """16b: the day on which grids, subjects and posts are looked at as counterparts of the thing."""
    return scope.day if item.at is None else view.day(item.at)


def counterpart_scope(view: View, item: Item, scope: Scope) -> Scope:
    """9: parameters are those of the counterpart's own day; 15d: who acted is asked of the thing; the holder stays."""
    return replace(scope, params=None, concerned=item, day=own_day(view, item, scope))


def matches(view: View, sel: Selector, scope: Scope) -> list[Match]:
    """All things that the selector picks, certainly or possibly, in order of time."""
    found = []
    for item in candidates(view, sel, scope.day):
        mine: Truth = True
        if scope.belongs is not None:
            mine = scope.belongs(item)
        elif scope.holder is not None:
            mine = belongs(view, scope.holder, item, sel, scope.day, scope.subtree)
        if mine is False:
            continue
        truth, moment, missing = judge(view, sel, item, scope)
        truth = all3([mine, truth])
        if truth is False or not falls(view, item, moment, scope):
            continue
        found.append(Match(item, truth is True, moment, frozenset() if truth else missing))
    return sorted(found, key=lambda m: m.order)


def falls(view: View, item: Item, moment: int | None, scope: Scope) -> bool:
    """Whether the thing falls into the scope's stretch of time (13, 17)."""
    if moment is None:
        return True
    if isinstance(item.record, Finding) and moment == item.at and not scope.dated:  # T1: up to a date by its moment
        moment = view.midnight(view.finding_day(item.record))
    return (scope.since is None or scope.since <= moment) and (scope.before is None or moment < scope.before)


def interval(found: list[Match], sel: Selector | None, view: View) -> tuple[int, int]:
    """16, 16b: how many, certainly and possibly; different values of `distinct` where it is asked."""
    if sel is None or sel.distinct is None:
        return (sum(m.sure for m in found), len(found))
    field = sel.distinct
    certain = {field_of(view, m.item, field) for m in found if m.sure} - {None}
    possible = {field_of(view, m.item, field) for m in found} - {None}
    without = sum(field_of(view, m.item, field) is None for m in found)
    return (len(certain), len(possible) + without)


def missing_of(found: Iterable[Match]) -> tuple[str, ...]:
    """16a: of everything that is possible and not certain; sorted."""
    return tuple(sorted(set().union(*(m.missing for m in found if not m.sure))))


# ── holders ──────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class HolderDay:
    item: Item
    sure: bool
    missing: frozenset[str]


def holders_on(view: View, sel: Selector, day: int) -> list[HolderDay]:
    """8a: the holders that exist on the day, certainly or possibly, inside the grid that the book governs."""
    scope = Scope(day=day, params=day)
    return [
        HolderDay(m.item, m.sure, m.missing)
        for m in matches(view, replace(sel, within=None), scope) if governed(view, m.item.grid, day)
    ]  # fmt: skip
