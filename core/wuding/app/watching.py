"""Watching: facts are answered as they arrive, limits fire as they pass, notices go out, until told to stop."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wuding.app.answers import Answer
from wuding.app.importing import Importing
from wuding.errors import Diagnostic, Rejected, Span, WudingError

if TYPE_CHECKING:
    from wuding.notify.sinks import Sink
    from wuding.store.outbox import Notice

PLACES = ("type", "at", "grid", "subject", "actor", "fields")
INTERVAL = 1.0  # seconds between two looks at the ledger


class Watching(Importing):
    """Following what happens."""

    def deliver(self, sinks: Sequence[Sink]) -> list[Notice]:
        """Give the notices that wait to the sinks (`wuding.notify.sinks.open_sinks`), each at least once; answers with
        those that all sinks have taken now."""
        from wuding.notify.deliver import deliver

        return deliver(self.ledger, sinks)

    def watch(
        self,
        *,
        sinks: Sequence[Sink] = (),
        interval: float = INTERVAL,
        stop: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Iterator[Answer]:
        """Follow the ledger: answers what anybody records and what becomes due, looking every `interval` seconds, and
        delivers what is to be told. Ends when `stop` says so."""
        while not stop():
            answer = self.tick()
            if answer.changes or answer.notices:
                yield answer
            self.deliver(sinks)
            if not stop():
                sleep(interval)

    def take(self, lines: Iterable[str], *, sinks: Sequence[Sink] = (), source: str = "-") -> Iterator[Answer]:
        """Record facts from lines of JSON as they come, and answer each:
        `{"type": "hazard", "grid": "B1", "at": "2024-05-03T09:00", "fields": {"hazard_id": "H1"}}`. `source` is where
        they come from, for messages. Raises Rejected for a line that says no fact; what came before it is recorded."""
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            told = _fact_told(line, Span(source, number, 1, number, len(line.rstrip()) + 1))
            fields: Mapping[str, Any] = told.pop("fields", {})
            answer = self.record(told.pop("type"), **told, **fields)
            yield answer
            self.deliver(sinks)


def _fact_told(line: str, where: Span) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError as error:
        raise Rejected([Diagnostic("WD898", where, {"reason": str(error)})]) from error
    if not isinstance(told, dict) or not isinstance(told.get("type"), str):
        raise Rejected([Diagnostic("WD898", where, {"reason": "`type`"})])
    fields = told.get("fields", {})
    if odd := [name for name in told if name not in PLACES]:
        raise Rejected([Diagnostic("WD899", where, {"name": odd[0], "allowed": list(PLACES)})])
    if not isinstance(fields, dict):
        raise Rejected([Diagnostic("WD898", where, {"reason": "`fields`"})])
    if clash := [name for name in fields if name in PLACES or name == "type_"]:
        raise WudingError("WD822", name=clash[0])
    return dict(told)
