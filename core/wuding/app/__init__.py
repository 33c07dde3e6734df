"""The use cases: open, record, import, check, look back. What the commands use, and what other software embeds.

    from wuding import Wuding

    w = Wuding.open("sqlite:///grid.db", books=["fire/nancheng"])
    w.record("inspection", grid="361021100201", actor="li", at="2024-06-03T10:00", filed=True)
    for finding in w.check(as_of="2024-07-01").findings():
        print(finding.id, finding.status)

The only room that brings ledger, engine and assessment together.
"""

from __future__ import annotations

from wuding.app.answers import Answer, Change
from wuding.app.checking import CheckResult, WrittenCheck
from wuding.app.opened import Moment
from wuding.app.parting import check_columns, check_columns_to
from wuding.app.reporting import Reporting
from wuding.app.watching import Watching

__all__ = ["Answer", "Change", "CheckResult", "Moment", "WrittenCheck", "Wuding", "check_columns", "check_columns_to"]


class Wuding(Watching, Reporting):
    """A ledger with the books that govern it. Get one from `Wuding.open`; use it as a context manager or `close` it."""
