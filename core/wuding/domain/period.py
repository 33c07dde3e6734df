"""Days and periods. A day is an integer: days since 1970-01-01 in the jurisdiction's own calendar.

Periods are half-open inside; labels are `2024`, `2024-Q2`, `2024-05`, `2024-W23`, `2024-05-03`, and
`2024..2025` for more than one year. Weeks are ISO weeks. Semantics 7 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

EPOCH = date(1970, 1, 1)
UNITS = ("day", "workday", "week", "month", "quarter", "year")


def to_day(value: date) -> int:
    return (value - EPOCH).days


def to_date(day: int) -> date:
    return EPOCH + timedelta(days=day)


@dataclass(frozen=True)
class Every:
    """How often: `n` units. Only years come in multiples; blocks of n years count from the year 2000."""

    unit: str
    n: int = 1

    def __str__(self) -> str:
        return self.unit if self.n == 1 else f"{self.n} {self.unit}s"


@dataclass(frozen=True)
class Period:
    """Days from `start` up to, not including, `end`."""

    label: str
    start: int
    end: int

    @property
    def days(self) -> int:
        return self.end - self.start


def month_start(months: int) -> int:
    """The first day of month number `months`, counted from January of year 0."""
    return to_day(date(months // 12, months % 12 + 1, 1))


def period_of(day: int, every: Every) -> Period:
    """The period of kind `every` that holds `day` (a workday period is a day: the caller skips holidays)."""
    when = to_date(day)
    if every.unit in ("day", "workday"):
        return Period(when.isoformat(), day, day + 1)
    if every.unit == "week":
        start = day - when.weekday()
        year, week, _ = when.isocalendar()
        return Period(f"{year}-W{week:02d}", start, start + 7)
    if every.unit == "month":
        months = when.year * 12 + when.month - 1
        return Period(f"{when.year}-{when.month:02d}", month_start(months), month_start(months + 1))
    if every.unit == "quarter":
        first = when.year * 12 + (when.month - 1) // 3 * 3
        return Period(f"{when.year}-Q{(when.month + 2) // 3}", month_start(first), month_start(first + 3))
    if every.unit == "year":
        first = 2000 + (when.year - 2000) // every.n * every.n
        last = first + every.n - 1
        label = str(first) if every.n == 1 else f"{first}..{last}"
        return Period(label, to_day(date(first, 1, 1)), to_day(date(last + 1, 1, 1)))
    raise ValueError(every.unit)


def periods_between(start: int, end: int, every: Every) -> list[Period]:
    """All periods that share a day with the days from `start` up to, not including, `end`; in order."""
    found: list[Period] = []
    day = start
    while day < end:
        found.append(period_of(day, every))
        day = found[-1].end
    return found


def home_day(period: Period, every: Every) -> int:
    """The day that says to which longer period this one belongs: a week's Thursday, else the last day."""
    return period.start + 3 if every.unit == "week" else period.end - 1
