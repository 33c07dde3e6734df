"""Why something is fixed, or since when there is a gap."""

from __future__ import annotations

import polars as pl

from wuding.assess.obligations import holders
from wuding.assess.seats import seated
from wuding.domain.instants import local_day
from wuding.domain.period import to_date
from wuding.engines.columnar.match import match
from wuding.engines.columnar.things import conjuncts, judged
from wuding.explain.evidence import counted, days, evidence
from wuding.explain.model import Part
from wuding.explain.scene import Scene
from wuding.program.model import Charter

Told = tuple[list[Part], list[str]]


def charter(at: Scene) -> Told:
    rule = at.rule
    assert isinstance(rule, Charter)
    row = at.row
    asked = _asked(at, rule)
    said = [at.say(f"charter.{row['status']}")] if row["status"] in ("fixed", "undetermined") else []
    if row["status"] in ("gap", "waived", "overturned") and row["days"] is not None:
        key = "charter.gap-open" if row["end"] is None else "charter.gap-over"
        said.append(at.say(key, start=row["period"], end=at.last_day(row["end"]), days=row["days"]))
    if row["low"] is not None:
        needed = at.words.test(rule.be) if rule.be else at.say("charter.at-least-one")
        said.append(at.say("charter.count", day=_day(at, asked), count=at.span(row["low"], row["high"]), needed=needed))
    parts = [at.part("asked", said)] if said else []
    match rule.kind:
        case "seat":
            return [*parts, *_seat(at, rule, asked)], []
        case "have" | "count":
            assert rule.of is not None
            subtree = rule.kind == "count" and rule.of.within != "self"
            found, links = evidence(at, rule.of, asked, rule.holders.source, None, subtree)
            return [*parts, *found], links
        case "must":
            return [*parts, _must(at, rule, asked)], []
        case "duties":
            return [*parts, _duties(at, rule, asked)], []
        case "complete":
            return [*parts, _complete(at, rule, asked)], []
        case "partition":
            return [*parts, *_partition(at, rule, asked)], []
    raise ValueError(rule.kind)


def _asked(at: Scene, rule: Charter) -> pl.DataFrame:
    """The holder, asked on the last day of the gap, or today."""
    last = at.ctx.today_end - 1
    if at.row["end"] is not None:
        last = local_day(at.row["end"] - 1, at.zone)
    rows = holders(at.ctx, rule.holders).filter(pl.col("holder") == at.row["holder"]).sort("start").tail(1)
    return rows.with_columns(pday=pl.lit(last, pl.Int32), mday=pl.lit(last, pl.Int32)).with_row_index("ask")


def _on(at: Scene, asked: pl.DataFrame) -> int:
    return int(asked["pday"][0]) if len(asked) else at.ctx.today_end - 1


def _day(at: Scene, asked: pl.DataFrame) -> str:
    return to_date(_on(at, asked)).isoformat()


def _posts(at: Scene, rule: Charter, rows: pl.DataFrame) -> list[tuple[str, ...]]:
    listed = rows.sort("s", nulls_last=False).rename({"s": "start", "e": "end"}).iter_rows(named=True)
    return [
        (row["actor"], at.words.role(row["role"]), at.subject(row["about"]) or at.grid(row["place"]), days(row))
        for row in listed
    ]


def _seat(at: Scene, rule: Charter, asked: pl.DataFrame) -> list[Part]:
    assert rule.of is not None
    columns = ("who", "role", "where", "days")
    on = _on(at, asked)
    parts = []
    roles = rule.of.names
    for kind, deputies in (("seated", False), ("deputies", True)):
        rows = seated(at.ctx, rule, asked, roles, deputies=deputies)
        if "about" not in rows.columns:
            rows = rows.with_columns(about=pl.lit(None, pl.String))
        if "place" not in rows.columns:
            rows = rows.with_columns(place=pl.lit(None, pl.String))
        here = (pl.col("s").is_null() | (pl.col("s") <= on)) & (pl.col("e").is_null() | (pl.col("e") > on))
        said = [] if deputies else [at.say("charter.seated-on", day=_day(at, asked), count=len(rows.filter(here)))]
        if not deputies or (rule.deputy and not rows.is_empty()):
            parts.append(at.part(kind, said, columns, _posts(at, rule, rows)))
    if rule.also:
        parts.append(at.part("notes", [at.say("charter.also", role=at.words.role(rule.also))]))
    return parts


def _must(at: Scene, rule: Charter, asked: pl.DataFrame) -> Part:
    assert rule.must is not None
    rows = asked.with_columns(**{"f." + c[2:]: pl.col(c) for c in asked.columns if c.startswith("h.")})
    lines = []
    for cond in conjuncts(rule.must):
        from wuding.engines.columnar.params import params_in, with_params

        yes = judged(at.ctx, with_params(at.ctx, rows, params_in(cond), "pday"), cond, "_ok")["_ok"].to_list()
        answer = at.say("words.unknown" if not yes or yes[0] is None else "words.yes" if yes[0] else "words.no")
        lines.append((at.words.condition(cond, rule.holders), answer))
    fields = [at.fields(row, rule.holders) for row in rows.iter_rows(named=True)]
    return at.part("conditions", fields[:1], ("condition", "holds"), lines)


def _present(at: Scene, rule: Charter, asked: pl.DataFrame, roles: tuple[str, ...]) -> list[str]:
    """Who holds one of the roles at the holder on the day asked about, deputies too."""
    on = _on(at, asked)
    here = (pl.col("s").is_null() | (pl.col("s") <= on)) & (pl.col("e").is_null() | (pl.col("e") > on))
    found: list[str] = []
    for deputies in (False, True):
        found += seated(at.ctx, rule, asked, roles, deputies=deputies).filter(here)["actor"].to_list()
    return sorted(set(found))


def _duties(at: Scene, rule: Charter, asked: pl.DataFrame) -> Part:
    lines = []
    for duty in rule.duties:
        roles = tuple(r.name for r in at.program.domain.roles.values() if duty in r.duties)
        people = _present(at, rule, asked, roles) if roles else []
        named = at.words.joined([at.words.role(r) for r in roles], "or")
        lines.append((at.words.duty(duty), named, at.words.joined(people, "list") or at.say("charter.nobody")))
    return at.part("duties", (), ("duty", "role", "who"), lines)


def _complete(at: Scene, rule: Charter, asked: pl.DataFrame) -> Part:
    from wuding.assess.charter import in_grids, ruled_spans
    from wuding.assess.spans import GOOD

    domain = at.program.domain
    everyone = _present(at, rule, asked, tuple(domain.roles))
    active = _present(at, rule, asked, tuple(r.name for r in domain.roles.values() if r.duties))
    that_day = asked.with_columns(a="pday", b=pl.col("pday") + 1)
    lines = []
    for thing in rule.complete:
        if thing in ("task", "reward"):
            there = ruled_spans(at.ctx, rule, that_day, thing).get_column("certain").any()
            answer = at.say(f"charter.{thing}-yes" if there else f"charter.{thing}-no")
        elif thing == "area":
            versions = holders(at.ctx, rule.holders).filter(pl.col("holder") == at.row["holder"])
            there = in_grids(at.ctx, that_day, versions).get_column("state").eq(GOOD).any()
            answer = at.grid(at.row["grid"]) if there else at.say("charter.area-no")
        else:
            answer = at.words.joined(everyone if thing == "person" else active, "list")
        lines.append((at.words.word("fixed", thing), answer or at.say("charter.nobody")))
    return at.part("complete", (), ("thing", "answer"), lines)


def _partition(at: Scene, rule: Charter, asked: pl.DataFrame) -> list[Part]:
    from wuding.assess.partition import NOTHING, check_partition

    assert rule.of is not None
    shapes, code = at.ctx.snap.boundaries, at.row["grid"]
    children = match(at.ctx, rule.of, asked, "grid", subtree=True)
    inside = sorted(set(children["id"].to_list()) - {code})
    lacking = [c for c in (code, *inside) if c not in shapes]
    if lacking:
        return [at.part("partition", [at.say("charter.no-boundary", codes=lacking, count=len(lacking))])]
    limits = rule.max_overlap or NOTHING, rule.max_gap or NOTHING
    rows = [
        (at.words.word("piece", p.kind), at.words.joined([at.grid(c) for c in p.codes], "list"), f"{p.area_m2:,.0f}",
         f"{p.lon:.5f}, {p.lat:.5f}", p.reason)
        for p in check_partition(shapes[code], {c: shapes[c] for c in inside}, *limits)
    ]  # fmt: skip
    said = [] if rows else [at.say("charter.tiled", count=len(inside))]
    return [
        counted(at, rule.of, children),
        at.part("partition", said, ("piece", "where", "area", "place", "reason"), rows),
    ]
