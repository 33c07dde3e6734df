"""Exact arithmetic: fractions inside, scaled 64-bit integers at rest, one rounding, half away from zero.

Semantics 19. Every engine and every backend rounds through this module and never through its own
`round`: Polars rounds 2.5 to 2, floats cannot hold 0.1.
"""

from __future__ import annotations

from fractions import Fraction

SCALE = 10**6
INT64_MAX = 2**63 - 1


def rounded(value: Fraction, places: int = 0, mode: str = "half-away") -> Fraction:
    """`value` at `places` decimal places; ties go away from zero (四舍五入), or to even on request.

    Raises ValueError for an unknown mode.
    """
    scaled = value * 10**places
    if mode == "half-even":
        return Fraction(round(scaled), 10**places)
    if mode != "half-away":
        raise ValueError(mode)
    whole = (2 * abs(scaled).numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if scaled >= 0 else -whole, 10**places)


def to_scaled(value: Fraction) -> int:
    """`value` as an integer of millionths, rounded half away from zero. Raises OverflowError outside 64 bits."""
    whole = int(rounded(value * SCALE))
    if abs(whole) > INT64_MAX:
        raise OverflowError(f"{value} does not fit a scaled 64-bit integer")
    return whole


def from_scaled(value: int) -> Fraction:
    """The number that an integer of millionths stands for."""
    return Fraction(value, SCALE)


def plain(value: Fraction) -> str:
    """`value` as people write it: `100`, `97.5`, at most six places, no trailing zeros."""
    text = str(int(rounded(value * SCALE)))
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    digits = digits.rjust(7, "0")
    whole, part = digits[:-6], digits[-6:].rstrip("0")
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"
