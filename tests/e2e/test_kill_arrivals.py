"""A process that records facts and delivers notices is killed at any moment, and another goes on: what was answered is
recorded, every notice is written once, and each is delivered at least once (semantics 26)."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.e2e.test_known_at import BOOK

from wuding import Grid, Post, Wuding
from wuding.store.outbox import notices

CASES, KILLS = (300, 20) if os.environ.get("WUDING_NIGHTLY") else (40, 2)
RECORDER = """
import sys
from wuding import Wuding
from wuding.notify.deliver import deliver
from wuding.notify.sinks import Lines
from pathlib import Path
import wuding.notify.deliver as delivering

delivering.LEASE = 1  # the next process need not wait until this one is given up
url, book, sink, cases = sys.argv[1:]
with Wuding.open(url, books=[book], create=False) as w:
    w.tick()
    done = {fact.fields["hazard_id"] for fact in w.ledger.facts(domain="fire", type="hazard")}
    print("ready", flush=True)
    for n in range(int(cases)):
        if f"N{n}" not in done:
            w.record("fire/hazard", grid="B0", hazard_id=f"N{n}", severity="major", at="2024-06-01T09:00")
            print(f"N{n}", flush=True)
        deliver(w.ledger, [Lines(Path(sink))])
"""


@pytest.mark.skipif(os.name == "nt", reason="nothing is killed like that here")
def test_killed_at_any_moment(tmp_path: Path) -> None:
    url, sink, book = f"sqlite:///{tmp_path}/ledger.db", tmp_path / "notices.jsonl", tmp_path / "known.yaml"
    book.write_text(BOOK, encoding="utf-8")
    with Wuding.open(url, books=[book], answering=False) as w:
        w.add_grids([Grid("Z", "zone", None, "zone"), Grid("G1", "G1", "Z", "grid"), Grid("B0", "B0", "G1", "basic")])
        w.appoint([Post("leader1", "boss", "grid-leader", "G1")])
        w.record("fire/patrol", grid="B0", scope="gas", at="2024-05-01")
    chance, answered = random.Random(6), []
    for round_ in range(KILLS + 1):
        command = [sys.executable, "-c", RECORDER, url, str(book), str(sink), str(CASES)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            if round_ < KILLS:
                answered += [process.stdout.readline().strip() for _ in range(chance.randrange(1, 9))]
                time.sleep(chance.random() / 50)
                process.kill()
            answered += process.stdout.read().split()
    with Wuding.open(url, books=[book]) as w:
        assert w.verify() == []
        recorded = [str(fact.fields["hazard_id"]) for fact in w.ledger.facts(domain="fire", type="hazard")]
        assert sorted(recorded) == sorted(f"N{n}" for n in range(CASES)) and set(answered) <= set(recorded)
        written = notices(w.ledger)
        assert sorted(one.body["case"] for one in written) == sorted(recorded)
        assert not w.tick().notices
    taken = [json.loads(line)["id"] for line in sink.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    assert set(taken) == {one.id for one in written}
    assert len(taken) - len(set(taken)) <= KILLS
