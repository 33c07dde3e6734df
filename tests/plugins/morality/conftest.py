"""A village bank on a real ledger: a village of a few households, and what happens there in few words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from wuding import Wuding
from wuding.domain.grid import Grid
from wuding.domain.subject import Subject
from wuding.store.ledger import NewFact

BOOK = "morality/village-bank"
HOUSEHOLDS = ("H1", "H2", "H3")


@dataclass
class Bank:
    """`w` is open with the book of the village bank."""

    w: Wuding

    def __getattr__(self, type_: str) -> Callable[..., int]:
        """`bank.redeemed("H1", "2024-03-01", points=5)` records a fact of a household or the village; its sequence."""

        def record(about: str, at: str, **fields: object) -> int:
            kind = "subject" if about in HOUSEHOLDS else "grid"
            place: dict[str, Any] = {kind: about}
            return self.w.record(type_.replace("_", "-"), at=at, **place, **fields).first_seq

        return record

    def claim_path(self, household: str, case: str, points: int, month: str = "2024-02") -> None:
        """Everything up to and with the publication, on the third: it is over with the eighth."""
        told = {"happened": f"{month}-01T08:00", "place": "村口", "reason": "清扫", "evidence": "照片"}
        self.claim(household, f"{month}-01T10:00", claim_id=case, source="household", **told)
        self.reviewed(household, f"{month}-02T10:00", claim_id=case, passed=True, points=points)
        self.publicised(household, f"{month}-03T10:00", claim_id=case)

    def credit(self, household: str, case: str, points: int, at: str = "2024-02-10") -> int:
        return self.entered(household, at, claim_id=case, category="deeds", points=points, card=f"K{case}")

    def earn(self, household: str, case: str, points: int, month: str = "2024-02") -> int:
        self.claim_path(household, case, points, month)
        return self.credit(household, case, points, f"{month}-10")


def opened(url: str) -> Wuding:
    return Wuding.open(url, books=[BOOK])


def found(w: Wuding) -> None:
    """The village, its households, their accounts."""
    w.add_grids([Grid("220281", "蛟河市", None, "county"), Grid("T1", "天岗镇", "220281", "town"),
                 Grid("V1", "一村", "T1", "village")])  # fmt: skip
    w.add_subjects([Subject(name, "household", "V1", f"{name}家", {"members": 4}) for name in HOUSEHOLDS])
    at, told = w.moment("2024-01-01"), {"opened": "2024-01-01"}
    w.ledger.append([NewFact("morality", "account-opened", at, "V1", name, fields=told) for name in HOUSEHOLDS])


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bank]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with opened(f"sqlite:///{tmp_path}/bank.db") as w:
        found(w)
        yield Bank(w)
