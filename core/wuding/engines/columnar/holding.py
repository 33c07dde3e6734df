"""Who acted in a role: posts, deputies, and how far a role sees (semantics 15, 15a, 15b)."""

from __future__ import annotations

import polars as pl

from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import FAR
from wuding.engines.columnar.facts import facts_of
from wuding.engines.columnar.places import holds_on
from wuding.program.model import Program

DEPUTIES = ("A", "B")


def in_role(ctx: Context, rows: pl.DataFrame, by: tuple[str, ...], grid: str, subject: str, day: str) -> pl.Series:
    """For each row, in three values: did its `actor` act in one of the roles for the grid and subject named
    in these columns, on that day? Unknown without an actor."""
    frame = rows.select(pl.col("actor"), g=grid, s=subject, d=day).with_row_index("_row")
    if by == ("self",):
        itself = pl.coalesce("s", "g")
        return frame.select((pl.col("actor") == itself).alias("by")).to_series()
    posts = ctx.memo(("acting", by), lambda: acting_posts(ctx, by))
    hits = []
    for key in ("grid", None):
        some = posts.filter(pl.col("grid").is_null() if key is None else pl.col("grid").is_not_null())
        if some.is_empty():
            continue
        found = (
            frame.join(some.drop("grid"), left_on="actor", right_on="person")
            if key is None
            else frame.join(some, left_on=["actor", "g"], right_on=["person", "grid"])
        )
        right = pl.col("subject").is_null() | (pl.col("subject") == pl.col("s")).fill_null(False)
        hits.append(found.filter(right & holds_on(pl.col("d"))).select("_row"))
    acted = pl.concat(hits).unique() if hits else frame.select("_row").clear()
    answer = frame.join(acted.with_columns(yes=pl.lit(True)), on="_row", how="left", maintain_order="left")
    return answer.select(
        pl.when(pl.col("actor").is_null()).then(None).otherwise(pl.col("yes").fill_null(False)).alias("by")
    ).to_series()


def acted_for(ctx: Context, deeds: pl.DataFrame, by: tuple[str, ...], kind: str) -> pl.Series:
    """For each deed (`actor on grid subject`), in three values: was it done in one of the roles, at the grid or
    subject concerned? That is the `own` grid and `about` subject of whom it is asked for, a thing of `kind` (15)."""
    if by == ("self",):  # 15b: a post is its person
        if kind == "post":
            return deeds["actor"] == deeds["person"]
        return in_role(ctx, deeds, by, "own", "about", "on")
    if kind == "subject":
        deeds = _moved(ctx, deeds)
    return in_role(ctx, deeds.with_columns(_s=pl.coalesce("about", "subject")), by, "own", "_s", "on")


def _moved(ctx: Context, deeds: pl.DataFrame) -> pl.DataFrame:
    """The deeds with `own`, the grid in which the subject was on that day (that of the deed where it was nowhere)."""
    frames = [f.select("id", "grid", "start", "end") for f in ctx.snap.subjects.values()]
    changing = [f.filter(pl.col("id").is_duplicated() | pl.col("start").is_not_null() | pl.col("end").is_not_null())
                for f in frames]  # fmt: skip
    some = pl.concat(changing) if changing else None
    if some is None or some.is_empty():
        return deeds
    rows = deeds.with_row_index("_deed")
    there = rows.join(some.rename({"grid": "there"}), left_on="about", right_on="id").filter(holds_on(pl.col("on")))
    there = there.unique("_deed").select("_deed", "there")
    changes = pl.col("about").is_in(some.get_column("id").unique().implode())
    rows = rows.join(there, on="_deed", how="left", maintain_order="left")
    own = pl.when(changes).then(pl.coalesce("there", "grid")).otherwise("own")
    return rows.with_columns(own=own).drop("_deed", "there")


def acting_posts(ctx: Context, roles: tuple[str, ...]) -> pl.DataFrame:
    """`person grid subject start end`: for which grid (null: every one) or subject (null: any) somebody may act in one
    of the roles, and when. A post at a subject counts for that subject wherever it is (15)."""
    posts = ctx.snap.posts.filter(pl.col("role").is_in(roles))
    principals = posts.filter(~pl.col("capacity").is_in(DEPUTIES))
    acting = pl.concat([principals, _acting_deputies(ctx, posts)], how="vertical")
    found = []
    for (role,), group in acting.group_by("role"):
        sees = ctx.program.domain.roles[str(role)].sees if str(role) in ctx.program.domain.roles else "own"
        group = group.select("person", "grid", "subject", "start", "end")
        of_subject = pl.col("subject").is_not_null()
        found.append(group.filter(of_subject).with_columns(grid=pl.lit(None, pl.String)))
        group = group.filter(~of_subject)
        if sees == "all":
            group = group.with_columns(grid=pl.lit(None, pl.String))
        elif sees == "subtree":
            below = ctx.ancestors.select("ancestor", below="grid", s="start", e="end")
            group = (
                group.join(below, left_on="grid", right_on="ancestor")
                .with_columns(start=pl.max_horizontal("start", "s"), end=pl.min_horizontal("end", "e"))
                .select("person", grid="below", subject="subject", start="start", end="end")
            )
        found.append(group)
    if not found:
        return posts.select("person", "grid", "subject", "start", "end").clear()
    return pl.concat(found)


def may_act(program: Program, here: pl.Expr) -> pl.Expr:
    """Of the posts those who may act at grids of which `here` says by `grid` that they, or what lies above them, are
    looked at: also from a post at a subject, which may have moved, or in a role that sees all grids."""
    seeing = [name for name, role in program.domain.roles.items() if role.sees == "all"]
    return here | pl.col("subject").is_not_null() | pl.col("role").is_in(seeing)


def _acting_deputies(ctx: Context, posts: pl.DataFrame) -> pl.DataFrame:
    """The posts of deputies, cut to the days on which they act: an A when no principal is present, a B when no A is
    either."""
    deputies = posts.filter(pl.col("capacity").is_in(DEPUTIES))
    if deputies.is_empty():
        return deputies
    away: dict[str, list[tuple[int, int]]] = {}
    for person, start, end in facts_of(ctx, "absence").select("f.person", "f.from", "f.to").iter_rows():
        if person is not None and start is not None:
            away.setdefault(person, []).append((start, FAR if end is None else end + 1))
    key = ["role", "grid", "subject"]
    places = deputies.select(key).unique()
    rows = posts.join(places, on=key, how="semi", nulls_equal=True).iter_rows(named=True)
    held: dict[tuple[str, str, str | None], list[dict[str, object]]] = {}
    for row in rows:
        held.setdefault((row["role"], row["grid"], row["subject"]), []).append(row)
    acting = [
        {**post, "start": None if s == -FAR else s, "end": None if e == FAR else e}
        for group in held.values()
        for post in group
        if post["capacity"] in DEPUTIES
        for s, e in _free_days(post, group, away)
    ]
    return pl.DataFrame(acting, schema=posts.schema)


def _days(post: dict[str, object]) -> tuple[int, int]:
    start, end = post["start"], post["end"]
    return (start if isinstance(start, int) else -FAR), (end if isinstance(end, int) else FAR)


def _free_days(
    post: dict[str, object], group: list[dict[str, object]], away: dict[str, list[tuple[int, int]]]
) -> list[tuple[int, int]]:
    """The days of a deputy's post less those on which somebody before it in line is present."""
    before = ("principal",) if post["capacity"] == "A" else ("principal", "A")
    free = [_days(post)]
    for other in group:
        if other["capacity"] in before:
            for present in subtract([_days(other)], away.get(str(other["person"]), [])):
                free = subtract(free, [present])
    return free


def subtract(spans: list[tuple[int, int]], others: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The half-open spans less the others."""
    for start, end in others:
        spans = [piece for s, e in spans for piece in ((s, min(e, start)), (max(s, end), e)) if piece[0] < piece[1]]
    return spans


def holders_of_role(
    ctx: Context, rows: pl.DataFrame, role: str, grid: str, subject: str | None, day: str
) -> pl.DataFrame:
    """The rows' index `_row` with `persons`, the sorted list of who holds the role there on that day."""
    posts = ctx.snap.posts.filter(pl.col("role") == role)
    frame = rows.select(g=grid, s=pl.col(subject) if subject else pl.lit(None, pl.String), d=day).with_row_index("_row")
    parts = []
    at_subject = pl.col("subject").is_not_null()
    for place, key, here in (("g", "grid", ~at_subject), ("s", "subject", at_subject))[: 2 if subject else 1]:
        there = posts.filter(here).select("person", "start", "end", _place=key)
        parts.append(frame.join(there, left_on=place, right_on="_place").filter(holds_on(pl.col("d"))))
    found = pl.concat([part.select("_row", "person") for part in parts])
    return found.group_by("_row").agg(persons=pl.col("person").unique().sort())
