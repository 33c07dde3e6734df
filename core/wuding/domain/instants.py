"""Instants: microseconds since 1970-01-01 UTC, read from and shown in a jurisdiction's zone (semantics 7).

ISO 8601 is read first, then the formats that the caller allows (those of `strptime`). A wall-clock time
that does not exist is refused; one that exists twice is refused unless a policy says which is meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from wuding.domain.period import to_date, to_day
from wuding.errors import WudingError

Ambiguous = Literal["refuse", "earlier", "later"]

AnyDate = TypeVar("AnyDate", date, datetime)

EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

YEARS = (1700, 2250)  # what is read as a date: beyond, it is a slip of the pen, and the ledger cannot hold it

# One text, two readers: here with `re`, in bulk with Polars' regular expressions. Both know this subset.
ISO_DATE = r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
ISO_TIME = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,6})[0-9]*)?)?"
    r" ?(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2})?)?"
)
DIRECTIVES = frozenset("YymbBdHIMSpf%")  # of strptime; `%f` only after a point


@lru_cache(maxsize=64)
def zone_info(name: str) -> ZoneInfo:
    """The zone called `name` (`Asia/Shanghai`). Raises WD401 for a name that the zone database lacks."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise WudingError("WD401", zone=name) from None


def to_us(when: datetime) -> int:
    """The instant of an aware datetime. Exact. Raises ValueError for a naive one."""
    if when.tzinfo is None:
        raise ValueError("a naive datetime is no instant")
    return (when - EPOCH_UTC) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """The aware datetime, in UTC, of an instant. Raises OverflowError outside the years 1 to 9999."""
    return EPOCH_UTC + timedelta(microseconds=us)


def day_start_us(day: int, zone: str) -> int:
    """The first instant of a local day. Where clocks skip midnight, that is the moment they are moved.

    A day that a zone skipped whole (Samoa, 30 December 2011) is empty: it starts where the next one does.
    """
    return _day_start(day, zone)


@lru_cache(maxsize=65536)
def _day_start(day: int, zone: str) -> int:
    info = zone_info(zone)
    midnight = datetime.combine(to_date(day), time(), tzinfo=info)
    first = to_us(midnight)
    if _exists(midnight):
        return first
    # In a gap, fold 1 lies before the change and fold 0 after it; the change itself is between them.
    low, high = to_us(midnight.replace(fold=1)), first
    before = from_us(low).astimezone(info).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if from_us(middle).astimezone(info).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def local_day(us: int, zone: str) -> int:
    """The local day that holds an instant: `day_start_us(d) <= us < day_start_us(d + 1)`.

    Where clocks were once set back over midnight, the repeated minutes belong to the day that had begun.
    """
    day = to_day(from_us(us).astimezone(zone_info(zone)).date())
    return day + 1 if us >= _day_start(day + 1, zone) else day


def show_instant(us: int, zone: str) -> str:
    """ISO 8601 in the zone, with its offset: `2024-05-03T09:00:00+08:00`; microseconds only if there are any."""
    return from_us(us).astimezone(zone_info(zone)).isoformat()


def iso_z(us: int) -> str:
    """An instant as facts hold it: `2024-05-03T01:00:00Z`; microseconds only if there are any."""
    return from_us(us).replace(tzinfo=None).isoformat() + "Z"


def parse_date(text: str, formats: Sequence[str] = ()) -> int:
    """The day that `text` names: `2024-05-03`, or in one of `formats`. Raises WD402."""
    try:
        if re.fullmatch(ISO_DATE, text):
            return to_day(_sane(date.fromisoformat(text)))
        if found := _by_format(text, formats):
            return to_day(_sane(found[0]).date())
    except ValueError:
        raise WudingError("WD402", value=text) from None
    raise WudingError("WD402", value=text)


def parse_instant(text: str, zone: str, formats: Sequence[str] = (), ambiguous: Ambiguous = "refuse") -> int:
    """The instant that `text` names. A time without an offset is the zone's wall clock; a date alone is the
    start of its day; `24:00` is the end of its day.

    Raises WD403 (not a time), WD404 (that wall-clock time does not exist), WD405 (it exists twice).
    """
    try:
        if re.fullmatch(ISO_DATE, text):
            return day_start_us(to_day(_sane(date.fromisoformat(text))), zone)
        if found := re.fullmatch(ISO_TIME, text):
            return _iso(found, zone, ambiguous)
        if read := _by_format(text, formats):
            when, form = _sane(read[0]), read[1]
            if when.tzinfo:
                return to_us(when)
            return resolve(when, zone, ambiguous) if has_clock(form) else day_start_us(to_day(when.date()), zone)
    except ValueError:
        raise WudingError("WD403", value=text) from None
    raise WudingError("WD403", value=text)


def has_clock(form: str) -> bool:
    """Does a format read a time of day, or a date alone?"""
    return "%H" in form or "%I" in form


def known_format(form: str) -> bool:
    """Does a format name a whole date, in directives that both readers, this one and the one for columns, know?"""
    letters = re.findall(r"%(.?)", form)
    whole = all(any(one in letters for one in part) for part in ("Yy", "mbB", "d"))
    return whole and DIRECTIVES.issuperset(letters) and not re.search(r"(?<!\.)%f", form)


def resolve(naive: datetime, zone: str, ambiguous: Ambiguous = "refuse") -> int:
    """The instant at which the zone's clocks show `naive`. Raises WD404 (never), WD405 (twice, no policy)."""
    first = naive.replace(tzinfo=zone_info(zone), fold=0)
    second = first.replace(fold=1)
    if not _exists(first):
        raise WudingError("WD404", value=naive.isoformat(" "), zone=zone)
    if first.utcoffset() == second.utcoffset() or ambiguous == "earlier":
        return to_us(first)
    if ambiguous == "later":
        return to_us(second)
    raise WudingError("WD405", value=naive.isoformat(" "), zone=zone)


def _exists(local: datetime) -> bool:
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)


def _sane(when: AnyDate) -> AnyDate:
    if not YEARS[0] <= when.year <= YEARS[1]:
        raise ValueError(when)
    return when


def _iso(found: re.Match[str], zone: str, ambiguous: Ambiguous) -> int:
    day, hour, minute, second, part, zulu, sign, offset_h, offset_m = found.groups()
    late = (hour, minute, second or "00", (part or "").strip("0")) == ("24", "00", "00", "")
    clock = time(0) if late else time(int(hour), int(minute), int(second or 0), int((part or "0").ljust(6, "0")))
    naive = datetime.combine(_sane(date.fromisoformat(day)), clock) + timedelta(days=1 if late else 0)
    if not (zulu or sign):
        # The end of a day is that day's, though clocks may skip the midnight that it is written as.
        return day_start_us(to_day(naive.date()), zone) if late else resolve(naive, zone, ambiguous)
    if int(offset_m or 0) > 59 or int(offset_h or 0) > 23:
        raise ValueError(found[0])
    offset = timedelta(hours=int(offset_h or 0), minutes=int(offset_m or 0))
    return to_us(naive.replace(tzinfo=timezone(-offset if sign == "-" else offset)))


def _by_format(text: str, formats: Sequence[str]) -> tuple[datetime, str] | None:
    """What the first format that fits makes of `text`. `strptime` also reads other scripts' digits; we do not."""
    if any(c.isdigit() and not c.isascii() for c in text):
        return None
    for form in formats:
        try:
            return datetime.strptime(text, form), form
        except ValueError:
            continue
    return None
