"""Delivery: every notice to every sink at least once, and never again to one that has taken it (semantics 26)."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from wuding.errors import WudingError
from wuding.notify import deliver as delivering
from wuding.notify.deliver import LEASE, deliver
from wuding.notify.sinks import Lines, Stream, Webhook, open_sinks
from wuding.store.ledger import Ledger, open_ledger
from wuding.store.outbox import Mark, Notice, claim, notices, read_mark, write_answer

FINDING = "fire/known#hazard.leader@B0/N1"


class Clock:
    now = 1_720_000_000_000_000

    def __call__(self) -> int:
        self.now += 1_000
        return self.now


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    named = f"sqlite:///{tmp_path}/ledger.db"
    url = named if request.param == "sqlite" else str(request.getfixturevalue("postgresql"))
    with open_ledger(url, clock=Clock()) as found:
        yield found


def put(ledger: Ledger, *told: Notice, withdrawn: tuple[Notice, ...] = ()) -> list[Notice]:
    with ledger.database.write() as conn:
        return write_answer(ledger, conn, Mark(7, 9), told, withdrawn, ledger.clock())


def notice(n: int = 1, kind: str = "notice") -> Notice:
    return Notice(f"{FINDING}!{n}", kind, FINDING, {"to": ["li"], "case": "N1"})


class Failing:
    """A sink that fails so often before it takes anything."""

    name = "failing"

    def __init__(self, times: int) -> None:
        self.times = times
        self.taken: list[str] = []

    def send(self, body: dict[str, str]) -> None:
        if self.times:
            self.times -= 1
            raise OSError("no route")
        self.taken.append(body["id"])

    def close(self) -> None: ...


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


# ── the outbox ───────────────────────────────────────────────────────────────────────────────────
def test_a_notice_is_written_once(ledger: Ledger) -> None:
    assert len(put(ledger, notice())) == 1
    assert put(ledger, notice()) == []
    assert [one.id for one in notices(ledger)] == [f"{FINDING}!1"]
    assert notices(ledger)[0].body["id"] == f"{FINDING}!1"


def test_how_far_answers_go_never_goes_back(ledger: Ledger) -> None:
    for mark in (Mark(7, 100), Mark(5, 300), Mark(9, 200)):
        with ledger.database.write() as conn:
            write_answer(ledger, conn, mark)
    with ledger.database.read() as conn:
        found = read_mark(conn)
    assert found is not None and (found.known_seq, found.as_of, found.version) == (9, 300, 3)


def test_only_what_was_told_is_taken_back_and_then_told_anew(ledger: Ledger) -> None:
    back = Notice("", "cancellation", FINDING, {"to": ["li"]})
    assert put(ledger, withdrawn=(back,)) == []
    put(ledger, notice())
    assert [one.kind for one in put(ledger, withdrawn=(back,))] == ["cancellation"]
    assert put(ledger, withdrawn=(back,)) == []
    (anew,) = put(ledger, notice())
    assert put(ledger, notice()) == []
    assert [one.kind for one in put(ledger, withdrawn=(back,))] == ["cancellation"]
    ids = [one.id for one in notices(ledger)]
    assert anew.id in ids and len(set(ids)) == 4


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError), ledger.database.write() as conn:
        write_answer(ledger, conn, Mark(7, 9), [notice()], (), ledger.clock())
        raise RuntimeError
    assert notices(ledger) == []


# ── delivery ─────────────────────────────────────────────────────────────────────────────────────
def test_what_was_taken_is_not_sent_again(ledger: Ledger, tmp_path: Path) -> None:
    put(ledger, notice(1), notice(2), notice(3, "superseded"))
    path = tmp_path / "notices.jsonl"
    assert [one.id for one in deliver(ledger, [Lines(path)])] == [f"{FINDING}!1", f"{FINDING}!2"]
    assert deliver(ledger, [Lines(path)]) == []
    assert [line["id"] for line in lines(path)] == [f"{FINDING}!1", f"{FINDING}!2"]


def test_a_sink_that_fails_is_asked_again_later_and_holds_nobody_up(ledger: Ledger, tmp_path: Path) -> None:
    put(ledger, notice())
    path, failing = tmp_path / "notices.jsonl", Failing(2)
    assert deliver(ledger, [failing, Lines(path)]) == []
    assert len(lines(path)) == 1 and notices(ledger, waiting=True)[0].error == "no route"
    assert deliver(ledger, [failing, Lines(path)]) == []  # it rests
    for _ in range(2):
        ledger.clock.now += delivering.LONGEST_REST  # type: ignore[attr-defined]
        deliver(ledger, [failing, Lines(path)])
    assert failing.taken == [f"{FINDING}!1"] and len(lines(path)) == 1
    assert notices(ledger, waiting=True) == []


def test_who_dies_between_writing_and_delivery_loses_nothing(ledger: Ledger, tmp_path: Path) -> None:
    put(ledger, notice())
    assert len(claim(ledger, ledger.clock(), LEASE)) == 1  # and dies
    assert claim(ledger, ledger.clock(), LEASE) == []
    ledger.clock.now += LEASE  # type: ignore[attr-defined]
    path = tmp_path / "notices.jsonl"
    assert len(deliver(ledger, [Lines(path)])) == 1


def test_who_dies_between_delivery_and_noting_it_sends_it_again_with_the_same_id(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(ledger, notice())
    path = tmp_path / "notices.jsonl"

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(delivering, "settle", dies)
    with pytest.raises(KeyboardInterrupt):
        deliver(ledger, [Lines(path)])
    monkeypatch.undo()
    ledger.clock.now += LEASE  # type: ignore[attr-defined]
    deliver(ledger, [Lines(path)])
    assert [line["id"] for line in lines(path)] == [f"{FINDING}!1"] * 2
    assert deliver(ledger, [Lines(path)]) == [] and len(lines(path)) == 2


# ── sinks ────────────────────────────────────────────────────────────────────────────────────────
def test_a_line_after_one_that_was_broken_off(tmp_path: Path) -> None:
    path = tmp_path / "notices.jsonl"
    path.write_text('{"id": "a"}\n{"id": "br', encoding="utf-8")
    Lines(path).send({"id": "c"})
    assert path.read_text(encoding="utf-8").splitlines()[-1] == '{"id": "c"}'


def test_a_stream_takes_chinese() -> None:
    stream = io.StringIO()
    Stream(stream).send({"id": "a", "to": ["李"]})
    assert json.loads(stream.getvalue()) == {"id": "a", "to": ["李"]}


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[str, dict[str, object]]], list[int]]]:
    """A real receiver: its address, what it got, and what it answers next (200 when nothing is said)."""
    got: list[tuple[str, dict[str, object]]] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.headers["Idempotency-Key"], json.loads(body)))
            self.send_response(answers.pop(0) if answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", got, answers
    server.shutdown()
    server.server_close()


def test_a_webhook_takes_a_notice_with_its_id(hook: tuple[str, list[tuple[str, dict[str, object]]], list[int]]) -> None:
    url, got, answers = hook
    (sink,) = open_sinks([url])
    answers.append(503)
    with pytest.raises(WudingError) as refused:
        sink.send({"id": "书#a!1", "to": ["李"]})
    assert refused.value.code == "WD897"
    sink.send({"id": "书#a!1", "to": ["李"]})
    sink.close()
    assert got[0] == got[1] and got[1] == ("%E4%B9%A6#a!1", {"id": "书#a!1", "to": ["李"]})


def test_a_webhook_that_nobody_answers() -> None:
    sink = Webhook("http://127.0.0.1:9/none", wait=2.0)
    with pytest.raises(WudingError) as refused:
        sink.send({"id": "a"})
    assert refused.value.code == "WD897"
    sink.close()
