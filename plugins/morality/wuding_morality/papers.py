"""What a bank hands out and pins up: the statement of an account, the public notice of a period. As plain data here;
how they look is in the templates (`rendered`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from wuding.catalogue import text, width
from wuding.domain.instants import local_day, show_instant
from wuding.domain.period import to_date
from wuding.program.model import Program
from wuding.program.words import Words
from wuding_morality.account import Account
from wuding_morality.held import Held, asked_of, held_by

if TYPE_CHECKING:
    from wuding.engines.columnar.context import Context

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """`numbers`: the columns, counted from 0, that stand to the right. `empty` is said instead of no rows."""

    title: str
    heads: Row
    rows: tuple[Row, ...]
    numbers: tuple[int, ...]
    empty: str


@dataclass(frozen=True)
class Paper:
    """`facts` are (label, value); `foot` says by what and when it was made."""

    lang: str
    title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    foot: str


@dataclass(frozen=True)
class Desk:
    """A book at a moment, and how things are said of it."""

    ctx: Context
    words: Words

    @property
    def program(self) -> Program:
        return self.ctx.program

    @property
    def rules(self) -> list[Account]:
        return [rule for rule in self.program.rules if isinstance(rule, Account) and not rule.head.trial]

    def say(self, key: str, **args: object) -> str:
        return text(key, self.words.lang, **args)

    def day(self, at: int) -> str:
        return to_date(local_day(at, self.ctx.zone)).isoformat()

    def moment(self, at: int) -> str:
        return show_instant(at, self.ctx.zone)[:16].replace("T", " ")

    def table(self, kind: str, heads: str, rows: Iterable[Row], numbers: tuple[int, ...] = (), **args: object) -> Table:
        """A table with its title, column heads and the word for none from the catalogue."""
        columns = tuple(self.say(f"paper.column.{name}") for name in heads.split())
        return Table(self.say(f"paper.{kind}", **args).strip(), columns, tuple(rows), numbers, self.say("paper.none"))

    def paper(self, kind: str, facts: Iterable[tuple[str, str]], tables: Iterable[Table]) -> Paper:
        foot = self.say("paper.foot", book=self.program.book, at=self.moment(self.ctx.as_of - 1))
        return Paper(self.words.lang, self.say(f"paper.{kind}"), tuple(facts), tuple(tables), foot)

    def accounts(self, rule: Account) -> list[Held]:
        """Every account of a rule."""
        return [held for held, _ in held_by(self.ctx, rule, asked_of(self.ctx, rule))]

    def variant(self, rule: Account) -> str:
        """The variant of a rule as the domain calls the value."""
        variant = rule.head.variant
        for name in rule.into.names:
            for field in self.program.domain.facts[name].fields.values():
                if variant in field.value_labels:
                    return field.value_labels[variant].get(self.words.lang)
        return variant

    # ── what facts and holders are called ────────────────────────────────────────────────────────
    @cached_property
    def names(self) -> Mapping[str, str]:
        """Of subjects and grids, by id and code."""
        frames = [f.select("id", "name").rows() for f in self.ctx.snap.subjects.values()]
        grids = self.ctx.snap.grids.select("code", "name").rows()
        return {code: name or code for rows in (*frames, grids) for code, name in rows}

    def name(self, code: str) -> str:
        name = self.names.get(code, code)
        return name if name == code else self.say("words.named", code=code, name=name)

    def fields(self, type_: str, skip: tuple[str, ...]) -> Mapping[int, str]:
        """What a fact says besides its amount, by its sequence: `环境卫生、项目 clean-yard、积分卡编号 K1`."""
        made: Mapping[int, str] = self.ctx.memo(("paper", type_, skip), lambda: self._fields(type_, skip))
        return made

    def _fields(self, type_: str, skip: tuple[str, ...]) -> Mapping[int, str]:
        import polars as pl

        thing = self.program.domain.facts[type_]
        shown_ = [f for f in thing.fields.values() if f.name not in skip and not f.private]
        shown_ = [f for f in shown_ if f.type in ("id", "ref", "enum", "int", "text")]
        lazy = self.ctx.snap.facts[self.program.domain.name, type_]
        told: dict[int, str] = {}
        columns = ["seq", *(f"f.{f.name}" for f in shown_)]
        for seq, *cells in lazy.filter(pl.col("at") <= self.ctx.as_of).select(columns).collect().iter_rows():
            parts = []
            for field, cell in zip(shown_, cells, strict=True):
                if cell is None:
                    continue
                label = field.value_labels.get(cell) if field.type == "enum" else None
                value = label.get(self.words.lang) if label is not None else str(cell)
                plain_text = field.type in ("enum", "text")
                parts.append(value if plain_text else f"{field.label.get(self.words.lang)} {value}")
            told[seq] = self.words.joined(parts, "list")
        return told


def rendered(paper: Paper, form: str) -> str:
    """The paper as `text` or as `html` that needs nothing else."""
    from jinja2 import Environment, StrictUndefined

    name = {"text": "paper.txt.j2", "html": "paper.html.j2"}[form]
    environment = Environment(
        autoescape=form == "html", undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["columns"] = _columns
    source = files(__package__).joinpath(name).read_text(encoding="utf-8")
    lang = {"zh": "zh-CN", "en": "en"}[paper.lang]
    return environment.from_string(source).render(paper=paper, lang=lang)


def _columns(table: Table) -> Iterator[str]:
    """A table's head and rows as lines, each column as wide as its widest cell: Chinese takes two places."""
    lines = [table.heads, *table.rows]
    wide = [max(width(line[n]) for line in lines) for n in range(len(table.heads))]
    for line in lines:
        cells = []
        for n, cell in enumerate(line):
            gap = " " * (wide[n] - width(cell))
            cells.append(gap + cell if n in table.numbers else cell + gap)
        yield "  ".join(cells).rstrip()


def desk(program: Program, snap: Any, lang: str) -> Desk:
    """A desk at which a book's papers are made, as of the snapshot's moment."""
    from wuding.engines.columnar.context import open_context

    ctx = open_context(program, snap)
    return Desk(ctx, Words(program, lang, ctx.today_end - 1))


def without_amount(rule: Account) -> tuple[str, ...]:
    """The fields that stand in columns of their own."""
    return (rule.in_amount, rule.out_amount, *([rule.by] if rule.by else []))
