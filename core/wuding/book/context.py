"""What linking knows while it links: the domain, the book's levels, parameters and rules; and how names are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar, cast

from wuding.book.shapes import Name
from wuding.domain.finding import STATUSES
from wuding.errors import Rejected
from wuding.lang.parse import collect
from wuding.lang.tree import Problems, wrong
from wuding.lang.types import UNKNOWN, Scope
from wuding.program.added import Section
from wuding.program.model import Domain, FieldType, Label, Selector, Source

S = TypeVar("S")
T = TypeVar("T")
Fields = Mapping[str, FieldType]


def _builtin(*fields: tuple[str, str, str, str]) -> dict[str, FieldType]:
    return {name: FieldType(name, kind, Label(zh, en)) for name, kind, zh, en in fields}


_GRID = ("grid", "text", "网格", "grid")
_SUBJECT = ("subject", "text", "监管对象", "subject")
BUILTIN: dict[str, Fields] = {
    "fact": _builtin(
        ("actor", "person", "行为人", "actor"), _GRID, _SUBJECT,
        ("occurred_at", "time", "发生时间", "occurred"),
        ("recorded_at", "time", "记录时间", "recorded"), ("seq", "int", "序号", "sequence number"),
    ),
    "grid": _builtin(
        ("code", "text", "编码", "code"), ("name", "text", "名称", "name"), ("level", "text", "层级", "level"),
        ("kind", "list", "类别", "kind"), ("kinds", "list", "类别", "kinds"),
        ("parent", "text", "上级网格", "parent"),
    ),
    "subject": _builtin(
        ("id", "text", "编号", "id"), ("type", "text", "类型", "type"), ("name", "text", "名称", "name"), _GRID,
    ),
    "post": _builtin(
        ("person", "person", "人员", "person"), ("role", "text", "角色", "role"),
        ("capacity", "enum", "身份", "capacity"), _GRID, _SUBJECT,
    ),
    "finding": _builtin(
        ("status", "enum", "状态", "status"), ("score", "number", "得分", "score"),
        ("value", "number", "数值", "value"),
        ("band", "enum", "等次", "band"), ("rank", "int", "名次", "rank"), ("days", "int", "天数", "days"),
        ("count", "int", "次数", "count"), ("period", "text", "期间", "period"), ("case", "text", "事项", "case"),
        ("rule", "text", "规则", "rule"), ("step", "text", "步骤", "step"), _GRID, _SUBJECT,
    ),
}  # fmt: skip


class _Anything(Mapping[str, FieldType]):
    """The fields of a thing that could not be found: any name, of no known type, so that nothing more is said."""

    def __getitem__(self, name: str) -> FieldType:
        return FieldType(name, UNKNOWN, Label(name, name))

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


ANYTHING: Fields = _Anything()


@dataclass(frozen=True)
class RuleInfo:
    """What other rules may know of a rule before it is linked."""

    id: str
    section: str
    trial: bool
    steps: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    domain: Domain
    levels: Mapping[str, tuple[str, ...]]  # the domain's level: the tree's names
    zone: str = "Asia/Shanghai"
    rules: Mapping[str, RuleInfo] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)  # name: type
    calendar: frozenset[str] = frozenset()
    holder: Fields | None = None  # of the rule that is being linked
    case: tuple[Name, ...] = ()  # of the escalation that is being linked
    sections: Mapping[str, Section] = field(default_factory=dict)  # those that plugins add

    def scope(self, fields: Fields, kind: str, name: str = "") -> Scope:
        return Scope(fields, kind, name, self.holder, self.params, self.zone)

    # names ────────────────────────────────────────────────────────────────────────────────────────
    def tree_levels(self, name: Name) -> tuple[str, ...]:
        """The tree's names for a level. Raises WD202."""
        if name in self.levels:
            return self.levels[name]
        own = [tree for names in self.levels.values() for tree in names]
        if name in own:
            return (str(name),)
        raise wrong("WD202", name.span, name=str(name), allowed=tuple(dict.fromkeys([*self.levels, *own])))

    def tree_level(self, name: Name) -> str:
        """The one name of a level in the tree. Raises WD202, WD226 when the book has several names for it."""
        names = self.tree_levels(name)
        if len(names) != 1:
            raise wrong("WD226", name.span, name=str(name), names=names)
        return names[0]

    def role(self, name: Name) -> str:
        return known(name, self.domain.roles, "WD203")

    def rule(self, name: Name) -> RuleInfo:
        return self.rules[known(name, self.rules, "WD207")]

    def finding(self, name: Name) -> str:
        """A reference to findings, `rule` or `rule.step`. Raises WD207, WD208."""
        rule, dot, step = name.partition(".")
        info = self.rules[known(Name(rule, name.span), self.rules, "WD207")]
        if dot:
            known(Name(step, name.span), info.steps, "WD208", rule=rule)
        return str(name)

    # fields ───────────────────────────────────────────────────────────────────────────────────────
    def fields(self, source: Source, names: Iterable[str]) -> Fields:
        """The fields that all these things have."""
        builtin = BUILTIN[source]
        if source == "finding":
            return {**builtin, **self._of_findings(tuple(names))}
        if source == "post":
            return {**builtin, "capacity": _enum(builtin["capacity"], ("principal", "A", "B"))}
        if source == "grid":
            return builtin
        table = self.domain.facts if source == "fact" else self.domain.subjects
        own = [table[name].fields for name in names if name in table]
        first = own[0] if own else {}
        shared = {name: of for name, of in first.items() if all(name in other for other in own)}
        for name, of in shared.items():
            values = tuple(dict.fromkeys(value for other in own for value in other[name].values))
            shared[name] = _enum(of, values)
        return {**shared, **builtin}

    def _of_findings(self, names: tuple[str, ...]) -> Fields:
        statuses: list[str] = []
        bands: list[str] = []
        for name in names:
            rule, _, step = name.partition(".")
            info = self.rules.get(rule)
            if info is not None:
                added = self.sections.get(info.section)
                statuses += added.statuses if added else STATUSES["step" if step else info.section]
                bands += info.bands
        return {
            "status": _enum(BUILTIN["finding"]["status"], tuple(dict.fromkeys(statuses))),
            "band": _enum(BUILTIN["finding"]["band"], tuple(dict.fromkeys(bands))),
        }

    def of(self, selector: Selector) -> Fields:
        return self.fields(selector.source, selector.names)


def _enum(of: FieldType, values: tuple[str, ...]) -> FieldType:
    return FieldType(
        of.name, of.type, of.label, of.required, of.private, values, of.to, of.unit, of.value_labels
    )  # `replace` is slow, and this runs for every selector


def known(name: Name, allowed: Iterable[str], code: str, **args: object) -> str:
    """The name, when it is one of the allowed ones. Raises `code` with a suggestion."""
    options = tuple(allowed)
    if name in options:
        return str(name)
    for mark in "，、":
        if mark in name:
            raise wrong("WD106", name.span, found=mark, write=", ")
    raise wrong(code, name.span, name=str(name), allowed=options, **args)


def each(names: Iterable[Name], find: Callable[[Name], T]) -> tuple[T, ...]:
    """`find` for every name. Raises Rejected with the problems of all of them."""
    return tuple(collect([_later(name, find) for name in names]))


def _later(name: Name, find: Callable[[Name], T]) -> Callable[[], T]:
    return lambda: find(name)


class Gather:
    """Collects the problems of the parts of one rule; `done` raises them together.

    A part that failed gives a value that nobody may look at: `done` comes before any use.
    """

    def __init__(self) -> None:
        self.problems: Problems = []

    def __call__(self, task: Callable[[], T]) -> T:
        try:
            return task()
        except Rejected as error:
            self.problems.extend(error.diagnostics)
            return cast(T, None)

    def every(self, items: Iterable[S], task: Callable[[S], T]) -> tuple[T, ...]:
        return tuple(self(partial(task, item)) for item in items)

    def done(self) -> None:
        if self.problems:
            raise Rejected(self.problems)
