"""The calendar as tables: seasons, holidays, workdays; and when a limit ends (semantics 11).

Days are integers, days since 1970-01-01; ranges of days are half-open. Holidays come from the `holidays`
library, which knows China's shifted days: a weekend worked in lieu is a workday, the day off for it is not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

from wuding.domain.instants import HOUR_US, MINUTE_US, day_start_us, local_day
from wuding.domain.period import month_start, to_date
from wuding.errors import WudingError

MonthDay = tuple[int, int]
ELAPSED = {"min": MINUTE_US, "h": HOUR_US}
LONGEST_REST = 366  # days; a calendar without a workday for so long is a mistake, not a holiday


def season_days(start: MonthDay, end: MonthDay, from_day: int, to_day_: int) -> tuple[int, ...]:
    """The days of `from_day` up to, not including, `to_day_` from `start` to `end` (month, day; both inclusive).

    A season whose end comes before its start runs over the new year: (12, 1) to (2, 28).
    """
    return tuple(day for day in range(from_day, to_day_) if _in_season(to_date(day), start, end))


def _in_season(when: date, start: MonthDay, end: MonthDay) -> bool:
    here = (when.month, when.day)
    return start <= here <= end if start <= end else here >= start or here <= end


def holiday_days(country: str, from_day: int, to_day_: int) -> tuple[int, ...]:
    """The public holidays of a country (`CN`, `US`) among the days of `from_day` up to, not including, `to_day_`.

    These are the days that the library lists: weekends beside or between them are not, though nobody works.
    Raises WD406 for a country that is not known.
    """
    if from_day >= to_day_:
        return ()
    table = _table(country, to_date(from_day).year, to_date(to_day_ - 1).year)
    return tuple(day for day in range(from_day, to_day_) if to_date(day) in table)


def workdays(country: str | None, from_day: int, to_day_: int) -> tuple[int, ...]:
    """The workdays among the days of `from_day` up to, not including, `to_day_`; without a country Monday to
    Friday. Raises WD406 for a country that is not known."""
    return tuple(day for day in range(from_day, to_day_) if is_workday(country, day))


def is_workday(country: str | None, day: int) -> bool:
    """Is `day` worked in the country; without one, is it Monday to Friday? Raises WD406."""
    when = to_date(day)
    if country is None:
        return when.weekday() < 5
    return bool(_table(country, when.year, when.year).is_working_day(when))


@lru_cache(maxsize=256)
def _table(country: str, first: int, last: int) -> Any:
    """The library's table. The years beside are read too: days worked in lieu can lie in another year than
    the holiday, and the library learns of them only with the holiday's year."""
    import holidays

    code, _, part = country.partition("-")
    try:
        return holidays.country_holidays(code, subdiv=part or None, years=range(first - 1, last + 2))
    except NotImplementedError:
        raise WudingError("WD406", country=country) from None


def due(
    anchor_us: int, n: int, unit: str, zone: str, is_workday: Callable[[int], bool] | None = None, roll: bool = False
) -> int:
    """The instant at which a limit of `n` units after `anchor_us` ends; what happens at it is still in time.

    `min` and `h` are elapsed time. `d`, `workday`, `week`, `month`, `year` leave out the anchor's own local
    day and end at the midnight that ends the last one; months clip at their end (31 January + 1 month is the
    last of February). With `roll`, a limit that would end on a day of rest ends on the next workday.

    Raises ValueError for an unknown unit, for a negative `n`, and when workdays are needed and none are given;
    WD407 when no workday comes for a year.
    """
    if n < 0:
        raise ValueError(n)
    if unit in ELAPSED:
        return anchor_us + n * ELAPSED[unit]
    first = local_day(anchor_us, zone)
    if unit == "workday":
        last = first
        for _ in range(n):
            last = _next_workday(last + 1, is_workday)
    else:
        last = _last_day(first, n, unit)
    if roll:
        last = _next_workday(last, is_workday)
    return day_start_us(last + 1, zone)


def _next_workday(day: int, worked: Callable[[int], bool] | None) -> int:
    if worked is None:
        raise ValueError("a limit in workdays needs a calendar")
    for candidate in range(day, day + LONGEST_REST):
        if worked(candidate):
            return candidate
    raise WudingError("WD407", day=to_date(day).isoformat())


def _last_day(first: int, n: int, unit: str) -> int:
    if unit == "d":
        return first + n
    if unit == "week":
        return first + 7 * n
    if unit == "month":
        return add_months(first, n)
    if unit == "year":
        return add_months(first, 12 * n)
    raise ValueError(unit)


def add_months(day: int, months: int) -> int:
    """The same day of the month, `months` later; the month's last day where it has no such day."""
    when = to_date(day)
    total = when.year * 12 + when.month - 1 + months
    return min(month_start(total) + when.day, month_start(total + 1)) - 1
