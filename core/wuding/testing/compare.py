"""Does what a case asks for follow from its findings; and if not, what came nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from wuding.book.cases import Case, Expect
from wuding.domain.finding import Finding
from wuding.domain.instants import parse_instant, show_instant
from wuding.domain.number import plain
from wuding.errors import Diagnostic, Span, WudingError

MOST_NEAR = 3  # of the findings that came nearest, how many are shown
Values = Mapping[str, str]


@dataclass(frozen=True)
class Near:
    """A finding that came near what was wanted, and the keys in which it differs: (key, wanted, actual)."""

    finding: Finding
    differs: tuple[tuple[str, str, str], ...]
    about: Values


@dataclass(frozen=True)
class Unmet:
    """One thing that a case asks for and that did not follow.

    `kind`: `missing`, a finding that must exist does not; `unexpected`, one that `exactly: true` forbids does;
    `silent`, a rule under `none` spoke. `span` is where the file asks for it. `near` are, for `missing`, the
    findings that came nearest, else those that should not be there.
    """

    kind: Literal["missing", "unexpected", "silent"]
    rule: str
    span: Span
    wanted: Values
    near: tuple[Near, ...] = ()

    @property
    def diagnostic(self) -> Diagnostic:
        code = {"missing": "WD701", "unexpected": "WD702", "silent": "WD703"}[self.kind]
        wanted = ", ".join(f"{key}: {value}" for key, value in self.wanted.items())
        return Diagnostic(code, self.span, {"rule": self.rule, "wanted": wanted, "count": len(self.near)})


# ── a finding's values, as a test writes them ────────────────────────────────────────────────────
def _interval(low: Fraction | None, high: Fraction | None) -> str:
    if low is None and high is None:
        return ""
    ends = ["" if end is None else plain(end) for end in (low, high)]
    return ends[0] if ends[0] == ends[1] else "..".join(ends)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Fraction):
        return plain(value)
    if isinstance(value, tuple | list):
        return ", ".join(sorted(_text(one) for one in value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(one)}" for key, one in sorted(value.items()))
    return str(value)


PLAIN = (
    "holder", "holder_kind", "period", "case", "episode", "status", "grid", "subject", "actor", "low", "high",
    "needed", "band", "rank", "missing", "trial",
)  # fmt: skip
MOMENTS = ("start", "end", "at", "due")  # in a test: a time in the book's zone
OTHERS: Mapping[str, Callable[[Finding], str]] = {
    "score": lambda found: _interval(found.value_low, found.value_high),
    "value": lambda found: _interval(found.value_low, found.value_high),
    "days": lambda found: _text(found.detail.get("days")),
}
KEYS = (*PLAIN, *MOMENTS, *OTHERS, "detail")
SHOWN = ("holder", "period", "case", "status")  # always shown of a finding that came near


def value_of(found: Finding, key: str, zone: str) -> str:
    """What a finding says under a key of an expectation, as text; empty when it says nothing."""
    if key in OTHERS:
        return OTHERS[key](found)
    value = getattr(found, key)
    return show_instant(value, zone) if key in MOMENTS and value is not None else _text(value)


def wanted_values(expect: Expect, zone: str) -> dict[str, str]:
    """The values that an expectation names, written as `value_of` writes them. Raises WudingError WD403 to
    WD405 for what is no time."""
    values: dict[str, str] = {}
    for key, value in expect.values.items():
        if key == "detail" and isinstance(value, Mapping):
            values |= {f"detail.{name}": _text(one) for name, one in value.items()}
        elif key in MOMENTS and value is not None:
            values[key] = show_instant(parse_instant(_text(value), zone), zone)
        else:
            values[key] = _text(value)
    return values


def mistakes(expect: Expect, zone: str) -> list[Diagnostic]:
    """What is wrong with an expectation itself: WD704 for a key that no finding has, WD705 for a bad time."""
    found = [
        Diagnostic("WD704", expect.span, {"name": key, "allowed": list(KEYS)})
        for key in expect.values
        if key not in KEYS
    ]
    try:
        wanted_values(expect, zone)
    except WudingError as error:
        found.append(Diagnostic("WD705", expect.span, {"value": error.args_.get("value", "")}))
    return found


# ── comparing ────────────────────────────────────────────────────────────────────────────────────
def compare(case: Case, found: Sequence[Finding], zone: str) -> tuple[Unmet, ...]:
    """Everything that the case asks for and the findings do not give, in the order of the file."""
    unmet: list[Unmet] = []
    answered: set[str] = set()
    for expect in case.expect:
        wanted = wanted_values(expect, zone)
        own = [f for f in found if speaks(f, expect.rule, expect.variant)]
        hits = [f.id for f in own if not _differs(f, wanted, zone)]
        answered |= set(hits)
        if not hits:
            unmet.append(Unmet("missing", named(expect), expect.span, wanted, _nearest(own, found, wanted, zone)))
    if case.exactly:
        rules = {(expect.rule, expect.variant) for expect in case.expect}
        extra = [f for f in found if f.id not in answered and any(speaks(f, *rule) for rule in rules)]
        unmet += [_surplus("unexpected", _own_name(f), case.span, [f], zone) for f in extra]
    for name in case.none:
        loud = [f for f in found if speaks(f, name) or (name == f.rule and f.step)]
        if loud:
            unmet.append(_surplus("silent", name, case.span, loud, zone))
    return tuple(unmet)


def speaks(found: Finding, rule: str, variant: str | None = None) -> bool:
    """Is the finding one of `rule` (`rule` or `rule.step`), of this variant where one is given?"""
    name, _, step = rule.partition(".")
    return found.rule == name and found.step == step and variant in (None, found.variant)


def named(expect: Expect) -> str:
    """The rule of an expectation, with its variant: `education[school]`, `hazard.fixed`."""
    rule, dot, step = expect.rule.partition(".")
    return f"{rule}[{expect.variant}]{dot}{step}" if expect.variant else expect.rule


def _own_name(found: Finding) -> str:
    name = f"{found.rule}[{found.variant}]" if found.variant else found.rule
    return f"{name}.{found.step}" if found.step else name


def _differs(found: Finding, wanted: Values, zone: str) -> tuple[tuple[str, str, str], ...]:
    actual = {key: _actual(found, key, zone) for key in wanted}
    return tuple((key, value, actual[key]) for key, value in wanted.items() if value != actual[key])


def _actual(found: Finding, key: str, zone: str) -> str:
    head, dot, name = key.partition(".")
    return _text(found.detail.get(name)) if dot else value_of(found, head, zone)


def _nearest(own: Iterable[Finding], found: Iterable[Finding], wanted: Values, zone: str) -> tuple[Near, ...]:
    """Findings of the rule, those that differ least first; without any, others of the same holder or case."""
    near = [_near(f, wanted, zone) for f in own]
    if not near:
        same = [f for f in found if (f.case or f.holder) in (wanted.get("case"), wanted.get("holder"))]
        near = [_near(f, wanted, zone) for f in same]
    # Another holder is further off than another status: whose finding it is comes before what it says.
    return tuple(sorted(near, key=lambda n: (_elsewhere(n), len(n.differs)))[:MOST_NEAR])


def _elsewhere(near: Near) -> int:
    return sum(key in ("holder", "case", "period") for key, _, _ in near.differs)


def _near(found: Finding, wanted: Values, zone: str) -> Near:
    about = {"rule": _own_name(found)} | {key: value_of(found, key, zone) for key in SHOWN}
    return Near(found, _differs(found, wanted, zone), {key: value for key, value in about.items() if value})


def _surplus(
    kind: Literal["unexpected", "silent"], rule: str, span: Span, found: Sequence[Finding], zone: str
) -> Unmet:
    return Unmet(kind, rule, span, {}, tuple(_near(f, {}, zone) for f in found[:MOST_NEAR]))
