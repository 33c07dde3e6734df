"""`wuding demo`: every scenario that the installed plugins offer, on a new ledger."""

from __future__ import annotations

from wuding.demo.run import run_demo
from wuding.demo.table import table

__all__ = ["run_demo", "table"]
