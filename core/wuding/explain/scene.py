"""What all explanations share: the finding, its rule and program, the engine's context, and how things are said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar

import polars as pl

from wuding.assess.frame import empty, oldest_names, with_ids
from wuding.domain.instants import local_day, show_instant
from wuding.domain.number import SCALE, plain
from wuding.domain.period import to_date
from wuding.engines.base import Snapshot
from wuding.engines.columnar.context import Context, open_context
from wuding.engines.columnar.things import things
from wuding.explain.model import Part
from wuding.program.model import FieldType, Program, Rule, Selector, Veto
from wuding.program.words import Words

R = TypeVar("R", bound=Rule)
ROWS = 20  # rows of evidence that are shown
SHOWN = 6  # fields of a fact that are shown


@dataclass(frozen=True)
class Scene:
    """One finding, and all that it takes to say why. `row` has the columns of a kept finding."""

    program: Program
    rule: Rule
    ctx: Context
    words: Words
    row: Mapping[str, Any]
    found: pl.DataFrame  # the check's findings of the rules that this one has to do with, with `id`
    private: bool = True  # may private fields be said?

    @property
    def zone(self) -> str:
        return self.program.zone

    @property
    def lang(self) -> str:
        return self.words.lang

    def say(self, key: str, /, **args: object) -> str:
        return self.words.say(key, **args)

    def part(
        self,
        kind: str,
        sentences: Iterable[str] = (),
        columns: Iterable[str] = (),
        rows: Iterable[tuple[str, ...]] = (),
    ) -> Part:
        """A part with its title and column headings from the catalogue; at most `ROWS` rows."""
        listed = list(rows)
        heads = tuple(self.words.word("column", name) for name in columns)
        shown = tuple(listed[:ROWS])
        return Part(kind, self.say(f"part.{kind}"), tuple(sentences), heads, shown, len(listed) - len(shown))

    # ── moments, places, people ──────────────────────────────────────────────────────────────────
    def moment(self, us: int | None) -> str:
        """To the minute, in the jurisdiction's time; empty for none."""
        return "" if us is None else show_instant(us, self.zone)[:16].replace("T", " ")

    def day(self, us: int | None) -> str:
        return "" if us is None else to_date(local_day(us, self.zone)).isoformat()

    def last_day(self, us: int | None) -> str:
        """The last day before an instant that ends a period."""
        return "" if us is None else to_date(local_day(us - 1, self.zone)).isoformat()

    def status(self, status: str) -> str:
        return self.words.word("status", status)

    @cached_property
    def _grid_names(self) -> dict[str, str]:
        frame = self.ctx.snap.grids
        return dict(zip(frame["code"].to_list(), frame["name"].to_list(), strict=True))

    @cached_property
    def _subject_names(self) -> dict[str, str]:
        frames = [f.select("id", "name") for f in self.ctx.snap.subjects.values()]
        return {id_: name for f in frames for id_, name in f.iter_rows()}

    def grid(self, code: str | None) -> str:
        """`361021100（建昌镇）`."""
        return self._named(code, self._grid_names)

    def subject(self, id_: str | None) -> str:
        return self._named(id_, self._subject_names)

    def _named(self, code: str | None, names: Mapping[str, str]) -> str:
        if code is None:
            return ""
        name = names.get(code)
        return self.say("words.named", code=code, name=name) if name and name != code else code

    @property
    def title(self) -> str:
        """What the rule is called, with its variant."""
        head = self.rule.head
        title = self.words.label(head.title)
        return self.say("words.named", code=title, name=head.variant) if head.variant else title

    @property
    def holder(self) -> str:
        """Whom the finding is about."""
        kind, code = self.row["holder_kind"], self.row["holder"]
        if kind == "grid":
            return self.grid(code)
        if kind == "subject":
            return self.subject(code)
        return self.say("words.fact-number", seq=code) if kind == "fact" else str(code)

    # ── values ───────────────────────────────────────────────────────────────────────────────────
    def cell(self, value: Any, field: FieldType | None) -> str:
        """A cell of the engine's columns as people read it."""
        if value is None:
            return self.say("words.nothing")
        if field is not None and field.private and not self.private:
            return self.say("words.private")
        kind = field.type if field else "text"
        if kind in ("number", "money"):
            return plain(Fraction(value, SCALE))
        if kind == "date":
            return to_date(value).isoformat()
        if kind == "time":
            return self.moment(value)
        if kind == "duration":
            return self.say("words.hours", hours=plain(Fraction(value, 3_600_000_000)))
        if isinstance(value, bool):
            return self.say("words.yes" if value else "words.no")
        if isinstance(value, list):
            return self.words.joined([str(v) for v in value], "list")
        labels = field.value_labels if field else {}
        return labels[value].get(self.lang) if value in labels else str(value)

    def fields(self, row: Mapping[str, Any], sel: Selector) -> str:
        """The fields of a thing, as far as the rules read them: `来源：居民，严重程度：重大`."""
        known = self.words.fields(sel)
        told = [
            self.say("words.field-value", field=self.words.label(known[n].label), value=self.cell(row[c], known[n]))
            for c in row
            if c.startswith("f.") and not c.startswith("f.__") and row[c] is not None and (n := c[2:]) in known
        ]
        return self.words.joined(told[:SHOWN])

    def span(self, low: Fraction | int | None, high: Fraction | int | None) -> str:
        """An interval, or the one number that it is."""
        ends = ["" if end is None else plain(Fraction(end)) for end in (low, high)]
        return ends[0] if ends[0] == ends[1] else self.say("words.interval", low=ends[0], high=ends[1])

    @property
    def value(self) -> str:
        """The score, or the measured value."""
        ends = [None if self.row[n] is None else Fraction(self.row[n], SCALE) for n in ("value_low", "value_high")]
        return "" if ends[0] is None and ends[1] is None else self.span(*ends)

    @property
    def missing(self) -> str:
        """The fields that leave the finding undetermined."""
        fields: dict[str, FieldType] = {}
        for name in ("do", "of", "count", "cause", "opens", "share_of", "holders"):
            fields |= self.words.fields(getattr(self.rule, name, None))
        for step in getattr(self.rule, "steps", ()):
            fields |= self.words.fields(step.of)
        names = [self.words.label(fields[n].label) if n in fields else n for n in self.row["missing"] or ()]
        return self.words.joined(names, "list")

    def ids(self, rows: pl.DataFrame) -> list[str]:
        """The ids of findings that were matched as things (their columns are called `f.*`)."""
        names = oldest_names(self.program)
        plain_rows = rows.select(
            "holder", "episode", **{n: pl.col(f"f.{n}") for n in ("rule", "variant", "step", "case", "period")}
        )
        return with_ids(plain_rows, self.program.book, names).get_column("id").to_list()

    def names_of(self, rows: pl.DataFrame, sel: Selector) -> list[str]:
        """What tells one thing of a selector from another: a sequence number, an id."""
        if rows.is_empty():
            return []
        if sel.source == "finding":
            return self.ids(rows)
        return [str(v) for v in rows.get_column("seq" if sel.source == "fact" else "id").to_list()]


def reads(program: Program, rule: Rule) -> list[str]:
    """The ids of the rules whose findings explain those of `rule`: itself, what it reads, vetoes and the scores
    that they touch."""
    ids = {r.head.key: r.head.id for r in program.rules}
    found = {rule.head.id} | {ids[key] for key in program.uses.get(rule.head.key, frozenset()) if key in ids}
    found |= {r.head.id for r in program.rules if isinstance(r, Veto) and rule.head.id in r.touches}
    if isinstance(rule, Veto):
        found |= set(rule.touches)
    return sorted(found)


def rule_of(program: Program, row: Mapping[str, Any]) -> Rule | None:
    """The rule that made a finding; None when the program has no such rule."""
    mine = (r for r in program.rules if (r.head.id, r.head.variant) == (row["rule"], row["variant"]))
    return next(mine, None)


def context(program: Program, snap: Snapshot, found: pl.DataFrame) -> Context:
    """The engine's context with what was found: `found` has the findings of all rules that will be read."""
    ctx = open_context(program, snap)
    for rule in program.rules:
        ctx.findings[rule.head.id] = found.filter(pl.col("rule") == rule.head.id).select(empty().columns)
    return ctx


def scene(ctx: Context, row: Mapping[str, Any], found: pl.DataFrame, lang: str, private: bool = True) -> Scene:
    """The scene of a finding. `found`: the findings, from the same check, of the rules that `reads` names."""
    program = ctx.program
    rule = rule_of(program, row)
    assert rule is not None
    day = local_day(row["start"] if row["start"] is not None else ctx.as_of - 1, program.zone)
    return Scene(program, rule, ctx, Words(program, lang, day), row, found, private)


def facts_by_seq(at: Scene, sel: Selector, seqs: Iterable[int]) -> pl.DataFrame:
    """The facts of a selector's types with these sequences."""
    frame = things(at.ctx, sel)
    return frame.filter(pl.col("seq").is_in(list(seqs)))
