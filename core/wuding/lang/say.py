"""A condition, a term, a duration in words, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Protocol

from wuding.domain.number import plain
from wuding.domain.period import to_date
from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term

_OPS = {
    "zh": {"=": "为", "!=": "不为", "<": "小于", "<=": "不大于", ">": "大于", ">=": "不小于"},
    "en": {"=": "is", "!=": "is not", "<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least"},
}
_MOMENT_OPS = {
    "zh": {"<": "早于", "<=": "不晚于", ">": "晚于", ">=": "不早于"},
    "en": {"<": "is before", "<=": "is not after", ">": "is after", ">=": "is not before"},
}
_UNITS = {
    "zh": {"min": "分钟", "h": "小时", "d": "天", "workday": "个工作日", "week": "周", "month": "个月", "year": "年"},
    "en": {
        "min": "minute",
        "h": "hour",
        "d": "day",
        "workday": "workday",
        "week": "week",
        "month": "month",
        "year": "year",
    },
}
_FUNCTIONS = {
    "zh": {"min": "最小值", "max": "最大值", "floor": "取整", "round": "四舍五入", "abs": "绝对值"},
    "en": {"min": "least of", "max": "greatest of", "floor": "floor of", "round": "round", "abs": "absolute value of"},
}
_YES = {"zh": {True: "是", False: "否"}, "en": {True: "yes", False: "no"}}


class Named(Protocol):
    def get(self, lang: str) -> str: ...


class Labelled(Protocol):
    """What saying needs to know of a field."""

    @property
    def label(self) -> Named: ...
    @property
    def value_labels(self) -> Mapping[str, Named]: ...
    @property
    def unit(self) -> str: ...


@dataclass(frozen=True)
class Voice:
    """A language (`zh` or `en`) and the labels of what is spoken of. `zone_minutes`: offset of instants."""

    lang: str
    fields: Mapping[str, Labelled] = field(default_factory=dict)
    holder: Mapping[str, Labelled] = field(default_factory=dict)
    zone_minutes: int = 0

    @property
    def zh(self) -> bool:
        return self.lang == "zh"


def condition(cond: Cond, voice: Voice) -> str:
    """The condition as a clause: `严重程度为重大，且来源为居民`, `severity is major and source is resident`."""
    match cond:
        case And(args):
            return _joined([_part(arg, voice) for arg in args], "，且" if voice.zh else " and ", _always(voice))
        case Or(args):
            return _joined([_part(arg, voice) for arg in args], "，或" if voice.zh else " or ", _never(voice))
        case Not(Has(found)):
            return f"{term(found, voice)}未填写" if voice.zh else f"{term(found, voice)} is not recorded"
        case Not(OneOf(left, options)):
            return _one_of(left, options, voice, negative=True)
        case Not(arg):
            return f"并非（{condition(arg, voice)}）" if voice.zh else f"not ({condition(arg, voice)})"
        case Has(found):
            return f"{term(found, voice)}已填写" if voice.zh else f"{term(found, voice)} is recorded"
        case OneOf(left, options):
            return _one_of(left, options, voice, negative=False)
        case Cmp(op, left, right):
            return _comparison(op, left, right, voice)


def _comparison(op: str, left: Term, right: Term, voice: Voice) -> str:
    words = _OPS[voice.lang]
    if left.type in ("date", "time"):
        words = {**words, **_MOMENT_OPS[voice.lang]}
    said = f"{term(left, voice)}{words[op]}{_value(right, left, voice)}"
    return said if voice.zh else f"{term(left, voice)} {words[op]} {_value(right, left, voice)}"


def _one_of(left: Term, options: tuple[Term, ...], voice: Voice, *, negative: bool) -> str:
    values = [_value(option, left, voice) for option in options]
    name = term(left, voice)
    if voice.zh:
        listed = "、".join(values)
        return f"{name}{'不' if negative else ''}为{listed}{'之一' if len(values) != 1 else ''}"
    listed = " or ".join(values) if len(values) < 3 else f"{', '.join(values[:-1])} or {values[-1]}"
    return f"{name} is {'not ' if negative else ''}{'one of ' if len(values) != 1 else ''}{listed or 'nothing'}"


def term(item: Term, voice: Voice) -> str:
    """The term in words, with the labels of fields."""
    match item:
        case Lit(value):
            return value_text(value, item.type, voice)
        case Field(name):
            return _label(voice.fields, name, voice)
        case Holder(name):
            label = _label(voice.holder, name, voice)
            return f"本对象的{label}" if voice.zh else f"its own {label}"
        case Param(name):
            return f"参数“{name}”" if voice.zh else f"parameter {name}"
        case Arith("neg", (arg,)):
            return f"-{_operand(arg, voice)}"
        case Arith(op, args) if op in ("+", "-", "*", "/"):
            sign = {"*": "×", "/": "÷"}.get(op, op)
            return f" {sign} ".join(_operand(arg, voice) for arg in args)
        case Arith(op, args):
            listed = ("，" if voice.zh else ", ").join(term(arg, voice) for arg in args)
            name = _FUNCTIONS[voice.lang][op]
            return f"{name}（{listed}）" if voice.zh else f"{name} ({listed})"


def duration(item: Duration, lang: str) -> str:
    """`48小时`, `3个工作日`; `48 hours`, `1 workday`."""
    unit = _UNITS[lang][item.unit]
    return f"{item.n}{unit}" if lang == "zh" else f"{item.n} {unit}{'' if item.n == 1 else 's'}"


def value_text(value: object, kind: str, voice: Voice) -> str:
    """A literal of the program as people read it."""
    if isinstance(value, bool):
        return _YES[voice.lang][value]
    if isinstance(value, Duration):
        return duration(value, voice.lang)
    if kind == "date" and isinstance(value, int):
        return to_date(value).isoformat()
    if kind == "time" and isinstance(value, int):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value, minutes=voice.zone_minutes)
        return moment.strftime("%Y-%m-%d %H:%M")
    return plain(value) if isinstance(value, Fraction) else str(value)


def _value(item: Term, beside: Term, voice: Voice) -> str:
    """A value next to the field it is compared with: enum values by their labels, numbers with their unit."""
    fields = voice.fields if isinstance(beside, Field) else voice.holder if isinstance(beside, Holder) else {}
    declared = fields.get(beside.name) if isinstance(beside, Field | Holder) else None
    said = term(item, voice)
    if declared is None or not isinstance(item, Lit):
        return said
    if isinstance(item.value, str) and item.value in declared.value_labels:
        return declared.value_labels[item.value].get(voice.lang)
    if declared.unit and isinstance(item.value, Fraction):
        return f"{said}{'' if voice.zh else ' '}{declared.unit}"
    return said


def _label(fields: Mapping[str, Labelled], name: str, voice: Voice) -> str:
    return fields[name].label.get(voice.lang) if name in fields else name


def _operand(item: Term, voice: Voice) -> str:
    said = term(item, voice)
    return f"({said})" if isinstance(item, Arith) and item.op in ("+", "-", "*", "/", "neg") else said


def _part(cond: Cond, voice: Voice) -> str:
    said = condition(cond, voice)
    nested = isinstance(cond, And | Or) and len(cond.args) > 1
    return (f"（{said}）" if voice.zh else f"({said})") if nested else said


def _joined(parts: list[str], by: str, nothing: str) -> str:
    return by.join(parts) if parts else nothing


def _always(voice: Voice) -> str:
    return "总是" if voice.zh else "always"


def _never(voice: Voice) -> str:
    return "从不" if voice.zh else "never"
