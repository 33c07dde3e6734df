"""Why a patrol was met, missed or is due; and what would meet it."""

from __future__ import annotations

import polars as pl

from wuding.assess.obligations import asked_by_period, holders
from wuding.engines.columnar.match import match
from wuding.engines.columnar.things import conjuncts, judged
from wuding.explain.evidence import cells_of, evidence
from wuding.explain.model import Part
from wuding.explain.scene import Scene
from wuding.program.model import Patrol, Selector

Told = tuple[list[Part], list[str]]


def patrol(at: Scene) -> Told:
    rule = at.rule
    assert isinstance(rule, Patrol)
    if rule.must is not None:
        return _must(at, rule), []
    return _stretch(at, rule) if rule.apart is not None else _periodic(at, rule)


def _periodic(at: Scene, rule: Patrol) -> Told:
    assert rule.do is not None and rule.every is not None
    row, kind = at.row, rule.holders.source
    asked = asked_by_period(at.ctx, rule.head, rule.holders, rule.every, rule.during, rule.excluded, rule.partial)
    asked = asked.filter((pl.col("holder") == row["holder"]) & (pl.col("label") == row["period"]))
    said = [
        at.say(
            "patrol.period",
            holder=at.holder,
            period=row["period"],
            start=at.day(row["start"]),
            end=at.last_day(row["end"]),
        ),
    ]
    if row["low"] is not None:
        said.append(at.say("patrol.count", count=at.span(row["low"], row["high"]), needed=row["needed"]))
    key = f"skipped-{rule.partial}" if row["status"] == "skipped" else row["status"]
    said.append(at.say(f"patrol.{key}"))
    parts, links = evidence(at, rule.do, asked, kind, rule.every)
    parts = [at.part("asked", said), *parts]
    if row["status"] in ("missed", "due", "undetermined", "waived"):
        parts.append(_remedy(at, rule, asked, kind))
    return parts, links


def _remedy(at: Scene, rule: Patrol, asked: pl.DataFrame, kind: str) -> Part:
    """What would have met it, or still can; and the deeds nearest to the period."""
    assert rule.do is not None
    row = at.row
    done, needed = int(row["low"] or 0), int(row["needed"] or 1)
    over = row["end"] is not None and row["end"] <= at.ctx.as_of
    key = "patrol.would-have" if over else "patrol.can-still"
    things = at.words.selector(rule.do, rule.holders)
    said = [
        at.say(key, count=max(needed - done, 0), things=things, holder=at.holder, start=at.moment(row["start"]),
               end=at.moment(row["end"]))
    ]  # fmt: skip
    always = asked.drop("pstart")  # any time
    rows = match(at.ctx, rule.do, always, kind).filter("certain")
    if "at" in rows.columns and row["start"] is not None:
        before = rows.filter(pl.col("at") < row["start"]).sort("at").tail(1)
        after = rows.filter(pl.col("at") >= row["end"]).sort("at").head(1)
        for name, some in (("before", before), ("after", after)):
            if some.is_empty():
                said.append(at.say(f"patrol.none-{name}"))
            else:
                cells = cells_of(at, rule.do, some)[0]
                said.append(at.say(f"patrol.{name}", thing=_named(at, rule.do, cells[0]), at=at.moment(some["at"][0])))
    return at.part("remedy", said)


def _named(at: Scene, sel: Selector, name: str) -> str:
    return at.say("words.fact-number", seq=name) if sel.source == "fact" else name


def _must(at: Scene, rule: Patrol) -> list[Part]:
    """Each part of the condition, held against the fact."""
    assert rule.must is not None
    rows = holders(at.ctx, rule.holders).filter(pl.col("holder") == at.row["holder"])
    facts = rows.with_columns(**{"f." + c[2:]: pl.col(c) for c in rows.columns if c.startswith("h.")})
    facts = facts.with_columns(pday="start", home="start", recorded=pl.lit(None, pl.Int64))
    shown = at.part("fact", (), ("seq", "at", "what", "who", "where", "fields"), cells_of(at, rule.holders, facts))
    lines = []
    for cond in conjuncts(rule.must):
        from wuding.engines.columnar.params import params_in, with_params

        judged_rows = judged(at.ctx, with_params(at.ctx, facts, params_in(cond), "pday"), cond, "_ok")
        yes = judged_rows["_ok"].to_list()[0] if len(judged_rows) else None
        answer = at.say("words.unknown" if yes is None else "words.yes" if yes else "words.no")
        lines.append((at.words.condition(cond, rule.holders), answer))
    return [shown, at.part("conditions", (), ("condition", "holds"), lines)]


def _stretch(at: Scene, rule: Patrol) -> Told:
    """From one deed to the next: how long it may take, and how long it took."""
    assert rule.do is not None and rule.apart is not None
    row = at.row
    asked = holders(at.ctx, rule.holders).filter(pl.col("holder") == row["holder"]).sort("start").head(1)
    asked = asked.with_row_index("ask")
    said = [
        at.say(
            "patrol.stretch", start=at.moment(row["start"]), limit=at.words.limit(rule.apart), due=at.moment(row["due"])
        )
    ]
    said.append(
        at.say("patrol.ended", at=at.moment(row["end"])) if row["status"] == "met" else at.say("patrol.not-ended")
    )
    loose = Selector(rule.do.source, rule.do.names, same=rule.do.same)
    end = row["end"] if row["end"] is not None else at.ctx.as_of
    near = (
        match(at.ctx, loose, asked, rule.holders.source).filter(pl.col("at").is_between(row["start"], end)).sort("at")
    )
    sure = set(at.names_of(match(at.ctx, rule.do, asked, rule.holders.source).filter("certain"), rule.do))
    mine = pl.Series([name in sure for name in at.names_of(near, rule.do)], dtype=pl.Boolean)
    parts = [at.part("asked", said)]
    columns = ("seq", "at", "what", "who", "where", "fields")
    kept, rest = near.filter(mine), near.filter(~mine)
    parts.append(at.part("counted", (), columns, cells_of(at, rule.do, kept)))
    if not rest.is_empty():
        from wuding.explain.evidence import why_not

        lines = zip(cells_of(at, rule.do, rest), why_not(at, rule.do, rest), strict=True)
        parts.append(at.part("not-counted", (), (*columns, "why"), [(*cells, why) for cells, why in lines]))
    if row["status"] in ("missed", "due"):
        things = at.words.selector(rule.do, rule.holders)
        parts.append(
            at.part("remedy", [at.say("patrol.by-then", things=things, holder=at.holder, due=at.moment(row["due"]))])
        )
    return parts, []
