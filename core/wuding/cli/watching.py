"""`wuding watch`, `wuding tick`, `wuding notices`: answers as facts arrive and as limits pass."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wuding.cli.out import console, escape, moment, print_json, rows, status_text
from wuding.cli.settings import Settings
from wuding.errors import WudingError

if TYPE_CHECKING:
    from wuding.app import Answer, Change, Wuding
    from wuding.notify.sinks import Sink
    from wuding.store.outbox import Notice

NOTICE_COLUMNS = ("id", "kind", "to", "written", "taken", "error")
SHOWN = 20  # changes of one answer that text shows


def add(app: typer.Typer) -> None:
    app.command("watch", help="cli.watch")(watch)
    app.command("tick", help="cli.tick")(tick)
    app.command("notices", help="cli.notices")(notices)


def watch(
    context: typer.Context,
    book: Annotated[list[str] | None, typer.Option("--book", help="cli.check.book")] = None,
    facts: Annotated[str | None, typer.Option("--facts", help="cli.watch.facts")] = None,
    to: Annotated[list[str] | None, typer.Option("--to", help="cli.watch.to")] = None,
    every: Annotated[float, typer.Option("--every", help="cli.watch.every", min=0.01)] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="cli.watch.once")] = False,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    form = settings.form("text", "json")
    with Wuding.open(settings.db, books=book or (), create=False) as w, _sinks(to) as sinks:
        try:
            if facts is not None:
                _told(settings, form, w, _taken(w, facts, sinks))
            elif once:
                _told(settings, form, w, [w.tick()])
                w.deliver(sinks)
            else:
                _told(settings, form, w, w.watch(sinks=sinks, interval=every))
        except KeyboardInterrupt:
            return


def _taken(w: Wuding, path: str, sinks: list[Sink]) -> Iterator[Answer]:
    first = w.tick()  # what was recorded and became due before
    if first.changes or first.notices:
        yield first
    w.deliver(sinks)
    if path == "-":
        yield from w.take(sys.stdin, sinks=sinks)
        return
    try:
        with open(path, encoding="utf-8-sig") as lines:  # noqa: PTH123 - also a pipe
            yield from w.take(lines, sinks=sinks, source=path)
    except OSError as error:
        raise WudingError("WD812", path=path) from error


def tick(
    context: typer.Context,
    book: Annotated[list[str] | None, typer.Option("--book", help="cli.check.book")] = None,
    at: Annotated[str | None, typer.Option("--at", help="cli.tick.at")] = None,
    to: Annotated[list[str] | None, typer.Option("--to", help="cli.watch.to")] = None,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    form = settings.form("text", "json")
    with Wuding.open(settings.db, books=book or (), create=False) as w, _sinks(to) as sinks:
        _told(settings, form, w, [w.tick(at)])
        w.deliver(sinks)


def notices(
    context: typer.Context,
    waiting: Annotated[bool, typer.Option("--waiting", help="cli.notices.waiting")] = False,
) -> None:
    from wuding.app import Wuding
    from wuding.store.outbox import notices as kept

    settings: Settings = context.obj
    with Wuding.open(settings.db, create=False) as w:
        zone, found = w.ledger.zone, kept(w.ledger, waiting=waiting)
    rows(settings, [_notice_row(settings, one, zone) for one in found], NOTICE_COLUMNS)


def _notice_row(settings: Settings, notice: Notice, zone: str) -> dict[str, Any]:
    return {
        "id": notice.id, "kind": settings.word("notice", notice.kind), "to": ", ".join(notice.body["to"]),
        "written": moment(notice.written_at, zone), "taken": moment(notice.done, zone), "error": notice.error or "",
    }  # fmt: skip


# ── answers ──────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def _sinks(names: list[str] | None) -> Iterator[list[Sink]]:
    from wuding.notify.sinks import open_sinks

    sinks = open_sinks(names or [])
    try:
        yield sinks
    finally:
        for sink in sinks:
            sink.close()


def _told(settings: Settings, form: str, w: Wuding, answers: Iterable[Answer]) -> None:
    for answer in answers:
        tell(settings, form, answer, w.ledger.zone)


def tell(settings: Settings, form: str, answer: Answer, zone: str) -> None:
    """Prints an answer: its changes and notices; as JSON one line each."""
    if form == "json":
        print_json(as_json(answer, zone), lines=True)
        return
    screen = console()
    for change in answer.changes[:SHOWN]:
        finding = change.finding
        told = settings.word("what", change.what)
        screen.print(f"  {told:8} {status_text(settings, finding.status)}  {escape(finding.id)}")
    if len(answer.changes) > SHOWN:
        screen.print(f"  {settings.say('watch.more', count=len(answer.changes) - SHOWN)}")
    for notice in answer.notices:
        kind = settings.word("notice", notice.kind)
        screen.print(f"  → {kind}  {escape(', '.join(notice.body['to']))}  {escape(notice.id)}")
    if answer.receipt is None:
        screen.print(settings.say("watch.ticked", at=moment(answer.as_of, zone), count=len(answer.changes)))


def as_json(answer: Answer, zone: str) -> dict[str, Any]:
    """An answer as a program reads it."""
    receipt = answer.receipt
    recorded = {} if receipt is None else {
        "seq": receipt.first_seq, "recorded_at": receipt.recorded_at, "link": receipt.link,
    }  # fmt: skip
    return recorded | {
        "as_of": moment(answer.as_of, zone),
        "known_seq": answer.known_seq,
        "changes": [_change(change, zone) for change in answer.changes],
        "notices": [dict(notice.body) for notice in answer.notices],
    }


def _change(change: Change, zone: str) -> dict[str, Any]:
    finding = change.finding
    return {
        "what": change.what, "id": finding.id, "was": change.old.status if change.old else None,
        "status": change.new.status if change.new else None, "due": moment(finding.due, zone) or None,
    }  # fmt: skip
