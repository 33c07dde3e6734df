"""A simulated year for any rule book: who is there, and what they did, read off the book's own rules.

It knows no domain. A linked `Program` says what is asked, of whom and how often; the simulator does most of it, some of
it late, some not at all. Equal seeds give equal years.
"""

from __future__ import annotations

from wuding_rules.demo.simulated.recorded import record
from wuding_rules.demo.simulated.year import Year, simulate

__all__ = ["Year", "record", "simulate"]
