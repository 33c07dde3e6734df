"""Quick ways through a round: one finding is changed by one fact, without frames.

A quick way answers with what changed, or with None where the case is not one of those that it knows: then the rule is
assessed as every check assesses it. It rests on the findings as they stand, so it needs to know only what the new
facts add. Commonest cases only: the rule is in force, places and subjects have always been where they are, nothing is
waived.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wuding.assess.board import Change, Row
from wuding.domain.fact import CORE, Fact
from wuding.domain.instants import local_day
from wuding.domain.period import period_of
from wuding.engines.base import Match
from wuding.engines.columnar.conditions import terms
from wuding.engines.columnar.exact import holds
from wuding.engines.columnar.holding import acting_posts
from wuding.engines.columnar.scope import Scope
from wuding.engines.columnar.things import shared
from wuding.engines.durable.cells import field_of
from wuding.engines.terms import thing_of
from wuding.lang.nodes import Field
from wuding.program.model import Escalation, Patrol, Program, Rule, Selector
from wuding.program.parts import parts_of

if TYPE_CHECKING:
    import polars as pl

    from wuding.assess.live import Live

WORDS = ("text", "id", "enum", "ref", "person")  # types whose values are texts as they stand
TEXTS = ("status", "rule", "step", "variant", "band")
Acting = Mapping[str, Sequence[tuple[str | None, str | None, int | None, int | None]]]


@dataclass(frozen=True)
class Places:
    """What has always been where it is: by grid its ancestors, itself first; by subject its grid. Grids and subjects
    that came, went or moved are left out."""

    up: Mapping[str, tuple[str, ...]]
    home: Mapping[str, str]


def places_of(live: Live) -> Places:
    """Made once for each state of the registry."""
    found: Places | None = live.quick.get("places")
    if found is None:
        moved: set[str] = set()
        up: dict[str, list[str]] = {}
        columns = ("grid", "ancestor", "start", "end")
        for grid, ancestor, start, end in live.ctx.ancestors.sort("depth").select(columns).iter_rows():
            up.setdefault(grid, []).append(ancestor)
            if start is not None or end is not None:
                moved.add(grid)
        home: dict[str, str] = {}
        gone: set[str] = set()
        for frame in live.ctx.snap.subjects.values():
            for id_, grid, start, end in frame.select("id", "grid", "start", "end").iter_rows():
                if id_ in home or start is not None or end is not None:
                    gone.add(id_)
                home[id_] = grid
        found = Places(
            {grid: tuple(line) for grid, line in up.items() if grid not in moved and len(set(line)) == len(line)},
            {id_: grid for id_, grid in home.items() if id_ not in gone},
        )
        live.quick["places"] = found
    return found


def nothing_ruled(live: Live) -> bool:
    """Is nothing waived and nothing appealed against?"""
    return all(live.facts[CORE, name].is_empty() and (CORE, name) not in live.tails for name in ("waiver", "appeal"))


def acting(live: Live, roles: tuple[str, ...]) -> Acting:
    """By person: for which grid and subject (None: every one) and when somebody may act in one of the roles."""
    found: Acting | None = live.quick.get(("acting", roles))
    if found is None:
        made: dict[str, list[tuple[str | None, str | None, int | None, int | None]]] = {}
        posts = acting_posts(live.ctx, roles).select("person", "grid", "subject", "start", "end")
        for person, *rest in posts.iter_rows():
            made.setdefault(person, []).append(tuple(rest))
        found = live.quick[("acting", roles)] = made
    return found


def acted(live: Live, fact: Fact, roles: tuple[str, ...], grid: str, subject: str | None, day: int) -> bool | None:
    """Did the fact's actor act in one of the roles for the grid and subject? Unknown without an actor."""
    if fact.actor is None:
        return None
    if roles == ("self",):
        return fact.actor == (subject or grid)
    return any(
        (place is None or place == grid)
        and (about is None or about == subject)
        and (start is None or start <= day)
        and (end is None or day < end)
        for place, about, start, end in acting(live, roles).get(fact.actor, ())
    )


def certainly(program: Program, sel: Selector, fact: Fact, match: Match) -> bool | None:
    """Does the fact certainly meet the selector's own condition, which it meets at least possibly? None: that is not
    known here. With a role to be held, matching alone is never certain; but where nothing is missing, nothing is
    unknown."""
    if not sel.by:
        return match.certain
    declared = thing_of(program, fact.type).fields
    if all(
        field_of(fact, f.name, declared.get(f.name))[0] is not None for f in terms(sel.when) if isinstance(f, Field)
    ):
        return True
    return None


class Env(dict[str, Any]):
    """What a condition reads of a finding; what it may read besides is unknown."""

    def __missing__(self, name: str) -> None:
        return None


def texts_of(row: Row) -> Env:
    """The texts of a finding, as conditions read them."""
    return Env((f"f.{name}", row[name]) for name in TEXTS)


def may_be(sel: Selector, row: Row) -> bool:
    """May the finding be one that the selector of findings selects, going by its rule and its texts?"""
    if sel.names and row["rule"] + (f".{row['step']}" if row["step"] else "") not in sel.names:
        return False
    return holds(sel.when, texts_of(row)) is not False


# ── whom facts touch ─────────────────────────────────────────────────────────────────────────────
def cases_of(live: Live, rule: Escalation, facts: Iterable[Fact]) -> Scope | None:
    """The cases of an escalation that new facts belong to by its key fields; None where they do not say."""
    selectors = [part for part in parts_of(rule) if isinstance(part, Selector)]
    if not rule.case or any(sel.same is not None or sel.source != "fact" for sel in selectors):
        return None
    found = set()
    for fact in facts:
        fields = thing_of(live.program, fact.type).fields
        values = [fact.fields.get(name) for name in rule.case]
        if not all(
            isinstance(v, str) and k in fields and fields[k].type in WORDS
            for k, v in zip(rule.case, values, strict=True)
        ):
            return None
        found.add("/".join(map(str, values)))
    return Scope(cases=frozenset(found))


# ── patrol ───────────────────────────────────────────────────────────────────────────────────────
def countable(rule: Patrol) -> bool:
    """Does the rule only count facts of a holder in a period?"""
    return rule.every is not None and by_facts(rule)


def by_facts(rule: Patrol) -> bool:
    """Does the duty look at single facts of a holder, who is known without looking at any?"""
    do = rule.do
    if do is None or do.source != "fact" or rule.holders.source not in ("grid", "subject"):
        return False
    plain = do.same is None and not do.having and not do.lacking and do.distinct is None and shared(do) is None
    near = do.within in (None, "self") or (do.within == "subtree" and rule.holders.source == "grid" and not do.by)
    others = [part for part in parts_of(rule.holders) if isinstance(part, Selector) and part is not rule.holders]
    return plain and near and not others


def counted(live: Live, rule: Patrol, facts: Iterable[Fact], matches: Sequence[Match]) -> list[Change] | None:
    """The findings of a patrol rule that new facts count for."""
    assert rule.every is not None
    board, prefix = live.boards[rule.head.key], prefix_of(live, rule)
    found: list[Change] = []
    for deed in deeds_of(live, rule, facts, matches):
        if deed is None:
            return None
        old = board.get(f"{prefix}@{deed.holder}/{period_of(deed.day, rule.every).label}")
        if old is None or old["low"] is None:
            continue  # nobody is asked, or it is not owed
        new = _one_more(old, deed, live.as_of)
        if new is None:
            return None
        board.put(old["id"], new)
        found.append(Change(old, new))
    return found


@dataclass(frozen=True)
class Deed:
    """A fact that counts for a holder, certainly or possibly; `day`: on which it happened; `lacks`: the fields whose
    absence leaves it uncertain."""

    holder: str
    at: int
    day: int
    certain: bool
    lacks: frozenset[str]


def deeds_of(live: Live, rule: Patrol, facts: Iterable[Fact], matches: Sequence[Match]) -> Iterator[Deed | None]:
    """For whom the new facts count in the duty; None for one of which that is not known here."""
    assert rule.do is not None
    by_seq = {m.seqs[0]: m for m in matches if m.rule == rule.head.key and m.term == "do"}
    for fact in facts:
        match = by_seq.get(fact.seq)
        if match is None:
            continue
        sure = certainly(live.program, rule.do, fact, match)
        holders = _holders(places_of(live), rule, fact)
        if sure is None or holders is None:
            yield None
            return
        day = local_day(fact.at, live.program.zone)
        for holder, grid in holders:
            by = acted(live, fact, rule.do.by, grid, fact.subject, day) if rule.do.by else True
            if by is not False:
                certain = sure and by is True
                yield Deed(holder, fact.at, day, certain, frozenset() if certain else _lacks(live, rule.do, fact))


def _lacks(live: Live, sel: Selector, fact: Fact) -> frozenset[str]:
    """The fields that the selector reads and the fact lacks (semantics 16a)."""
    declared = thing_of(live.program, fact.type).fields
    read = {f.name for f in terms(sel.when) if isinstance(f, Field)} | ({"actor"} if sel.by else set())
    return frozenset(name for name in read if field_of(fact, name, declared.get(name))[0] is None)


def prefix_of(live: Live, rule: Rule) -> str:
    """How the ids of the rule's findings begin."""
    name = live.touched.names.get(rule.head.id, rule.head.id)
    return f"{live.program.book}#{name}" + (f"[{rule.head.variant}]" if rule.head.variant else "")


def _holders(places: Places, rule: Patrol, fact: Fact) -> list[tuple[str, str]] | None:
    """The holders that the fact may count for, each with its grid; None where they have moved."""
    assert rule.do is not None
    if rule.holders.source == "subject":
        if fact.subject is None:
            return []
        home = places.home.get(fact.subject)
        return None if home is None else [(fact.subject, home)]
    if fact.grid is None:
        return []
    up = places.up.get(fact.grid)
    if up is None:
        return None
    return [(one, one) for one in (up if rule.do.within == "subtree" else up[:1])]


def _one_more(old: Row, deed: Deed, as_of: int) -> dict[str, Any] | None:
    """The finding when one more thing counts; None where it takes the others to say what it lacks."""
    low, high = old["low"] + deed.certain, old["high"] + 1
    need = None if old["needed"] is None else int(old["needed"])
    missing: list[str] = []
    if need is None:
        status, missing = "undetermined", old["missing"]
    elif low >= need:
        status = "met"
    elif high < need:
        status = "missed" if old["due"] <= as_of else "due"
    else:
        if old["status"] != "undetermined" and old["low"] != old["high"]:
            return None
        status, missing = "undetermined", sorted(deed.lacks.union(old["missing"]))
    return {**old, "low": low, "high": high, "status": status, "missing": missing}


def same_rows(frame: pl.DataFrame, rows: Mapping[str, Row], columns: Sequence[str]) -> bool:
    """Do these rows, by id, agree with the frame in these columns?"""
    there = {row["id"]: row for row in frame.select("id", *columns).iter_rows(named=True)}
    return there.keys() == rows.keys() and all(
        there[id_][name] == row[name] for id_, row in rows.items() for name in columns
    )
