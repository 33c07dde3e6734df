"""When time alone may next change a rule's findings: until then nothing of it need be looked at.

The findings say it themselves: each limit that is still ahead stands in its `due`. What stands in no finding is a
new day (which begins and ends periods, gaps, posts), a fact dated ahead, and the windows and pauses of a few rules,
which are asked again whenever time passes.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from wuding.assess.board import Row
from wuding.domain.instants import day_start_us, local_day
from wuding.lang.nodes import Duration
from wuding.program.added import Added
from wuding.program.model import Escalation, Rule, Selector, Target
from wuding.program.parts import parts_of

NEVER = 2**62
SETTLED = (
    "met",
    "missed",
    "done",
    "late",
    "out-of-order",
    "failed",
    "told",
    "dropped",
    "reached",
)  # whatever time does


def next_day(as_of: int, zone: str) -> int:
    """The first moment at which a day that has not begun is asked about: a day has begun when a moment of it lies
    before the moment asked."""
    return day_start_us(local_day(as_of - 1, zone) + 1, zone) + 1


def midnight(as_of: int, zone: str) -> int:
    """The first midnight after the moment: periods that end then are over then."""
    return day_start_us(local_day(as_of, zone) + 1, zone)


def restless(rule: Rule) -> bool:
    """May the rule's findings change with any moment that passes?"""
    if isinstance(rule, Added):  # nobody but its plugin knows what it waits for
        return True
    if isinstance(rule, Target) and rule.hold:
        return True
    moving = isinstance(rule, Escalation) and (rule.pauses is not None or any(s.repeat for s in rule.steps))
    if moving:
        return True
    return any(isinstance(p, Selector) and isinstance(p.within, Duration) for p in parts_of(rule))


def pulse_of(frame: pl.DataFrame, as_of: int) -> int:
    """The first moment after `as_of` at which a limit in the findings passes."""
    due = frame.get_column("due")
    ahead = frame.filter((due >= as_of) & ~frame.get_column("status").is_in(SETTLED)).get_column("due")
    return _pulse(ahead.min(), as_of)


def pulse_in(rows: Iterable[Row], as_of: int) -> int:
    """The same of single findings."""
    due = (row["due"] for row in rows if row["due"] is not None and row["status"] not in SETTLED)
    return _pulse(min((moment for moment in due if moment >= as_of), default=None), as_of)


def _pulse(low: object, as_of: int) -> int:
    # At the very limit is in time: it has passed a microsecond later. A notice without a wait is due at once.
    return NEVER if not isinstance(low, int) else max(low, as_of + 1)
