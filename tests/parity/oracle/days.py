"""Instants, days, durations, workdays and seasons, straight from zoneinfo and holidays (semantics 7, 8, 11)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from wuding.domain.period import Period, to_date, to_day
from wuding.lang.nodes import Duration
from wuding.program.model import Season

START = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
MINUTE = 60_000_000


@lru_cache(maxsize=100_000)
def midnight(day: int, zone: str) -> int:
    """The instant at which the local day begins."""
    local = datetime.combine(to_date(day), datetime.min.time(), ZoneInfo(zone))
    return (local.astimezone(UTC) - START) // MICRO


@lru_cache(maxsize=100_000)
def day_of(instant: int, zone: str) -> int:
    """The local day that holds the instant."""
    return to_day((START + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone)).date())


def instant_of(text: str, zone: str) -> int:
    """An instant written as text; a naive one is read in the zone (7)."""
    when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if when.tzinfo is None:
        when = when.replace(tzinfo=ZoneInfo(zone))
    return (when.astimezone(UTC) - START) // MICRO


def read_day(text: object) -> int:
    return to_day(date.fromisoformat(str(text)))


def new_year(year: int) -> int:
    return to_day(date(year, 1, 1))


def label(day: int) -> str:
    return to_date(day).isoformat()


def last_asked_day(as_of: int, zone: str) -> int:
    """The day of `as_of`, excluded when `as_of` is its midnight (C1): the day of the moment just before it."""
    return day_of(as_of - 1, zone)


@lru_cache(maxsize=200)
def _calendar(country: str, year: int) -> holidays.HolidayBase:
    return holidays.country_holidays(country, years=[year])


def is_holiday(day: int, country: str) -> bool:
    return to_date(day) in _calendar(country, to_date(day).year)


def is_workday(day: int, country: str) -> bool:
    """7b: neither weekend nor holiday, or a weekend day that the state made a working day."""
    return _calendar(country, to_date(day).year).is_working_day(to_date(day))


def country_of(seasons: Iterable[Season]) -> str:
    return next((season.holidays for season in seasons if season.holidays), "CN")  # 7b


def _months_later(day: int, months: int) -> int:
    """The same day of the month, clipped at the month's end (11)."""
    when = to_date(day)
    total = when.year * 12 + when.month - 1 + months
    year, month = total // 12, total % 12 + 1
    for number in (when.day, 30, 29, 28):
        try:
            return to_day(date(year, month, min(number, when.day)))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def deadline(anchor: int, duration: Duration, zone: str, country: str) -> int:
    """When `duration` after `anchor` ends (11). Calendar durations end at their last day's midnight."""
    if duration.unit == "min":
        return anchor + duration.n * MINUTE
    if duration.unit == "h":
        return anchor + duration.n * 60 * MINUTE
    day = day_of(anchor, zone)
    if duration.unit == "d":
        day += duration.n
    elif duration.unit == "week":
        day += 7 * duration.n
    elif duration.unit == "month":
        day = _months_later(day, duration.n)
    elif duration.unit == "year":
        day = _months_later(day, 12 * duration.n)
    elif duration.unit == "workday":
        left = duration.n
        while left:
            day += 1
            left -= is_workday(day, country)
    else:
        raise ValueError(duration.unit)
    return midnight(day + 1, zone)


def in_season(day: int, season: Season) -> bool:
    if season.holidays:
        return is_holiday(day, season.holidays)
    when = (to_date(day).month, to_date(day).day)
    assert season.start and season.end
    if season.start <= season.end:
        return season.start <= when <= season.end
    return when >= season.start or when <= season.end


def belongs_to_season(period: Period, season: Season) -> bool:
    """8: at least half of its days do."""
    return 2 * sum(in_season(day, season) for day in range(period.start, period.end)) >= period.days
