"""The five fixed things, asked of every day (semantics C1 to C5)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.parity.oracle import days
from tests.parity.oracle.conditions import Day, Num, Truth, absent, all3, any3, number, truth_of
from tests.parity.oracle.fields import field_of
from tests.parity.oracle.owed import asked_days, finding
from tests.parity.oracle.partition import partition
from tests.parity.oracle.selectors import (
    HolderDay,
    Match,
    Scope,
    env_of,
    holders_on,
    interval,
    matches,
    missing_of,
)  # fmt: skip
from tests.parity.oracle.world import Item, View, exists, grid_on, is_level, valid_on

from wuding.domain.fact import Fact
from wuding.domain.finding import Finding
from wuding.domain.grid import Grid
from wuding.domain.post import Post
from wuding.program.model import Charter, Patrol, Scoring, Test, Veto

Days = dict[int, HolderDay]


@dataclass(frozen=True)
class Answer:
    truth: Truth
    missing: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None


def check(view: View, rule: Charter) -> list[Finding]:
    asked = asked_days(view, rule, rule.holders)
    return [f for id in asked for f in spells(view, rule, asked, asked[id])]


def spells(view: View, rule: Charter, asked: dict[str, Days], mine: Days) -> list[Finding]:
    """C1: spells of certain no, each ended by a certain yes (or by the holder's end); and today's answer."""
    gaps: list[tuple[int, int]] = []
    gap = fixed = unknown = None
    answer = Answer(None)
    for day in range(min(mine), view.today + 2):
        if day not in mine:
            if gap is not None and day <= view.today:
                gaps.append((gap, day))
                gap = None
            if day <= view.today:
                fixed = unknown = None
            continue
        answer = answer_on(view, rule, asked, mine[day], day)
        if answer.truth is None:
            unknown = unknown or day
            continue
        unknown = None
        if answer.truth:
            if gap is not None:
                gaps.append((gap, day))
            gap, fixed = None, fixed or day
        else:
            gap, fixed = gap or day, None
    result = []
    for start, end in gaps:
        span = spell(view, start, end)
        result.append(gap_of(view, rule, mine[start].item, start, end - start, span))
    if view.today not in mine:
        return result
    counted = {"low": answer.low, "high": answer.high}
    if gap is not None:
        span = {**spell(view, gap, None), **counted}
        result.append(gap_of(view, rule, mine[gap].item, gap, view.today + 1 - gap, span))
    since = unknown if answer.truth is None else fixed if answer.truth else None
    if since is not None:
        result.append(
            finding(
                view,
                rule,
                mine[view.today].item,
                "fixed" if answer.truth else "undetermined",
                missing=answer.missing,
                start=view.midnight(since),
                at=view.midnight(since),
                **counted,
            )
        )
    return result


def spell(view: View, start: int, end: int | None) -> dict[str, int | None]:
    since = view.midnight(start)
    return {"start": since, "at": since, "end": None if end is None else view.midnight(end)}


def gap_of(view: View, rule: Charter, holder: Item, start: int, length: int, span: dict[str, int | None]) -> Finding:
    return finding(view, rule, holder, "gap", period=days.label(start), detail={"days": length}, **span)


def answer_on(view: View, rule: Charter, asked: dict[str, Days], mine: HolderDay, day: int) -> Answer:
    if not mine.sure:
        return Answer(None, tuple(sorted(mine.missing)))  # 8a
    holder = mine.item
    if rule.kind == "seat":
        return seat(view, rule, asked, holder, day)
    if rule.kind in ("have", "count"):
        return how_many(view, rule, holder, day)
    if rule.kind == "must":
        env = env_of(view, holder, holder, view.today)
        truth = truth_of(rule.must, env)
        return Answer(truth, tuple(sorted(absent(rule.must, env))) if truth is None else ())
    if rule.kind == "duties":
        return Answer(all(duty in duties_of(view, posts_at(view, holder, day)) for duty in rule.duties))  # C4
    if rule.kind == "complete":
        return complete(view, rule, holder, day)
    return Answer(*partition(view, rule, holder))


def passes(view: View, rule: Charter, test: Test | None, default: int, low: int, high: int, holder: Item) -> Truth:
    if test is None:
        return (low >= default) if (low >= default) == (high >= default) else None
    env = env_of(view, None, holder, view.today, {"it": Num(number(low).lo, number(high).hi)})
    return truth_of(test.cond, env)


# ── seat ─────────────────────────────────────────────────────────────────────────────────────────
def posts_at(view: View, holder: Item, day: int) -> list[Post]:
    """C2: the posts at the grid (and at no subject), or at the subject."""
    return [
        post for post in view.world.posts
        if exists(post, day) and (post.subject == holder.subject if holder.kind == "subject" else
                                  post.subject is None and post.grid == holder.grid)
    ]  # fmt: skip


def seated(view: View, rule: Charter, holder: Item, day: int) -> list[Match]:
    """The posts of the seat at the holder, of any capacity."""
    assert rule.of is not None
    there = posts_at(view, holder, day)
    scope = Scope(day=day, params=view.today)
    return [m for m in matches(view, rule.of, scope) if m.item.record in there]


def holds_also(view: View, role: str, post: Post, day: int) -> bool:
    return any(
        other.role == role and other.person == post.person and other.grid == post.grid and exists(other, day)
        and other.subject is None  # C2: at the grid
        for other in view.world.posts
    )  # fmt: skip


def principals(view: View, rule: Charter, holder: Item, day: int) -> list[Match]:
    found = []
    for match in seated(view, rule, holder, day):
        post = match.item.record
        assert isinstance(post, Post)
        if post.capacity == "principal" and (rule.also is None or holds_also(view, rule.also, post, day)):
            found.append(match)
    return found


def persons(found: list[Match], sure: bool) -> set[str]:
    return {str(m.item.actor) for m in found if m.sure or not sure}


def seat(view: View, rule: Charter, asked: dict[str, Days], holder: Item, day: int) -> Answer:
    found = principals(view, rule, holder, day)
    low, high = len(persons(found, True)), len(persons(found, False))
    if rule.be is None:
        enough: Truth = low == 1 if low == high else None if low <= 1 <= high else False
    else:
        enough = passes(view, rule, rule.be, 1, low, high, holder)
    parts = [enough]
    if rule.deputy is not None:
        parts.append(has_deputy(view, rule, holder, day))
    if rule.exclusive == "yes":
        parts.append(not sits_elsewhere(view, rule, asked, holder, persons(found, True), day))
    truth = all3(parts)
    return Answer(truth, missing_of(found) if truth is None else (), low, high)


def has_deputy(view: View, rule: Charter, holder: Item, day: int) -> Truth:
    answers: list[Truth] = []
    for match in seated(view, rule, holder, day):
        post = match.item.record
        assert isinstance(post, Post)
        if post.capacity == "principal":
            continue
        good = rule.deputy == "required" or is_neighbour(view, post, holder, day)
        answers.append(all3([True if match.sure else None, good]))
    return any3(answers)


def is_neighbour(view: View, post: Post, holder: Item, day: int) -> bool:
    """Whether the person is principal of the same role at a sibling grid."""
    own = grid_on(view, holder.grid, day)
    for other in view.world.posts:
        there = grid_on(view, other.grid, day)
        if (
            own and there and there.code != own.code and there.parent == own.parent and own.parent is not None
            and (other.person, other.role, other.capacity) == (post.person, post.role, "principal")
            and other.subject is None and exists(other, day)
        ):  # fmt: skip
            return True
    return False


def sits_elsewhere(view: View, rule: Charter, asked: dict[str, Days], holder: Item, mine: set[str], day: int) -> bool:
    return any(
        mine & persons(principals(view, rule, seen[day].item, day), True)
        for id, seen in asked.items() if id != holder.id and day in seen and seen[day].sure
    )  # fmt: skip


# ── have, count ──────────────────────────────────────────────────────────────────────────────────
def holds_on(view: View, item: Item, day: int) -> bool:
    """C3: whether the fact holds on the day."""
    fact = item.record
    assert isinstance(fact, Fact)
    span = view.program.domain.facts[fact.type].holds
    start, until = view.day(fact.at), None
    if span:
        first, last = (field_of(view, item, name) for name in span)
        start = first.day if isinstance(first, Day) else start
        until = last.day if isinstance(last, Day) else None
    return start <= day and (until is None or day <= until)


def how_many(view: View, rule: Charter, holder: Item, day: int) -> Answer:
    """C3: things of the day; `have` at the holder alone, `count` over the subtree (14)."""
    assert rule.of is not None
    scope = Scope(day=day, holder=holder, params=view.today, subtree=rule.kind == "count")
    found = [m for m in matches(view, rule.of, scope) if m.item.kind != "fact" or holds_on(view, m.item, day)]
    low, high = interval(found, rule.of, view)
    truth = passes(view, rule, rule.be, 1, low, high, holder)
    return Answer(truth, missing_of(found) if truth is None else (), low, high)


# ── duties, complete ─────────────────────────────────────────────────────────────────────────────
def duties_of(view: View, posts: list[Post]) -> set[str]:
    return {duty for post in posts for duty in view.program.domain.roles[post.role].duties}


def selects(view: View, rule: Patrol | Scoring, holder: Item, day: int) -> Truth:
    if rule.holders.source != holder.kind or not valid_on(view, rule.head, day):
        return False
    found = [h for h in holders_on(view, rule.holders, day) if h.item.id == holder.id]
    return any3([True if h.sure else None for h in found])


def complete(view: View, rule: Charter, holder: Item, day: int) -> Answer:
    """C4: area, person, duty, task, reward."""
    posts = posts_at(view, holder, day)
    rules = [r for r in view.program.rules if rule.head.trial or not r.head.trial]  # 23: no live rule uses a trial one
    parts: dict[str, Truth] = {
        "area": grid_on(view, holder.grid, day) is not None,
        "person": bool(posts),
        "duty": bool(duties_of(view, posts)),
        "task": any3(selects(view, r, holder, day) for r in rules if isinstance(r, Patrol)),
        "reward": any3(
            [selects(view, r, holder, day) for r in rules if isinstance(r, Scoring)]
            + [strikes(view, r, holder) for r in rules if isinstance(r, Veto) and valid_on(view, r.head, day)]
        ),
    }
    return Answer(all3(parts[name] for name in rule.complete))


def strikes(view: View, rule: Veto, holder: Item) -> bool:
    if holder.kind == "grid":
        assert isinstance(holder.record, Grid)
        return is_level(view, holder.record, rule.strikes)
    return rule.strikes == holder.kind
