"""A quick way for scores and targets that rest on shares of findings: counts are carried along, and a finding that
changes is taken out in its old form and put in in its new.

The counts are made from all findings once. Before they are trusted, every score and target computed from them is
compared with what the whole assessment found: where one differs, the rule has no quick way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from wuding.assess.board import Change, Row
from wuding.assess.quick import TEXTS, may_be, places_of, same_rows, texts_of
from wuding.assess.quick_params import params_into
from wuding.assess.quick_score import Points, Scored, finding, points_of, ranks, scored
from wuding.domain.instants import local_day
from wuding.domain.number import rounded, to_scaled
from wuding.domain.period import period_of
from wuding.engines.columnar.conditions import leaves
from wuding.engines.columnar.exact import holds
from wuding.lang.nodes import Cmp, Cond, Field, Lit, OneOf
from wuding.program.model import Rule, Scoring, Selector, Target

if TYPE_CHECKING:
    from wuding.assess.live import Live

Key = tuple[str, str]  # holder, period


@dataclass(frozen=True)
class Share:
    """One share: of which findings (`sel`), those that meet `when`."""

    name: str
    sel: Selector
    when: Cond
    subtree: bool


@dataclass
class Shares:
    """What is carried along for one rule: by share and key, how many findings there are and how many meet; what else
    the scores rest on, by key."""

    shares: tuple[Share, ...]
    counts: dict[str, dict[Key, tuple[int, int]]]
    rest: dict[Key, Scored] = field(default_factory=dict)


def shares_of(rule: Rule) -> tuple[Share, ...] | None:
    """The shares of findings on which the rule rests; None where it has no quick way at all."""
    if not isinstance(rule, Scoring | Target) or rule.every is None or rule.holders.source != "grid":
        return None
    if rule.holders.having or rule.holders.lacking:
        return None
    if isinstance(rule, Target):
        if rule.share_of is None or rule.share_when is None or rule.hold:
            return None
        found = [Share("it", rule.share_of, rule.share_when, True)]
    else:
        if rule.rank_in not in (None, "book"):
            return None
        found = [
            Share(m.name, m.of, m.share_when, m.of.within == "subtree")
            for m in rule.measures
            if m.fn == "share" and m.of is not None and m.of.source == "finding" and m.share_when is not None
            and m.period == "current" and not m.last_per
        ]  # fmt: skip
    return tuple(found) if found and all(_plain(share) for share in found) else None


def _plain(share: Share) -> bool:
    sel = share.sel
    bare = not sel.by and sel.same is None and not sel.having and not sel.lacking and sel.source == "finding"
    return bare and bool(sel.names) and _texts(sel.when) and _texts(share.when)


def _texts(cond: Cond | None) -> bool:
    """Does the condition compare texts of the finding, and nothing else?"""
    for leaf in leaves(cond) if cond is not None else ():
        if not isinstance(leaf, Cmp | OneOf):
            return False
        for term in (leaf.left, leaf.right) if isinstance(leaf, Cmp) else (leaf.left, *leaf.options):
            if not (isinstance(term, Lit) or (isinstance(term, Field) and term.name in TEXTS)):
                return False
    return True


# ── counting ─────────────────────────────────────────────────────────────────────────────────────
def counts_in(live: Live, rule: Scoring | Target, share: Share, row: Row) -> tuple[list[Key], bool] | None:
    """For whom a finding counts in a share, and whether it meets. None where places have moved, or a text is
    missing."""
    assert rule.every is not None
    inside, meets = _judged(live, rule, share, row)
    if inside is False or row["grid"] is None:
        return [], False
    if inside is None or meets is None or row["home"] is None:
        return None
    up = places_of(live).up.get(row["grid"])
    if up is None:
        return None
    name = ("label", rule.every, row["home"])
    label = live.quick.get(name)
    if label is None:
        label = live.quick[name] = period_of(row["home"], rule.every).label
    return [(grid, label) for grid in (up if share.subtree else up[:1])], meets


def _judged(live: Live, rule: Rule, share: Share, row: Row) -> tuple[bool | None, bool | None]:
    """Is the finding one of the share's, and does it meet? The same for all of the same texts."""
    name = (rule.head.key, share.name, *[row[text] for text in TEXTS])
    found = live.quick.get(name)
    if found is None:
        env = texts_of(row)
        inside = may_be(share.sel, row) and holds(share.sel.when, env)
        found = live.quick[name] = (inside, holds(share.when, env))
    judged: tuple[bool | None, bool | None] = found
    return judged


def carried(live: Live, rule: Scoring | Target, shares: tuple[Share, ...]) -> Shares | None:
    """The counts, from all findings; None where they do not lead to the findings that the rule has."""
    if any(grid not in places_of(live).up for grid in live.boards[rule.head.key].frame().get_column("holder")):
        return None
    made = Shares(shares, {share.name: {} for share in shares})
    for share in shares:
        names = {name.partition(".")[0] for name in share.sel.names}
        for other in live.program.rules:
            if other.head.id not in names:
                continue
            for row in live.boards[other.head.key].frame().select("grid", "home", *TEXTS).iter_rows(named=True):
                found = counts_in(live, rule, share, row)
                if found is None:
                    return None
                _count(made, share, found, 1)
    if isinstance(rule, Scoring):
        made.rest = scored(live.ctx, rule, [share.name for share in shares])
    board = live.boards[rule.head.key]
    fresh = _findings(live, rule, made, list(board.frame().iter_rows(named=True)), None)
    if fresh is None:
        return None
    columns = ("value_low", "value_high", "band", "rank", "detail", "status", "missing")
    return made if same_rows(board.frame(), fresh, columns) else None


def _count(made: Shares, share: Share, found: tuple[list[Key], bool], sign: int) -> None:
    keys, meets = found
    for key in keys:
        n, m = made.counts[share.name].get(key, (0, 0))
        made.counts[share.name][key] = (n + sign, m + sign * meets)


def shared_again(live: Live, rule: Scoring | Target, changes: Sequence[Change]) -> list[Change] | None:
    """The findings of a score or target after findings that it rests on have changed. None: it has no quick way, or
    none yet (see `carry`)."""
    kept: Any = live.quick.get(("shares", rule.head.key))
    if not kept:
        return None
    touched: set[Key] = set()
    for share in kept.shares:
        for change in changes:
            for row, sign in ((change.old, -1), (change.new, 1)):
                found = None if row is None else counts_in(live, rule, share, row)
                if row is not None and found is None:
                    return None
                if found is not None:
                    _count(kept, share, found, sign)
                    touched |= set(found[0])
    board = live.boards[rule.head.key]
    rows = [row for label in sorted({label for _, label in touched}) for row in board.where("period", label)]
    fresh = _findings(live, rule, kept, rows, touched)
    if fresh is None:
        return None
    out = []
    for row in rows:
        new = fresh.get(row["id"], row)
        if new != row:
            board.put(row["id"], new)
            out.append(Change(row, new))
    return out


def carry(live: Live, rule: Rule) -> None:
    """Begins to carry counts along for a rule that was assessed whole, if it has a quick way."""
    name = ("shares", rule.head.key)
    if live.quick.get(name) is False:
        return
    shares = shares_of(rule)
    if shares is None or not isinstance(rule, Scoring | Target):
        live.quick[name] = False
        return
    try:
        live.quick[name] = carried(live, rule, shares) or False
    except KeyError:  # bands or rewards read what plain arithmetic does not have
        live.quick[name] = False


def _findings(
    live: Live, rule: Scoring | Target, kept: Shares, rows: Sequence[Row], touched: set[Key] | None
) -> dict[str, Row] | None:
    """By id, the findings of the keys `touched` (None: all) and those whose rank they change, as the counts have them;
    None where one is beyond the quick way."""
    found: dict[str, Row] = {}
    if isinstance(rule, Target):
        for row in rows:
            if touched is None or (row["holder"], row["period"]) in touched:
                new = _target(live, rule, row, kept)
                if new is None:
                    return None
                found[row["id"]] = new
        return found
    points: dict[str, Points] = {}

    def scored_anew(row: Row) -> Points | None:
        key = (row["holder"], row["period"])
        if row["id"] not in points:
            if key not in kept.rest:
                return None
            made = points_of(live, rule, kept.rest[key], {s.name: _value(kept, s, key) for s in kept.shares})
            if made is None:
                return None
            points[row["id"]] = made
        return points[row["id"]]

    for label in {row["period"] for row in rows}:
        some = [row for row in rows if row["period"] == label]
        values: dict[str, int | None] = {}
        for row in some:
            if touched is None or (row["holder"], label) in touched:
                now = scored_anew(row)
                if now is None:
                    return None
                values[row["id"]] = now.low if now.low == now.high else None
            else:
                values[row["id"]] = row["value_low"] if row["value_low"] == row["value_high"] else None
        place = ranks(rule, values)
        for row in some:
            if row["id"] not in points and place[row["id"]] == row["rank"]:
                continue
            now = scored_anew(row)
            new = None if now is None else finding(
                live, rule, kept.rest[row["holder"], label], now, place[row["id"]], row
            )  # fmt: skip
            if new is None:
                return None
            found[row["id"]] = new
    return found


def _value(kept: Shares, share: Share, key: Key) -> Fraction | None:
    n, m = kept.counts[share.name].get(key, (0, 0))
    return Fraction(m, n) if n else None


def _target(live: Live, rule: Target, row: Row, kept: Shares) -> Row | None:
    assert rule.reach is not None and rule.every is not None
    value = _value(kept, kept.shares[0], (row["holder"], row["period"]))
    over = row["due"] <= live.as_of
    env: dict[str, Any] = {"f.it": None if value is None else (value, value)}
    day = period_of(local_day(row["start"], live.program.zone), rule.every).start
    if not params_into(live, env, day, rule.reach.cond):
        return None
    yes = holds(rule.reach.cond, env)
    if over and yes is None:
        return None
    status = "on-course" if not over else "reached" if yes else "missed"
    scaled = None if value is None else to_scaled(rounded(value, 6))
    return {**row, "value_low": scaled, "value_high": scaled, "status": status, "missing": []}
