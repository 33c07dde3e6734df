"""The small texts of the language: durations, dates, times, percents, and what tells a test from free text."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from fractions import Fraction

from wuding.domain.period import to_day
from wuding.errors import Span, WudingError
from wuding.lang.nodes import Duration
from wuding.lang.tree import wrong

_BOUND = r"(?:-?\d[\w.%: +-]*?|\$[\w-]+|holder\.[\w-]+)?"
_STARTS = r">=|<=|!=|=|<|>|not\s*\(|\$\w|holder\.|(?:present|absent)\s*\Z|-?\d+(?:\.\d+)? ?%\s*\Z"
AS_TEST = re.compile(rf"\s*(?:{_STARTS}|{_BOUND}\s*\.\.\s*{_BOUND}\s*\Z)")
INTERVAL = re.compile(r"(-?\d+(?:\.\d+)?)?\.\.(-?\d+(?:\.\d+)?)?\Z")
_DURATION = re.compile(r"(\d{1,6}) ?(minute|min|hour|h|day|d|workday|week|month|year)(s?)\Z")
_UNITS = {"minute": "min", "hour": "h", "day": "d"}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_WIDE = {
    "～": "..",
    "…": "..",
    "。": ".",
    "、": ",",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
}


def duration_of(text: str) -> Duration | None:
    """The duration that `text` writes, or None."""
    match = _DURATION.match(text.strip())
    if not match or (match[3] and match[2] in ("h", "d", "min")):
        return None
    return Duration(int(match[1]), _UNITS.get(match[2], match[2]))


def percent_of(text: str) -> Fraction | None:
    """`30%` is 0.3; None for any other text."""
    match = re.match(r"(-?\d{1,9}(?:\.\d{1,9})?) ?%\Z", text.strip())
    return Fraction(match[1]) / 100 if match else None


def narrow(char: str) -> str:
    """The character that the language reads, for one that a Chinese keyboard writes."""
    return _WIDE.get(char) or unicodedata.normalize("NFKC", char)


def plain_width(text: str) -> tuple[int, str, str] | None:
    """The first full-width character of a text that would read as a test if it were narrow: place, character,
    what to write. None for free text, which may hold any character."""
    if text.isascii():
        return None
    written = "".join(narrow(char) for char in text)
    if not AS_TEST.match(written) and not re.match(r"[-+]?\d+(\.\d+)?\s*\Z", written):
        return None
    for at, char in enumerate(text):
        if narrow(char) != char and narrow(char).isascii():
            return at, char, narrow(char)
    return None


# ── dates and times ──────────────────────────────────────────────────────────────────────────────
def read_date(text: str, span: Span) -> int:
    """Days since 1970-01-01. Raises Rejected: WD219 not a date, WD220 a date that does not exist."""
    if not _DATE.match(text):
        raise wrong("WD219", span, text=text, expected="date")
    try:
        return to_day(date.fromisoformat(text))
    except ValueError:
        raise wrong("WD220", span, text=text) from None


def zone_exists(name: str) -> bool:
    """Is there a time zone of this name?"""
    from wuding.domain.instants import zone_info

    try:
        return zone_info(name) is not None
    except WudingError:
        return False


def read_time(text: str, zone: str, span: Span) -> int:
    """Microseconds since 1970-01-01 UTC; without an offset the text is wall-clock time of `zone`, a bare date
    its first moment. Raises Rejected: WD219, WD220, WD221 (no such wall-clock time, or it exists twice)."""
    from wuding.domain.instants import parse_instant

    if _DATE.match(text[:10]):
        read_date(text[:10], span)
    try:
        return parse_instant(text, zone)
    except WudingError as error:
        if error.code in ("WD404", "WD405"):
            raise wrong("WD221", span, text=text, zone=zone) from None
        raise wrong("WD219", span, text=text, expected="time") from None
