"""Reading and showing instants (semantics 7)."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wuding.domain.instants import (
    DAY_US,
    day_start_us,
    from_us,
    has_clock,
    iso_z,
    known_format,
    local_day,
    parse_date,
    parse_instant,
    resolve,
    show_instant,
    to_us,
    zone_info,
)
from wuding.domain.period import to_day
from wuding.errors import WudingError

NEW_YORK, SHANGHAI = "America/New_York", "Asia/Shanghai"
ZONES = [NEW_YORK, SHANGHAI, "Europe/London", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut", "UTC"]
ODD = [*ZONES, "America/St_Johns", "Pacific/Apia", "America/Toronto", "America/Havana", "Africa/Cairo"]


def us(*parts: int) -> int:
    return to_us(datetime(*parts, tzinfo=UTC))


def refused(code: str, *args, **more) -> WudingError:
    with pytest.raises(WudingError) as caught:
        parse_instant(*args, **more)
    assert caught.value.code == code
    return caught.value


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2024-05-03T09:00", SHANGHAI, us(2024, 5, 3, 1)),
        ("2024-05-03 09:00:07", SHANGHAI, us(2024, 5, 3, 1, 0, 7)),
        ("2024-05-03T09:00:07.5", SHANGHAI, us(2024, 5, 3, 1, 0, 7, 500_000)),
        ("2024-05-03T09:00:07,123456789", SHANGHAI, us(2024, 5, 3, 1, 0, 7, 123_456)),
        ("2024-05-03T09:00Z", SHANGHAI, us(2024, 5, 3, 9)),
        ("2024-05-03T09:00:00-05:30", SHANGHAI, us(2024, 5, 3, 14, 30)),
        ("2024-05-03T09:00+0800", NEW_YORK, us(2024, 5, 3, 1)),
        ("2024-05-03T09:00+08", NEW_YORK, us(2024, 5, 3, 1)),
        ("2024-05-03", SHANGHAI, us(2024, 5, 2, 16)),
        ("2024-05-03T24:00", SHANGHAI, us(2024, 5, 3, 16)),
        ("2024-02-29T24:00:00", NEW_YORK, us(2024, 3, 1, 5)),
        ("2024-05-03T24:00Z", SHANGHAI, us(2024, 5, 4)),
    ],
)
def test_iso_times(text, zone, expected):
    assert parse_instant(text, zone) == expected


@pytest.mark.parametrize(
    "text",
    """
    |now|2024-5-3|2024-02-30|2023-02-29T10:00|2024-05-03T25:00|2024-05-03T24:01|2024-05-03T10:60|2024-05-03T10:00:60
    |2024-05-03T10:00+25:00|2024-05-03T10:00+08:60|0024-05-03T10:00|9999-12-31T24:00|2024-05-03T10:00 Asia/Shanghai
    |２０２４-05-03|12:30|2024-05-03T10:00+8|2024-05-03 |20240503|2024-W18-5
    """.replace("\n    ", "").split("|"),
)
def test_what_is_no_time(text):
    assert refused("WD403", text, SHANGHAI).args_["value"] == text


def test_a_time_that_never_was_is_refused_under_every_policy():
    for policy in ("refuse", "earlier", "later"):
        refused("WD404", "2024-03-10T02:30", NEW_YORK, (), policy)
    assert parse_instant("2024-03-10T03:00", NEW_YORK) == parse_instant("2024-03-10T01:59:59", NEW_YORK) + 1_000_000
    assert parse_instant("2024-03-10T02:30-05:00", NEW_YORK) == us(2024, 3, 10, 7, 30)


def test_a_time_that_was_twice_needs_a_policy():
    refused("WD405", "2024-11-03T01:30", NEW_YORK)
    assert parse_instant("2024-11-03T01:30", NEW_YORK, (), "earlier") == us(2024, 11, 3, 5, 30)
    assert parse_instant("2024-11-03T01:30", NEW_YORK, (), "later") == us(2024, 11, 3, 6, 30)
    assert parse_instant("2024-11-03T02:00", NEW_YORK) == us(2024, 11, 3, 7)


def test_formats_come_after_iso_in_their_order():
    boston = ("%m/%d/%Y %I:%M:%S %p",)
    assert parse_instant("01/05/2015 12:40:41 PM", NEW_YORK, boston) == us(2015, 1, 5, 17, 40, 41)
    assert parse_instant("2015-01-05T12:40:41", NEW_YORK, boston) == us(2015, 1, 5, 17, 40, 41)
    assert parse_instant("03/02/2024", "UTC", ("%d/%m/%Y", "%m/%d/%Y")) == us(2024, 2, 3)
    assert parse_instant("03/22/2024", "UTC", ("%d/%m/%Y", "%m/%d/%Y")) == us(2024, 3, 22)
    assert parse_instant("2024年5月3日", SHANGHAI, ("%Y年%m月%d日",)) == us(2024, 5, 2, 16)
    refused("WD403", "２０２４年5月3日", SHANGHAI, ("%Y年%m月%d日",))
    refused("WD404", "03/10/2024 02:30", NEW_YORK, ("%m/%d/%Y %H:%M",))


def test_dates():
    assert parse_date("2024-02-29") == to_day(date(2024, 2, 29))
    assert parse_date("5/3/2024", ("%m/%d/%Y",)) == to_day(date(2024, 5, 3))
    for text in ("2023-02-29", "2024-5-3", "1066-10-14", "5/3/2024"):
        with pytest.raises(WudingError) as caught:
            parse_date(text)
        assert caught.value.code == "WD402"


def test_an_unknown_zone():
    for name in ("Asia/Wuhan", "", "../etc/passwd"):
        with pytest.raises(WudingError) as caught:
            zone_info(name)
        assert caught.value.code == "WD401"


def test_formats_both_readers_understand():
    assert known_format("%m/%d/%Y %I:%M:%S.%f %p") and known_format("100%% %d %b %y")
    odd = ("%Y-%j", "%Y-%m-%d%", "%s", "%Y-%m-%d %f", "%H:%M", "%Y-%m-%d %Z", "%c", "%Y-%m", "%d %m")
    assert not any(known_format(form) for form in odd)
    assert has_clock("%I %p") and not has_clock("%Y-%m-%d")


def test_showing():
    moment = us(2024, 5, 3, 1)
    assert show_instant(moment, SHANGHAI) == "2024-05-03T09:00:00+08:00"
    assert iso_z(moment) == "2024-05-03T01:00:00Z"
    assert iso_z(moment + 5) == "2024-05-03T01:00:00.000005Z"
    assert parse_instant(iso_z(moment + 5), NEW_YORK) == moment + 5
    with pytest.raises(ValueError):
        to_us(datetime(2024, 5, 3))


def test_days_where_clocks_skip_or_repeat_midnight():
    # Beirut and São Paulo skip midnight: the day begins when clocks are moved.
    assert show_instant(day_start_us(to_day(date(2018, 11, 4)), "America/Sao_Paulo"), "America/Sao_Paulo") == (
        "2018-11-04T01:00:00-02:00"
    )
    # Toronto in 1919 went from 23:30 to 00:30: the day begins in the middle of its first hour.
    start = day_start_us(to_day(date(1919, 3, 31)), "America/Toronto")
    assert show_instant(start, "America/Toronto") == "1919-03-31T00:30:00-04:00"
    assert local_day(start - 1, "America/Toronto") == to_day(date(1919, 3, 30))
    # Samoa left out 30 December 2011.
    days = [day_start_us(to_day(date(2011, 12, n)), "Pacific/Apia") for n in (29, 30, 31)]
    assert days[1] - days[0] == DAY_US and days[2] == days[1]
    # St. John's once set its clocks back at 00:01, into the day before.
    start = day_start_us(to_day(date(2006, 10, 29)), "America/St_Johns")
    assert from_us(start + 90 * 10**6).astimezone(ZoneInfo("America/St_Johns")).day == 28
    assert local_day(start + 90 * 10**6, "America/St_Johns") == to_day(date(2006, 10, 29))


MOMENTS = st.integers(us(1900, 1, 2), us(2200, 1, 1))


@given(MOMENTS, st.sampled_from(ODD))
def test_days_are_half_open_spans_without_gaps(moment, zone):
    day = local_day(moment, zone)
    assert day_start_us(day, zone) <= moment < day_start_us(day + 1, zone)


@given(MOMENTS, st.sampled_from(ODD))
def test_what_is_shown_can_be_read(moment, zone):
    shown = show_instant(moment, zone)
    if re.search(r"[+-]\d\d:\d\d$", shown):  # before standard time, offsets had seconds
        assert parse_instant(shown, "UTC") == moment
    assert parse_instant(iso_z(moment), zone) == moment


MOVES = [datetime(2024, 3, 10, 2), datetime(2024, 11, 3, 1), datetime(2018, 11, 4), datetime(2024, 10, 6, 2),
         datetime(2024, 4, 7, 1, 30), datetime(2024, 3, 31, 1), datetime(2024, 10, 27, 1)]  # fmt: skip
AROUND = st.builds(lambda at, minutes: at + timedelta(minutes=minutes), st.sampled_from(MOVES), st.integers(-90, 150))


@given(st.one_of(AROUND, st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1))), st.sampled_from(ZONES))
def test_resolving_agrees_with_what_clocks_show(naive, zone):
    """A time exists as often as there are instants at which the zone's clocks show it."""

    def told(policy):
        try:
            return resolve(naive, zone, policy)
        except WudingError as error:
            return error.code

    info = ZoneInfo(zone)
    guesses = {to_us(naive.replace(tzinfo=info, fold=fold)) for fold in (0, 1)}
    showing = sorted(u for u in guesses if from_us(u).astimezone(info).replace(tzinfo=None) == naive)
    expected: list[int | str] = ["WD404"] * 3
    if showing:
        expected = [showing[0] if len(showing) == 1 else "WD405", showing[0], showing[-1]]
    assert [told("refuse"), told("earlier"), told("later")] == expected
