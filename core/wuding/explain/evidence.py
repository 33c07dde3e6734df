"""Which things counted, and which were looked at and did not count, and why: asked of the engine itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from wuding.domain.period import Every
from wuding.engines.columnar.conditions import leaves, parts
from wuding.engines.columnar.counterparts import correlated
from wuding.engines.columnar.holding import in_role
from wuding.engines.columnar.links import POPULATIONS
from wuding.engines.columnar.match import match
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.things import conjuncts, judged
from wuding.explain.model import Part
from wuding.explain.scene import ROWS, Scene
from wuding.lang.nodes import Cmp, Cond, Field, OneOf
from wuding.program.model import Selector

COLUMNS = {
    "fact": ("seq", "at", "what", "who", "where", "fields"),
    "finding": ("id", "status", "at", "measured"),
    "grid": ("code", "name", "level"),
    "subject": ("code", "name", "type", "where", "fields"),
    "post": ("who", "role", "where", "capacity", "days"),
}


def evidence(
    at: Scene, sel: Selector, asked: pl.DataFrame, kind: str, every: Every | None, subtree: bool = False
) -> tuple[list[Part], list[str]]:
    """What counted for the one who is asked, and what did not: parts `counted` and `not-counted`; and the ids of
    the findings among what counted."""
    rows = match(at.ctx, sel, asked, kind, every, subtree)
    names = at.names_of(rows, sel)
    looked = _looked_at(at, sel, asked, kind, every, subtree)
    others = _without(looked, at.names_of(looked, sel), set(names))
    found = [counted(at, sel, rows)]
    if not others.is_empty():
        reasons = why_not(at, sel, others)
        lines = [(*cells, reason) for cells, reason in zip(cells_of(at, sel, others), reasons, strict=True)]
        found.append(at.part("not-counted", (), (*COLUMNS[sel.source], "why"), lines))
    return found, names if sel.source == "finding" else []


def counted(at: Scene, sel: Selector, rows: pl.DataFrame) -> Part:
    """The things that count, certainly or possibly; of those that only may, what is not known."""
    rows = _in_order(rows)
    if rows.is_empty():
        return at.part("counted", [at.say("counted.none", things=at.words.selector(sel, _holders(at)))])
    cells = cells_of(at, sel, rows)
    if rows.get_column("certain").all():
        return at.part("counted", (), COLUMNS[sel.source], cells)
    unsure = rows.filter(~pl.col("certain"))
    reasons = iter(why_not(at, sel, unsure))
    notes = [at.say("counted.yes") if sure else next(reasons) for sure in rows.get_column("certain")]
    lines = [(*line, note) for line, note in zip(cells, notes, strict=True)]
    return at.part("counted", (), (*COLUMNS[sel.source], "certain"), lines)


def _holders(at: Scene) -> Selector | None:
    return getattr(at.rule, "holders", None)


def _looked_at(
    at: Scene, sel: Selector, asked: pl.DataFrame, kind: str, every: Every | None, subtree: bool
) -> pl.DataFrame:
    """All things of the names that belong to the one who is asked, whatever they are like."""
    within = sel.within if sel.within in ("self", "subtree") else None
    return match(at.ctx, Selector(sel.source, sel.names, same=sel.same, within=within), asked, kind, every, subtree)


def _without(rows: pl.DataFrame, names: Sequence[str], gone: set[str]) -> pl.DataFrame:
    return _in_order(rows.filter(pl.Series([name not in gone for name in names], dtype=pl.Boolean)))


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    order = [c for c in ("at", "seq", "id") if c in rows.columns]
    return rows.sort(order) if order else rows


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────
def cells_of(at: Scene, sel: Selector, rows: pl.DataFrame) -> list[tuple[str, ...]]:
    """The things as rows of the columns `COLUMNS`."""
    listed = list(rows.iter_rows(named=True))
    if sel.source == "finding":
        return [_finding(at, row, id_) for row, id_ in zip(listed, at.ids(rows), strict=True)]
    make = {"fact": _fact, "grid": _grid, "subject": _subject, "post": _post}[sel.source]
    return [make(at, row, sel) for row in listed]


def _fact(at: Scene, row: dict[str, Any], sel: Selector) -> tuple[str, ...]:
    where = at.subject(row["subject"]) or at.grid(row["grid"])
    what = at.words.thing(sel.names[0]) if len(sel.names) == 1 else _type_of(at, row, sel)
    return str(row["seq"]), at.moment(row["at"]), what, row["actor"] or "", where, at.fields(row, sel)


def _type_of(at: Scene, row: dict[str, Any], sel: Selector) -> str:
    """Which of several types a fact is of: sequences are unique."""
    for name in sel.names:
        from wuding.engines.columnar.facts import facts_of

        if not facts_of(at.ctx, name).filter(pl.col("seq") == row["seq"]).is_empty():
            return at.words.thing(name)
    return ""


def _finding(at: Scene, row: dict[str, Any], id_: str) -> tuple[str, ...]:
    value = row.get("f.score")
    measured = at.cell(value, at.words.fields(Selector("finding")).get("score")) if value is not None else ""
    return id_, at.status(row["f.status"]), at.moment(row["at"]), measured


def _grid(at: Scene, row: dict[str, Any], sel: Selector) -> tuple[str, ...]:
    return row["f.code"], row["f.name"], at.words.level(row["f.level"])


def _subject(at: Scene, row: dict[str, Any], sel: Selector) -> tuple[str, ...]:
    return row["id"], row["f.name"] or "", at.words.thing(row["f.type"]), at.grid(row["grid"]), at.fields(row, sel)


def _post(at: Scene, row: dict[str, Any], sel: Selector) -> tuple[str, ...]:
    where = at.subject(row["subject"]) or at.grid(row["grid"])
    return row["actor"], at.words.role(row["f.role"]), where, at.words.word("capacity", row["f.capacity"]), days(row)


def days(row: dict[str, Any]) -> str:
    """`2024-01-01..`, the last day inclusive."""
    from wuding.domain.period import to_date

    start = "" if row["start"] is None else to_date(row["start"]).isoformat()
    end = "" if row["end"] is None else to_date(row["end"] - 1).isoformat()
    return f"{start}..{end}" if start or end else ""


# ── reasons ──────────────────────────────────────────────────────────────────────────────────────
def why_not(at: Scene, sel: Selector, rows: pl.DataFrame) -> list[str]:
    """For each thing, in words, all that keeps it from counting; empty after the first `ROWS`: only they are shown."""
    rest = [""] * max(len(rows) - ROWS, 0)
    rows = rows.head(ROWS)
    reasons: list[list[str]] = [[] for _ in range(len(rows))]
    for cond in conjuncts(sel.when):
        for i, reason in enumerate(_failed(at, sel, rows, cond)):
            reasons[i] += reason
    if sel.by:
        for i, reason in enumerate(_not_acting(at, sel, rows)):
            reasons[i] += reason
    for other, wanted in [*((o, True) for o in sel.having), *((o, False) for o in sel.lacking)]:
        for i, reason in enumerate(_alone(at, sel, rows, other, wanted)):
            reasons[i] += reason
    return [at.words.joined(found, "semicolon") or at.say("not-counted.other") for found in reasons] + rest


def _failed(at: Scene, sel: Selector, rows: pl.DataFrame, cond: Cond) -> list[list[str]]:
    asked = with_params(at.ctx, rows, params_in(cond), "pday") if "pday" in rows.columns else rows
    try:
        ok = judged(at.ctx, asked, cond, "_ok").get_column("_ok").to_list()
    except pl.exceptions.ColumnNotFoundError:  # a cause has no holder whose fields could be read
        return [[] for _ in range(len(rows))]
    known = at.words.fields(sel)
    names = sorted({t.name for leaf in leaves(cond) if isinstance(leaf, Cmp | OneOf) for t in _fields(leaf)})
    found: list[list[str]] = []
    for yes, row in zip(ok, asked.iter_rows(named=True), strict=True):
        if yes:
            found.append([])
            continue
        here = {n: row.get(_column(n)) for n in names}
        if yes is None:
            lacking = [at.words.label(known[n].label) if n in known else n for n in names if here[n] is None]
            found.append([at.say("not-counted.unknown", fields=at.words.joined(lacking, "list"))])
            continue
        values = [
            at.say("words.field-value", field=at.words.label(known[n].label), value=at.cell(here[n], known[n]))
            for n in names
            if n in known
        ]
        condition = at.words.condition(cond, sel, _holders(at))
        found.append([at.say("not-counted.condition", values=at.words.joined(values), condition=condition)])
    return found


def _fields(leaf: Cmp | OneOf) -> list[Field]:
    terms = [leaf.left, leaf.right] if isinstance(leaf, Cmp) else [leaf.left]
    return [t for term in terms for t in parts(term) if isinstance(t, Field)]


def _column(name: str) -> str:
    from wuding.engines.columnar.conditions import column

    return column(Field(name))


def _not_acting(at: Scene, sel: Selector, rows: pl.DataFrame) -> list[list[str]]:
    grid = "a.grid" if "a.grid" in rows.columns else "grid"
    subject = "a.subject" if "a.subject" in rows.columns else "subject"
    about = pl.col(subject) if sel.by == ("self",) else pl.coalesce(subject, "subject")  # 15: or that of the deed
    acted = in_role(at.ctx, rows.with_columns(_about=about), sel.by, grid, "_about", "home").to_list()
    roles = at.words.joined([at.words.role(r) for r in sel.by], "or")
    found: list[list[str]] = []
    for yes, row in zip(acted, rows.iter_rows(named=True), strict=True):
        if yes:
            found.append([])
        elif yes is None:
            found.append([at.say("not-counted.nobody")])
        else:
            where = at.subject(row[subject]) or at.grid(row[grid])
            held = _held(at, row["actor"], row["home"])
            key = "not-counted.role-held" if held else "not-counted.role"
            found.append([at.say(key, actor=row["actor"], roles=roles, where=where, day=at.day(row["at"]), held=held)])
    return found


def _held(at: Scene, person: str, day: int) -> str:
    """The posts that somebody held on a day."""
    posts = at.ctx.snap.posts.filter(
        (pl.col("person") == person)
        & (pl.col("start").is_null() | (pl.col("start") <= day))
        & (pl.col("end").is_null() | (pl.col("end") > day))
    )
    said = [
        at.say("words.post" if row["capacity"] == "principal" else "words.post-as", role=at.words.role(row["role"]),
               where=at.subject(row["subject"]) or at.grid(row["grid"]),
               capacity=at.words.word("capacity", row["capacity"]))
        for row in posts.iter_rows(named=True)
    ]  # fmt: skip
    return at.words.joined(said, "list")


def _alone(at: Scene, sel: Selector, rows: pl.DataFrame, other: Selector, wanted: bool) -> list[list[str]]:
    """`with` without a counterpart, `without` with one."""
    if sel.source in POPULATIONS and sel.source != "post":
        rows = rows.with_columns(at=pl.lit(at.ctx.as_of))
    marked = rows.with_columns(ok=pl.lit(True)).with_row_index("_mine")
    found = correlated(at.ctx, marked, sel, other, wanted=wanted)
    states = {row["_mine"]: row["ok"] for row in found.select("_mine", "ok").iter_rows(named=True)}
    key = "not-counted.with" if wanted else "not-counted.without"
    said = at.say(key, things=at.words.selector(other))
    unsure = at.say("not-counted.counterpart", things=at.words.selector(other))
    waiting = at.say("not-counted.waiting")
    table = {True: [], False: [said], None: [unsure]}
    return [table[states[i]] if i in states else [waiting] for i in range(len(rows))]
