"""Cases: which openings make which case and episode, and what belongs to it (E1, E2, E7)."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from wuding.assess.frame import oldest_names, with_ids
from wuding.assess.veto import _as_findings
from wuding.engines.columnar.context import Context, where
from wuding.engines.columnar.counterparts import candidates
from wuding.engines.columnar.counting import counted_columns
from wuding.engines.columnar.days import valid_days
from wuding.engines.columnar.holding import in_role
from wuding.engines.columnar.index import case_key
from wuding.engines.columnar.match import match
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.places import in_book
from wuding.engines.columnar.scope import listed
from wuding.engines.columnar.things import judged, possible, shared, with_lacks
from wuding.lang.nodes import Or
from wuding.program.model import Escalation, Selector


def openings(ctx: Context, rule: Escalation) -> pl.DataFrame:
    """Every opening: `case grid subject actor at home certain lacks_ k` (its row number) and its fields `f.*`."""
    sel = rule.opens
    rows = candidates(ctx, sel).with_columns(pday="on", **{"a.grid": "grid"})
    cond = shared(sel)
    if cond is not None:
        rows = with_params(ctx, rows, params_in(cond), "pday")
        rows = judged(ctx, rows, cond, "ok2").with_columns(ok=pl.col("ok") & pl.col("ok2"))
    if sel.by:
        rows = rows.with_columns(ok=pl.col("ok") & in_role(ctx, rows, sel.by, "grid", "subject", "on"))
    rows = in_book(ctx, possible(rows), "home")
    valid_from, valid_to = valid_days(ctx, rule.head.valid_from, rule.head.valid_to)
    rows = where(rows, pl.col("home").is_between(valid_from, valid_to, closed="left"))
    rows = with_case(ctx, rule, rows)
    if ctx.scope is not None:
        rows = rows.filter(pl.col("case").is_in(listed(ctx.scope.cases).implode()))
    if sel.source == "finding":
        rows = rows.with_columns(seq=pl.int_range(pl.len(), dtype=pl.Int64))
    fields = [c for c in rows.columns if c.startswith("f.") and not c.startswith("f.__")]
    rows = with_lacks(rows.with_columns(certain=pl.col("ok").fill_null(False)), sel.when, sel.by)
    return rows.select(
        "case", "grid", "subject", "actor", "at", "home", "seq", *fields,
        "certain", "lacks_",
    )  # fmt: skip


def with_case(ctx: Context, rule: Escalation, rows: pl.DataFrame) -> pl.DataFrame:
    """The openings with the name of their `case`: its key fields, else the opening's own (a fact's sequence, a
    finding's id)."""
    if rule.opens.source == "finding":
        own = with_ids(_as_findings(rows), ctx.program.book, oldest_names(ctx.program)).get_column("id")
    else:
        own = rows.get_column("seq").cast(pl.String)
    if not rule.case:
        return rows.with_columns(case=own)
    return rows.with_columns(case=pl.coalesce(case_key(rule.case), own))


def episode_frame(opened: pl.DataFrame, after: pl.DataFrame | None) -> pl.DataFrame:
    """The opening row of each case's next episode: the first certain opening, later than the closings `after` (case
    closed)."""
    rows = where(opened, pl.col("certain"))
    if after is not None:
        rows = rows.join(after, on="case").filter(pl.col("at") > pl.col("closed")).drop("closed")
    moments = rows.get_column("at")
    if not (moments.is_sorted() and moments.n_unique() == rows.height):
        rows = rows.sort("at", "seq")
    if not rows.get_column("case").is_duplicated().any():
        return rows
    return rows.unique("case", keep="first", maintain_order=True)


def belonging(ctx: Context, rule: Escalation, sel: Selector, cases: pl.DataFrame, first: bool) -> pl.DataFrame:
    """What of the selector belongs to the cases: `ask at home certain lacks_ early`.

    `cases` has `ask`, the case's `grid subject`, its opening `open` and key fields `h.*`. In the first episode of
    a keyed case what is dated before the opening counts as at the opening."""
    if rule.case and sel.same is None and sel.source == "fact":
        sel = replace(sel, same=rule.case)
        keyed = True
    else:
        keyed = sel.same is not None
    if sel.source == "fact" and not set(sel.same or ()) <= _fields_of_all(ctx, sel) | {"grid", "subject", "actor"}:
        # A fact without the case's key belongs to no case; a book that awaits one is refused (WD319).
        sel = replace(sel, same=("grid",), when=Or(()), having=(), lacking=(), by=())
    rows = with_lacks(match(ctx, sel, cases, "fact", wanted=counted_columns(sel)), sel.when, sel.by)
    rows = rows.select("ask", "at", "home", "certain", "lacks_", "grid").join(
        cases.select("ask", "open", "until"), on="ask"
    )
    before = pl.col("at") < pl.col("open")
    if first and keyed:
        rows = rows.with_columns(early=before, at=pl.max_horizontal("at", "open"))
    else:
        rows = rows.filter(~before).with_columns(early=pl.lit(False))
    return rows.filter(pl.col("until").is_null() | (pl.col("at") < pl.col("until")))


def _fields_of_all(ctx: Context, sel: Selector) -> set[str]:
    return set.intersection(*[set(ctx.program.domain.facts[n].fields) for n in sel.names])


def paused_until(rows: pl.DataFrame, spans: dict[int, list[tuple[int, int]]]) -> pl.Series:
    """The limits `due` moved later by the time paused between `anchor` and the limit (E7)."""

    def moved(ask: int, anchor: int | None, limit: int | None) -> int | None:
        if anchor is None or limit is None:
            return limit
        for start, end in spans.get(ask, ()):
            begin = max(start, anchor)
            if begin < limit and end > begin:
                limit += end - begin
        return limit

    values = [moved(*row) for row in rows.select("ask", "anchor", "due").iter_rows()]
    return pl.Series("due", values, dtype=pl.Int64)


def pauses_of(
    ctx: Context, rule: Escalation, cases: pl.DataFrame, first: bool, early: list[pl.DataFrame]
) -> dict[int, list[tuple[int, int]]]:
    """The united pauses of each case, in order; one that was not ended lasts to `as_of`."""
    if rule.pauses is None:
        return {}
    stops, resumes = (belonging(ctx, rule, s, cases, first) for s in rule.pauses)
    early += [f.filter("early").select("ask").unique() for f in (stops, resumes)]
    marks: dict[int, list[tuple[int, int]]] = {}
    for frame, sign in ((stops, 0), (resumes, 1)):
        for ask, at in frame.filter("certain").select("ask", "at").iter_rows():
            marks.setdefault(ask, []).append((at, sign))
    found: dict[int, list[tuple[int, int]]] = {}
    for ask, events in marks.items():
        begun: int | None = None
        for at, sign in sorted(events):
            if sign == 0 and begun is None:
                begun = at
            elif sign == 1 and begun is not None:
                found.setdefault(ask, []).append((begun, at))
                begun = None
        if begun is not None:
            found.setdefault(ask, []).append((begun, ctx.as_of))
    return found
