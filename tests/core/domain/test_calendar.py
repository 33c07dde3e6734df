"""Seasons, holidays, workdays, and when limits end (semantics 11)."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wuding.domain.calendar import add_months, due, holiday_days, is_workday, season_days, workdays
from wuding.domain.instants import HOUR_US, day_start_us, local_day, parse_instant, show_instant
from wuding.domain.period import to_date, to_day
from wuding.errors import WudingError

NEW_YORK, SHANGHAI = "America/New_York", "Asia/Shanghai"


def day(text: str) -> int:
    return to_day(date.fromisoformat(text))


def dates(days) -> list[str]:
    return [to_date(one).isoformat() for one in days]


def ends(anchor: str, n: int, unit: str, zone: str = SHANGHAI, worked=None, roll: bool = False) -> str:
    return show_instant(due(parse_instant(anchor, zone), n, unit, zone, worked, roll), zone)[:16]


def test_a_season_is_inclusive_and_may_run_over_the_new_year():
    assert len(season_days((7, 1), (9, 30), day("2024-01-01"), day("2025-01-01"))) == 92
    winter = dates(season_days((12, 30), (1, 2), day("2023-12-01"), day("2024-02-01")))
    assert winter == ["2023-12-30", "2023-12-31", "2024-01-01", "2024-01-02"]
    assert dates(season_days((2, 29), (3, 1), day("2023-02-01"), day("2023-04-01"))) == ["2023-03-01"]
    assert season_days((1, 1), (12, 31), 10, 10) == ()


def test_chinese_holidays_with_the_days_off_in_lieu():
    days = dates(holiday_days("CN", day("2024-01-15"), day("2024-05-20")))
    spring = [f"2024-02-{n}" for n in range(10, 17)]
    assert days == [*spring, "2024-04-04", "2024-04-05", "2024-05-01", "2024-05-02", "2024-05-03"]


def test_holidays_of_other_countries():
    assert dates(holiday_days("US", day("2024-07-01"), day("2024-09-30"))) == ["2024-07-04", "2024-09-02"]


def test_holidays_do_not_depend_on_the_question():
    whole = holiday_days("CN", day("2006-01-01"), day("2012-01-01"))
    months = [add_months(day("2006-01-01"), n) for n in range(73)]
    pieces = [one for start, end in pairwise(months) for one in holiday_days("CN", start, end)]
    assert list(whole) == pieces
    # 29 December 2007 was worked for the New Year of 2008: the library learns it with the year 2008.
    assert is_workday("CN", day("2007-12-29"))


def test_workdays_know_days_worked_in_lieu():
    week = dates(workdays("CN", day("2024-02-04"), day("2024-02-19")))
    assert week == [f"2024-02-{n:02d}" for n in (4, 5, 6, 7, 8, 9, 18)]
    assert dates(workdays(None, day("2024-02-10"), day("2024-02-14"))) == ["2024-02-12", "2024-02-13"]
    with pytest.raises(WudingError) as caught:
        workdays("XX", 0, 1)
    assert caught.value.code == "WD406"


@pytest.mark.parametrize(
    ("anchor", "n", "unit", "expected"),
    [
        ("2024-05-03T09:00", 48, "h", "2024-05-05T09:00"),
        ("2024-05-03T09:00", 90, "min", "2024-05-03T10:30"),
        ("2024-05-03T09:00", 1, "d", "2024-05-05T00:00"),
        ("2024-05-03T00:00", 1, "d", "2024-05-05T00:00"),
        ("2024-05-03T23:59:59", 1, "d", "2024-05-05T00:00"),
        ("2024-05-02T24:00", 1, "d", "2024-05-05T00:00"),
        ("2024-05-03T09:00", 0, "d", "2024-05-04T00:00"),
        ("2024-05-03T09:00", 2, "week", "2024-05-18T00:00"),
        ("2024-01-31T09:00", 1, "month", "2024-03-01T00:00"),
        ("2023-01-31T09:00", 1, "month", "2023-03-01T00:00"),
        ("2024-02-29T09:00", 1, "year", "2025-03-01T00:00"),
        ("2024-02-29T09:00", 4, "year", "2028-03-01T00:00"),
        ("2023-11-30T09:00", 3, "month", "2024-03-01T00:00"),
    ],
)
def test_where_a_limit_ends(anchor, n, unit, expected):
    assert ends(anchor, n, unit) == expected


def test_workdays_are_counted_and_the_first_day_left_out():
    def worked(one: int) -> bool:
        return is_workday("CN", one)

    assert ends("2024-02-08T10:00", 3, "workday", worked=worked) == "2024-02-20T00:00"  # 9, 18 (in lieu), 19
    assert ends("2024-05-03T10:00", 0, "workday", worked=worked) == "2024-05-04T00:00"
    assert ends("2024-02-08T10:00", 2, "d", worked=worked) == "2024-02-11T00:00"
    assert ends("2024-02-08T10:00", 2, "d", worked=worked, roll=True) == "2024-02-19T00:00"
    with pytest.raises(ValueError):
        ends("2024-02-08T10:00", 1, "workday")
    with pytest.raises(WudingError) as caught:
        ends("2024-02-08T10:00", 1, "workday", worked=lambda _: False)
    assert caught.value.code == "WD407"


def test_wrong_limits():
    with pytest.raises(ValueError):
        ends("2024-02-08T10:00", 1, "fortnight")
    with pytest.raises(ValueError):
        ends("2024-02-08T10:00", -1, "d")


def test_elapsed_hours_and_calendar_days_part_when_clocks_are_moved():
    assert ends("2024-03-09T12:00", 24, "h", NEW_YORK) == "2024-03-10T13:00"
    assert ends("2024-03-09T12:00", 1, "d", NEW_YORK) == "2024-03-11T00:00"
    assert ends("2024-11-02T12:00", 24, "h", NEW_YORK) == "2024-11-03T11:00"
    anchor = parse_instant("2024-11-02T12:00", NEW_YORK)
    assert due(anchor, 1, "d", NEW_YORK) - day_start_us(local_day(anchor, NEW_YORK) + 1, NEW_YORK) == 25 * HOUR_US


MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2090, 1, 1)).map(
    lambda d: (d.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
)
ZONES = st.sampled_from([NEW_YORK, SHANGHAI, "Europe/London", "America/Sao_Paulo", "Pacific/Apia"])
UNITS = st.sampled_from(["d", "week", "month", "year", "workday"])


def weekday(one: int) -> bool:
    return is_workday(None, one)


@given(MOMENTS, st.integers(0, 60), UNITS, ZONES)
def test_calendar_limits_end_at_midnight_and_depend_on_the_day_alone(anchor, n, unit, zone):
    end = due(anchor, n, unit, zone, weekday)
    today = local_day(anchor, zone)
    assert end == due(day_start_us(today, zone), n, unit, zone, weekday)
    assert end > anchor and end == day_start_us(local_day(end, zone), zone)
    assert due(anchor, n + 1, unit, zone, weekday) >= end
    if unit == "workday" and n:
        last = local_day(end - 1, zone)
        assert sum(map(weekday, range(today + 1, last + 1))) == n or zone == "Pacific/Apia"


@given(MOMENTS, st.integers(0, 40), UNITS, ZONES)
def test_rolling_never_ends_on_a_day_of_rest(anchor, n, unit, zone):
    end = due(anchor, n, unit, zone, weekday, roll=True)
    assert end >= due(anchor, n, unit, zone, weekday)
    if zone != "Pacific/Apia":
        assert weekday(local_day(end - 1, zone))


@given(st.integers(-20_000, 40_000), st.integers(0, 400))
def test_months_clip_at_their_end(start, months):
    before, after = to_date(start), to_date(add_months(start, months))
    assert (after.year * 12 + after.month) - (before.year * 12 + before.month) == months
    assert after.day == before.day or (after.day < before.day and (after + timedelta(days=1)).day == 1)
