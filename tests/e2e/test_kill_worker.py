"""The durable engine's worker is killed again and again while facts arrive: no fact is lost, no answer is missing or
doubled, none differs from what the columnar engine alone answers.

`WUDING_NIGHTLY=1` takes 10,000 arrivals and 100 kills.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from tests.e2e.test_arrivals import KEY
from tests.e2e.test_known_at import Clock, begin, book, opened

from wuding import Wuding
from wuding.app.answers import Answer
from wuding.engines.columnar.matches import Columnar
from wuding.engines.durable.library import available
from wuding.engines.durable.supervise import DurableWorker
from wuding.store.outbox import notices

__all__ = ["book"]
ARRIVALS, KILLS = (10_000, 100) if os.environ.get("WUDING_NIGHTLY") else (300, 5)
STEP = 1_800_000_000  # half an hour between two arrivals


def facts(count: int) -> Iterator[tuple[str, dict[str, object]]]:
    chance = random.Random(4)
    for n in range(count):
        place = {"grid": f"B{chance.randrange(6)}", "actor": f"p{chance.randrange(7)}"}
        kind = chance.random()
        if kind < 0.5:
            yield "inspection", {**place, **({"filed": chance.random() < 0.8} if chance.random() < 0.9 else {})}
        elif kind < 0.7:
            yield "patrol", {**place, "scope": "gas"}
        elif kind < 0.84:
            yield "hazard", {**place, "hazard_id": f"N{n}", "severity": "major"}
        elif kind < 0.98:
            yield "rectified", {**place, "hazard_id": f"N{chance.randrange(n + 1)}", "accepted": chance.random() < 0.9}
        else:
            yield "fire", {**place, "grade": "general", "poor_work": chance.random() < 0.5}


def told(answer: Answer) -> list[tuple[str, str, object]]:
    changes: list[tuple[str, str, object]] = [(c.what, c.finding.id, c.new) for c in answer.changes]
    sent: list[tuple[str, str, object]] = [("notice", n.id, n.kind) for n in answer.notices]
    return sorted(changes, key=lambda one: one[:2]) + sorted(sent, key=lambda one: one[:2])


def arrive(w: Wuding, clock: Clock) -> Iterator[list[tuple[str, str, object]]]:
    w.tick()
    for type_, fields in facts(ARRIVALS):
        clock.now += STEP
        yield told(w.record(type_, **fields))


class Killer(threading.Thread):
    """Kills the worker at moments that nobody chose."""

    def __init__(self, worker: DurableWorker) -> None:
        super().__init__(daemon=True)
        self.worker, self.kills, self.over = worker, 0, False
        self.seen = 0  # arrivals answered by now

    def run(self) -> None:
        chance = random.Random(5)
        while not self.over and self.kills < KILLS:
            time.sleep(chance.random() / 200)
            pid = self.worker.pid
            if pid is not None and self.seen >= ARRIVALS * self.kills // KILLS:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.kills += 1


@pytest.mark.skipif(not available(), reason="durable-rules is not for this Python")
def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path, book: Path) -> None:
    answers = []
    for name, matcher in (("killed", DurableWorker()), ("columnar", Columnar())):
        clock = Clock()
        url = f"sqlite:///{tmp_path}/{name}.db"
        with opened(url, clock, book) as w:
            begin(w)
        with opened(url, clock, book, answering=True) as w:
            w.arrivals().matcher = matcher
            killer = Killer(matcher) if isinstance(matcher, DurableWorker) else None
            if killer:
                killer.start()
            before, told_ = w.ledger.head().seq, []
            for one in arrive(w, clock):
                told_.append(one)
                if killer:
                    killer.seen = len(told_)
            if killer:
                killer.over = True
                killer.join()
                assert killer.kills == KILLS
                assert matcher.tally.answered > ARRIVALS // 2  # type: ignore[union-attr]
            assert w.ledger.head().seq == before + ARRIVALS
            carried = w.arrivals()
            assert_frame_equal(carried.frame().sort(KEY), w.check(as_of=carried.as_of, save=False).frame.sort(KEY))
            written = [one.id for one in notices(w.ledger)]
            assert len(set(written)) == len(written) > 0
            assert sorted(written) == sorted(id_ for some in told_ for what, id_, _ in some if what == "notice")
            answers.append(told_)
    for n, (killed, alone) in enumerate(zip(*answers, strict=True)):
        assert killed == alone, f"arrival {n}"
