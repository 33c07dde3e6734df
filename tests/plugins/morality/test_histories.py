"""Random histories of claims, objections, honours, redemptions and corrections: no balance ever falls below zero, the
books balance at every step, what is refused would have overdrawn, and a ledger replayed gives the same statements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.plugins.morality.conftest import BOOK, HOUSEHOLDS, Bank, found

from wuding import Wuding
from wuding.errors import WudingError
from wuding.store.ledger import NewFact
from wuding_morality.assess import lines
from wuding_morality.papers import desk, rendered
from wuding_morality.replay import trial_balance
from wuding_morality.statement import statement

YEARS = ("2024", "2025")
Op = tuple[Any, ...]
WHO, YEAR, POINTS = st.sampled_from(HOUSEHOLDS[:2]), st.sampled_from(YEARS), st.integers(1, 12)
OPS = st.one_of(
    st.tuples(st.just("honour"), WHO, YEAR, POINTS),
    st.tuples(st.just("redeem"), WHO, YEAR, POINTS),
    st.tuples(st.just("claim"), WHO, YEAR, st.integers(-6, 12), st.booleans()),
    st.tuples(st.just("correct"), st.integers(0, 9), POINTS),
    st.tuples(st.just("void"), st.integers(0, 9)),
)


@dataclass
class Model:
    """What the accounts must be, reckoned by hand: by sequence who, in which year, how many points (out: negative), and
    whether they were taken away or redeemed."""

    moves: dict[int, tuple[str, str, int, bool]] = field(default_factory=dict)

    def overdrawn(self, moves: dict[int, tuple[str, str, int, bool]]) -> bool:
        left: dict[tuple[str, str], int] = {}
        for _, (who, year, points, redeemed) in sorted(moves.items()):
            now = left.get((who, year), 0) + points
            if now < 0 and redeemed:
                return True
            left[who, year] = max(now, 0)
        return False

    def balance(self, who: str, year: str) -> int:
        left = 0
        for _, (of, when, points, _) in sorted(self.moves.items()):
            left = max(left + points, 0) if (of, when) == (who, year) else left
        return left


def tried(bank: Bank, model: Model, op: Op, n: int) -> None:
    """Do it; what is refused must have been wrong, what is let must have been right."""
    match op:
        case ("honour", who, year, points):
            seq = bank.honour(who, f"{year}-02-01", name="moral-model", points=points)
            model.moves[seq] = (who, year, points, False)
        case ("redeem", who, year, points):
            after = {**model.moves, 2**40: (who, year, -points, True)}
            seq_or_none = let(model.overdrawn(after), lambda: bank.redeemed(who, f"{year}-06-01", points=points))
            if seq_or_none is not None:
                model.moves[seq_or_none] = (who, year, -points, True)
        case ("claim", who, year, points, opposed):
            case = f"C{n}"
            bank.claim_path(who, case, points, f"{year}-03")
            if opposed:
                bank.objection(who, f"{year}-03-05", claim_id=case)
            seq_or_none = let(opposed, lambda: bank.credit(who, case, points, f"{year}-03-10"))
            if seq_or_none is not None:
                model.moves[seq_or_none] = (who, year, points, False)
        case (kind, which, *rest):
            free = sorted(model.moves.keys() & corrigible(bank))
            if free:
                corrected(bank, model, free[which % len(free)], rest[0] if kind == "correct" else None)


def corrigible(bank: Bank) -> set[int]:
    """Credits of claims hang on what was agreed; honours and redemptions may be corrected freely."""
    return {fact.seq for fact in bank.w.ledger.facts() if fact.type in ("honour", "redeemed")}


def corrected(bank: Bank, model: Model, seq: int, points: int | None) -> None:
    who, year, _, redeemed = model.moves[seq]
    after = {key: move for key, move in model.moves.items() if key != seq}
    if points is None:
        done = let(model.overdrawn(after), lambda: bank.w.correct(seq, void=True).first_seq)
    else:
        after[seq] = (who, year, -points if redeemed else points, redeemed)
        more: dict[str, Any] = {} if redeemed else {"name": "moral-model"}
        done = let(model.overdrawn(after), lambda: bank.w.correct(seq, points=points, **more).first_seq)
    if done is not None:
        model.moves = after


def let(wrong: bool, do: Any) -> int | None:
    try:
        seq: int = do()
    except WudingError as error:
        assert wrong, error
        return None
    assert not wrong
    return seq


def books(w: Wuding) -> Iterator[tuple[str, str, Any]]:
    """Every line of the accounts of points, as a check sees them."""
    program = w.shelf.program(BOOK)
    snap = w.snapshot(program, w.moment("2026-06-01"), w.ledger.head().seq, None)
    at = desk(program, snap, "en")
    for line in lines(at.ctx, next(rule for rule in at.rules if rule.head.id == "points")):
        yield str(line.held.keys["holder"]), line.label, line


def papers(w: Wuding) -> list[str]:
    return [rendered(statement(w, who, as_of="2026-06-01", lang="zh"), "text") for who in HOUSEHOLDS]


def again(w: Wuding, url: str) -> Wuding:
    """A ledger with the same facts, recorded anew, under the same guard. A correction names what is recorded before."""
    other = Wuding.open(url, books=[BOOK], clock=w.ledger.clock)
    for _, some in groupby(w.ledger.facts(), key=lambda fact: fact.type == "correction" and fact.seq):
        other.ledger.append([NewFact(f.domain, f.type, f.at, f.grid, f.subject, f.actor, f.fields) for f in some])
    return other


# A step takes a tenth of a second: to shrink a history would take longer than to read it.
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(ops=st.lists(OPS, min_size=3, max_size=9))
def test_random_histories(ops: list[Op], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder: Path = tmp_path_factory.mktemp("history")
    with pytest.MonkeyPatch.context() as patch, Wuding.open("sqlite://", books=[BOOK]) as w:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        found(w)
        bank, model = Bank(w), Model()
        for n, op in enumerate(ops):
            tried(bank, model, op, n)
            assert not model.overdrawn(model.moves)
        for who, label, line in books(w):
            assert not line.told.uncovered
            assert sum(trial_balance(line.told.entries).values()) == 0
            if line.balance.name == "redeemable" and label in YEARS:
                assert line.told.balance == model.balance(who, label) * 10**6
        with again(w, "sqlite://") as other:
            assert papers(other) == papers(w)
        assert w.verify() == []
