"""The findings of one book as the page reads them: live ones on the page's ground, each with its kind of standing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from wuding.domain.instants import local_day
from wuding.domain.period import to_date
from wuding.engines.base import Snapshot
from wuding.program.model import Program, Rule
from wuding.program.words import Words
from wuding.report.ground import Ground

MONTHS = 13  # the running one, and the twelve before it
KINDS: Mapping[str, tuple[str, ...]] = {
    "struck": ("struck",),
    "breach": ("gap", "missed", "overdue", "late", "failed", "out-of-order", "unstaffed"),
    "unknown": ("undetermined", "provisional", "pending"),
    "open": ("due", "open", "waiting", "on-course", "running"),
    "good": ("fixed", "met", "reached", "done", "closed", "told", "waived", "overturned"),
}
KIND = {status: kind for kind, statuses in KINDS.items() for status in statuses}


@dataclass(frozen=True)
class Governed:
    """A book with what a check found of it: `found` has the columns of kept findings."""

    program: Program
    snap: Snapshot
    found: pl.DataFrame


@dataclass(frozen=True)
class Reading:
    """One book, read for a page. `live` are its findings (not on trial, on the ground), with `key` (rule and variant),
    `row` (the grid below the book's root), `kind` and `month`; `latest` are those that say how things stand now."""

    program: Program
    snap: Snapshot
    ground: Ground
    words: Words
    root: str | None
    months: tuple[str, ...]
    live: pl.DataFrame
    latest: pl.DataFrame

    @cached_property
    def subject_names(self) -> Mapping[str, str]:
        frames = [frame.select("id", "name") for frame in self.snap.subjects.values()]
        return {id_: name for frame in frames for id_, name in frame.iter_rows()}

    def standing(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of subjects or posts that hold on the last day that has begun."""
        day = local_day(self.snap.as_of - 1, self.program.zone)
        begun = pl.col("start").is_null() | (pl.col("start") <= day)
        return frame.filter(begun & (pl.col("end").is_null() | (pl.col("end") > day)))

    def title(self, key: str) -> str:
        """What a rule is called, with its variant."""
        rule = next((r for r in self.program.rules if r.head.key == key), None)
        if rule is None:
            return key
        title = self.words.label(rule.head.title) or rule.head.id
        return self.words.say("words.named", code=title, name=self.variant(rule)) if rule.head.variant else title

    def variant(self, rule: Rule) -> str:
        """What tells this rule from those written with it: the values of `each_of`, by the labels of the fields that
        its selectors read."""
        known: dict[str, str] = {}
        for name in ("do", "of", "count", "cause", "opens", "share_of", "holders"):
            for field in self.words.fields(getattr(rule, name, None)).values():
                known |= {value: self.words.label(label) for value, label in field.value_labels.items()}
        return "/".join(known.get(value) or self.words.kind(value) for value in rule.head.variant.split("/"))

    def clauses(self, key: str) -> tuple[str, ...]:
        return next((r.head.clauses for r in self.program.rules if r.head.key == key), ())

    def keys(self, section: str) -> list[str]:
        """The rules of a section that have findings here, in the order of the book."""
        there = set(self.live.filter(pl.col("section") == section).get_column("key"))
        ordered = [r.head.key for r in sorted(self.program.rules, key=lambda r: (r.head.span.path, r.head.span.line))]
        known = [key for key in dict.fromkeys(ordered) if key in there]
        return known + sorted(there - set(known))


def reading(book: Governed, ground: Ground, lang: str) -> Reading:
    """Reads what a check found of a book, on this ground, in `zh` or `en`."""
    program, snap = book.program, book.snap
    last = local_day(snap.as_of - 1, program.zone)
    months = _months(to_date(last))
    key = pl.when(pl.col("variant") != "").then(pl.format("{}[{}]", "rule", "variant")).otherwise("rule")
    zone = program.zone
    root = ground.root_of(program.grid)
    # What holds for a subject or a post without a grid stands at the root: nothing is left out.
    home = pl.col("grid").fill_null(pl.lit(root, pl.String))
    moment = pl.coalesce(pl.col("end") - 1, "at")
    local = pl.from_epoch(moment, "us").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    live = (
        book.found.filter(~pl.col("trial"))
        .with_columns(grid=home, key=key, month=local.dt.strftime("%Y-%m"))
        .join(ground.rows(root), on="grid", how="inner", maintain_order="left")
        .with_columns(kind=pl.col("status").replace_strict(KIND, default="none", return_dtype=pl.String))
    )
    words = Words(program, lang, last)
    return Reading(program, snap, ground, words, root, months, live, _latest(live, snap.as_of))


def _months(last: date) -> tuple[str, ...]:
    ends = [last.year * 12 + last.month - 1 - back for back in range(MONTHS)]
    return tuple(f"{month // 12}-{month % 12 + 1:02}" for month in sorted(ends))


def _latest(live: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """How things stand: gaps that are open, the last period that is decided, vetoes that stand, steps of open cases."""
    section, status = pl.col("section"), pl.col("status")
    charter = live.filter((section == "charter") & pl.col("end").is_null())
    decided = ["met", "missed", "reached", "undetermined", "waived", "overturned"]
    periods = live.filter(section.is_in(["patrol", "targets"]) & status.is_in(decided))
    last = periods.sort("at", nulls_last=False, maintain_order=True).unique(
        ["key", "holder"], keep="last", maintain_order=True
    )
    stands = (pl.col("start").is_null() | (pl.col("start") <= as_of)) & (
        pl.col("end").is_null() | (pl.col("end") > as_of)
    )
    veto = live.filter((section == "veto") & status.is_in(["struck", "undetermined"]) & stands)
    return pl.concat([charter, last, veto, open_matters(live)])


def open_matters(live: pl.DataFrame) -> pl.DataFrame:
    """The steps of open cases that are still to be done, and open cases that have none."""
    cases = live.filter(pl.col("section") == "escalation")
    steps = cases.filter((pl.col("step") != "") & pl.col("status").is_in(["overdue", "waiting"]))
    waiting = steps.select("key", "case", "episode").unique()
    plain = cases.filter((pl.col("step") == "") & (pl.col("status") == "open"))
    plain = plain.join(waiting, on=["key", "case", "episode"], how="anti", maintain_order="left")
    return pl.concat([steps, plain])


def counts(frame: pl.DataFrame, names: Sequence[str]) -> dict[str, int]:
    """How many rows of each kind there are, in the order of `names`."""
    found = dict(frame.group_by("kind").len().iter_rows())
    return {name: found[name] for name in names if name in found}
