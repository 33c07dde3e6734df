"""The charter of a grid (五定责任书), derived: area from the tree, persons from posts, duties from roles, tasks from
patrol rules, reward and penalty from scoring and veto rules; and what is not fixed yet."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from wuding.assess.check import check
from wuding.assess.obligations import holders
from wuding.domain.period import to_date
from wuding.engines.base import Snapshot
from wuding.engines.columnar.context import Context, open_context
from wuding.program import sentences
from wuding.program.model import Charter, Patrol, Program, Rule, Scoring, Selector, Veto
from wuding.program.words import Words
from wuding.report.model import CharterPage, Clause, Lack, Seat

KM2 = 1_000_000  # square metres


def governs(program: Program, snap: Snapshot, grid: str) -> bool:
    """Does the book govern the grid on the day of the snapshot?"""
    if program.grid is None:
        return True
    ctx = open_context(program, snap)
    up = _standing(ctx, ctx.ancestors.filter(pl.col("grid") == grid))
    return program.grid in up["ancestor"].to_list()


def charter_page(program: Program, snap: Snapshot, grid: str, lang: str) -> CharterPage:
    """The charter of a grid that stands on the snapshot's day, under one book, in `zh` or `en`."""
    ctx = open_context(program, snap)
    words = Words(program, lang, ctx.today_end - 1)
    own = _standing(ctx, snap.grids.filter(pl.col("code") == grid)).row(0, named=True)
    posts = _posts(ctx, grid)
    below = _subjects_in(ctx, grid)
    return CharterPage(
        grid=grid,
        name=own["name"],
        level=words.level(own["level"]),
        book=program.book,
        book_title=words.label(program.title),
        domain=words.label(program.domain.label),
        as_of=to_date(ctx.today_end - 1).isoformat(),
        lang=lang,
        area=tuple(_area(ctx, words, own, below)),
        persons=tuple(_seats(words, posts)),
        duties=tuple(_duties(ctx, words, grid, posts)),
        tasks=tuple(_tasks(ctx, words, grid, below)),
        rewards=tuple(_rewards(ctx, words, grid, own["level"])),
        gaps=tuple(_gaps(program, snap, words, grid)),
    )


def _standing(ctx: Context, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that hold on the last day that has begun."""
    day = ctx.today_end - 1
    begun = pl.col("start").is_null() | (pl.col("start") <= day)
    return frame.filter(begun & (pl.col("end").is_null() | (pl.col("end") > day)))


# ── area and persons ─────────────────────────────────────────────────────────────────────────────
def _area(ctx: Context, words: Words, own: dict[str, object], below: pl.DataFrame) -> list[tuple[str, str]]:
    grids = _standing(ctx, ctx.snap.grids)
    names = dict(zip(grids["code"], grids["name"], strict=True))
    told = [(words.say("field.code"), str(own["code"])), (words.say("field.level"), words.level(str(own["level"])))]
    kinds = own["kinds"]
    if isinstance(kinds, list) and kinds:
        told.append((words.say("field.kinds"), words.joined([str(kind) for kind in kinds], "list")))
    parent = own["parent"]
    if isinstance(parent, str):
        told.append((words.say("field.parent"), words.say("words.named", code=names.get(parent, parent), name=parent)))
    inside = grids.filter(pl.col("parent") == own["code"])
    for level, count in inside.group_by("level", maintain_order=True).len().iter_rows():
        told.append((words.say("report.below"), words.say("report.count", count=count, things=words.level(level))))
    kinds_of = below.group_by("type", maintain_order=True).len().sort("len", descending=True)
    listed = [words.say("report.count", count=n, things=words.thing(type_)) for type_, n in kinds_of.iter_rows()]
    if listed:
        told.append((words.say("report.subjects"), words.joined(listed, "list")))
    told.append((words.say("report.boundary"), _boundary(ctx, words, str(own["code"]))))
    return told


def _boundary(ctx: Context, words: Words, code: str) -> str:
    shape = ctx.snap.boundaries.get(code)
    if shape is None:
        return words.say("report.no-boundary")
    import shapely

    from wuding.assess.partition import areas_m2

    return words.say("report.km2", area=f"{areas_m2([shapely.from_wkb(shape)])[0] / KM2:,.2f}")


def _subjects_in(ctx: Context, grid: str) -> pl.DataFrame:
    """The subjects of the grid and of all below it: `id type`."""
    inside = _standing(ctx, ctx.ancestors.filter(pl.col("ancestor") == grid)).select("grid")
    frames = [
        _standing(ctx, frame).join(inside, on="grid", how="semi").select("id", "type")
        for frame in ctx.snap.subjects.values()
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema={"id": pl.String, "type": pl.String})


def _posts(ctx: Context, grid: str) -> pl.DataFrame:
    here = ctx.snap.posts.filter((pl.col("grid") == grid) & pl.col("subject").is_null())
    return _standing(ctx, here).filter(pl.col("role").is_in(list(ctx.program.domain.roles)))


def _seats(words: Words, posts: pl.DataFrame) -> list[Seat]:
    order = {name: i for i, name in enumerate(words.program.domain.roles)}
    rows = sorted(
        posts.iter_rows(named=True), key=lambda p: (order[p["role"]], p["capacity"] in ("A", "B"), p["person"])
    )
    return [
        Seat(
            words.role(p["role"]),
            p["person"],
            words.word("capacity", p["capacity"]),
            "" if p["start"] is None else to_date(p["start"]).isoformat(),
        )
        for p in rows
    ]


def _duties(ctx: Context, words: Words, grid: str, posts: pl.DataFrame) -> list[tuple[str, tuple[str, ...]]]:
    """The duties of every role that is held here, or that a charter rule asks for here."""
    asked = {
        name
        for rule in ctx.program.rules
        if isinstance(rule, Charter) and rule.kind == "seat" and rule.of is not None and _selects(ctx, rule, grid)
        for name in rule.of.names
    }
    known = asked | set(posts["role"].to_list())
    roles = [role for role in ctx.program.domain.roles.values() if role.name in known]
    return [(words.role(role.name), tuple(words.duty(d) for d in role.duties)) for role in roles]


# ── tasks, reward and penalty ────────────────────────────────────────────────────────────────────
def _selected(ctx: Context, sel: Selector) -> set[str]:
    """Whom a rule's `for` selects today."""
    found: set[str] = set(_standing(ctx, holders(ctx, sel))["holder"].to_list())
    return found


def _selects(ctx: Context, rule: Charter | Patrol | Scoring, grid: str) -> bool:
    return rule.holders.source == "grid" and not rule.head.trial and grid in _selected(ctx, rule.holders)


def _tasks(ctx: Context, words: Words, grid: str, below: pl.DataFrame) -> list[Clause]:
    """What must be done in the grid itself, and for the subjects inside it."""
    told = []
    inside = set(below["id"].to_list())
    for rule in ctx.program.rules:
        if not isinstance(rule, Patrol) or rule.head.trial:
            continue
        said = sentences.requirement(words, rule)
        if _selects(ctx, rule, grid):
            told.append(_clause(words, rule, said))
        elif rule.holders.source == "subject" and (count := len(_selected(ctx, rule.holders) & inside)):
            told.append(_clause(words, rule, [words.say("report.for-subjects", count=count), *said]))
    return told


def _rewards(ctx: Context, words: Words, grid: str, level: str) -> list[Clause]:
    told = []
    for rule in ctx.program.rules:
        if isinstance(rule, Scoring) and _selects(ctx, rule, grid):
            told.append(_clause(words, rule, [*sentences.requirement(words, rule), *sentences.rewards(words, rule)]))
        elif isinstance(rule, Veto) and not rule.head.trial and rule.strikes == level:
            told.append(_clause(words, rule, sentences.requirement(words, rule)))
    return told


def _clause(words: Words, rule: Rule, said: list[str]) -> Clause:
    return Clause(_title(words, rule), tuple(said), rule.head.clauses)


def _title(words: Words, rule: Rule) -> str:
    title = words.label(rule.head.title)
    return words.say("words.named", code=title, name=rule.head.variant) if rule.head.variant else title


# ── gaps ─────────────────────────────────────────────────────────────────────────────────────────
def _gaps(program: Program, snap: Snapshot, words: Words, grid: str) -> list[Lack]:
    """What the charter rules find missing at the grid today."""
    rules = {rule.head.key: rule for rule in program.rules}
    wanted = {key for key, rule in rules.items() if isinstance(rule, Charter) and not rule.head.trial}
    todo = list(wanted)
    while todo:  # and the rules whose findings they read
        more = [key for key in program.uses.get(todo.pop(), ()) if key in rules and key not in wanted]
        wanted.update(more)
        todo += more
    found = check(replace(program, rules=tuple(r for r in program.rules if r.head.key in wanted)), snap)
    open_now = (pl.col("status") == "gap") & pl.col("end").is_null()
    rows = found.filter(
        (pl.col("section") == "charter")
        & ~pl.col("trial")
        & (pl.col("grid") == grid)
        & (open_now | (pl.col("status") == "undetermined"))
    )
    titles = {(r.head.id, r.head.variant): _title(words, r) for r in program.rules}
    about = {row["id"]: _about(words, row, titles[row["rule"], row["variant"]]) for row in rows.iter_rows(named=True)}
    return [
        Lack(r["id"], about[r["id"]], r["status"], r["period"], r["days"], tuple(r["missing"] or ()))
        for r in rows.sort("status", "start").iter_rows(named=True)
    ]


def _about(words: Words, row: dict[str, object], title: str) -> str:
    """The rule's title, with the subject or post that it is about."""
    return title if row["holder_kind"] == "grid" else words.say("words.named", code=title, name=row["holder"])
