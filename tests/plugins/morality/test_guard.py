"""What is decided while it is written: nothing overdrawn, nothing unfounded, one account each; on both databases, and
when many write at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.morality.conftest import BOOK, Bank, found, opened

from wuding import Wuding
from wuding.errors import WudingError


def refused(code: str) -> Any:
    return pytest.raises(WudingError, match=code)


# ── redemption ───────────────────────────────────────────────────────────────────────────────────
def test_redemption_never_exceeds_the_balance(bank: Bank) -> None:
    bank.earn("H1", "C1", 10)
    with refused("WD854.*H1 has 10, and 11"):
        bank.redeemed("H1", "2024-03-01", points=11)
    bank.redeemed("H1", "2024-03-01", points=10)  # all of it
    with refused("WD854.*H1 has 0, and 1"):
        bank.redeemed("H1", "2024-03-02", points=1)
    with refused("WD862"):
        bank.redeemed("H1", "2024-03-02", points=-1)


def test_redeemable_points_start_again_each_year(bank: Bank) -> None:
    bank.earn("H1", "C1", 10)
    with refused("WD854"):
        bank.redeemed("H1", "2025-01-01T00:00", points=1)
    bank.redeemed("H1", "2024-12-31T23:59", points=1)


def test_a_household_lives_on_its_own_points(bank: Bank) -> None:
    bank.earn("H1", "C1", 10)
    with refused("WD854.*H2 has 0"):
        bank.redeemed("H2", "2024-03-01", points=1)


def test_bad_conduct_takes_what_there_is(bank: Bank) -> None:
    bank.earn("H1", "C1", 3)
    bank.earn("H1", "C2", -5, "2024-03")
    with refused("WD854.*H1 has 0"):
        bank.redeemed("H1", "2024-04-01", points=1)
    bank.earn("H1", "C3", 2, "2024-05")
    bank.redeemed("H1", "2024-06-01", points=2)


def test_a_correction_cannot_uncover_what_was_spent(bank: Bank) -> None:
    seq = bank.earn("H1", "C1", 10)
    out = bank.redeemed("H1", "2024-03-01", points=6)
    for new in (
        {"void": True},
        {"claim_id": "C1", "category": "deeds", "points": 5, "card": "K"},
        {"at": "2023-12-31"},
    ):
        with refused("WD85[4678]|WD860"):
            bank.w.correct(seq, **new)
    with refused("WD854"):
        bank.w.correct(out, points=11)
    with refused("WD854"):
        bank.w.correct(out, subject="H2")
    bank.w.correct(out, points=2)
    bank.redeemed("H1", "2024-03-02", points=8)


def test_a_correction_taken_back_counts_no_more(bank: Bank) -> None:
    bank.earn("H1", "C1", 10)
    out = bank.redeemed("H1", "2024-03-01", points=10)
    correction = bank.w.correct(out, void=True).first_seq
    bank.redeemed("H1", "2024-03-02", points=10)
    with refused("WD854"):  # without the correction the first ten would be spent again
        bank.w.correct(correction, void=True)
    assert bank.w.verify() == []


def test_an_old_fault_keeps_nobody_from_recording(bank: Bank) -> None:
    watches, bank.w.ledger.watches = bank.w.ledger.watches, tuple
    bank.redeemed("H1", "2024-01-05", points=5)  # before there was a guard
    bank.w.ledger.watches = watches
    bank.earn("H1", "C1", 10)
    bank.redeemed("H1", "2024-03-01", points=5)
    with refused("WD854"):
        bank.redeemed("H1", "2024-03-02", points=1)


# ── goods and money ──────────────────────────────────────────────────────────────────────────────
def test_money_goes_out_of_the_source_it_came_from(bank: Bank) -> None:
    bank.fund_in("V1", "2024-01-02", source="fiscal", amount="100.50")
    with refused("WD854"):
        bank.fund_out("V1", "2024-01-03", source="donation", amount="0.01")
    with refused("WD854"):
        bank.fund_out("V1", "2024-01-03", source="fiscal", amount="100.51")
    bank.fund_out("V1", "2024-01-03", source="fiscal", amount="100.50")


def test_what_is_redeemed_leaves_the_stock(bank: Bank) -> None:
    bank.earn("H1", "C1", 10)
    bank.goods_in("V1", "2024-01-02", item="rice", quantity=3)
    bank.redeemed("H1", "2024-03-01", points=2, item="rice", quantity=2)
    with refused("WD854.*V1 rice has 1, and 2"):
        bank.redeemed("H1", "2024-03-01", points=2, item="rice", quantity=2)
    with refused("WD854"):
        bank.goods_out("V1", "2024-03-01", item="oil", quantity=1)


# ── from claim to credit ─────────────────────────────────────────────────────────────────────────
def test_a_credit_waits_for_the_five_days(bank: Bank) -> None:
    bank.claim_path("H1", "C1", 5)
    with refused("WD857.*until 2024-02-09 00:00"):
        bank.credit("H1", "C1", 5, "2024-02-08T23:59")
    bank.credit("H1", "C1", 5, "2024-02-09T00:00")
    with refused("WD859"):
        bank.credit("H1", "C1", 5, "2024-02-10")


def test_a_credit_needs_all_that_goes_before(bank: Bank) -> None:
    with refused("WD856.*no claim"):
        bank.credit("H1", "C1", 5)
    bank.claim("H1", "2024-02-01", claim_id="C1", place="村口", reason="清扫", evidence="照片")  # no time
    with refused("WD856.*no claim"):
        bank.credit("H1", "C1", 5)
    bank.claim_path("H2", "C2", 5)
    with refused("WD856"):  # another household's
        bank.credit("H1", "C2", 5)
    with refused("WD858.*5 was agreed"):
        bank.credit("H2", "C2", 6)


def test_after_an_objection_again(bank: Bank) -> None:
    bank.claim_path("H1", "C1", 5)
    bank.objection("H1", "2024-02-08T23:00", claim_id="C1")
    with refused("WD856.*no reviewed"):
        bank.credit("H1", "C1", 5)
    bank.reviewed("H1", "2024-02-11", claim_id="C1", passed=True, points=3)
    with refused("WD856.*no publicised"):
        bank.credit("H1", "C1", 3, "2024-02-20")
    bank.publicised("H1", "2024-02-12", claim_id="C1")
    bank.credit("H1", "C1", 3, "2024-02-20")


def test_one_account_for_each_household(bank: Bank) -> None:
    with refused("WD861"):
        bank.account_opened("H1", "2024-05-01", opened="2024-05-01")
    bank.w.correct(
        next(f.seq for f in bank.w.ledger.facts(type="account-opened")), opened="2024-01-01", closed="2024-04-30"
    )
    bank.account_opened("H1", "2024-05-01", opened="2024-05-02")
    with refused("WD860.*2024-05-01"):
        bank.honour("H1", "2024-05-01", name="moral-model", points=30)
    bank.honour("H1", "2024-05-02", name="moral-model", points=30)


# ── many at once ─────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = f"sqlite:///{tmp_path}/bank.db" if request.param == "sqlite" else request.getfixturevalue("postgresql")
    with opened(made) as w:
        found(w)
        Bank(w).earn("H1", "C1", 10)
        w.put_in_force(BOOK)
    return str(made)


def redeem(url: str, times: int) -> int:
    """Redeem three points, again and again; how often it was let."""
    done = 0
    with Wuding.open(url) as w:
        for n in range(times):
            try:
                w.record("redeemed", subject="H1", at=f"2024-03-0{n + 1}", points=3)
                done += 1
            except WudingError as error:
                assert error.code == "WD854"
    return done


def test_many_at_once_never_overspend(url: str) -> None:
    """Two processes and two threads of a third, each with a ledger opened for itself."""
    code = f"from tests.plugins.morality.test_guard import redeem; print(redeem({url!r}, 2))"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        done = sum(pool.map(lambda _: redeem(url, 2), range(2)))
    assert done + sum(int(one.communicate()[0]) for one in running) == 3
    with Wuding.open(url) as w:
        assert len(list(w.ledger.facts(type="redeemed"))) == 3
        found = w.check("2024-12-31", save=False).findings(rule="points", holder="H1", step="redeemable")
        assert [(line.status, line.value_low) for line in found] == [("covered", 1)]
        assert w.verify() == []
