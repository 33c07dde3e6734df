"""The durable engine as a `Matcher`: a worker process that may be lost at any time, and an answer all the same.

The worker is given rule sets and messages and keeps nothing. When it dies, hangs or refuses, the columnar engine
answers that batch from the same facts, and a new worker is started for the next.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, cast

from wuding.domain.fact import Fact
from wuding.engines.base import Match, Matcher, involving
from wuding.engines.columnar.matches import Columnar, matched
from wuding.engines.durable.batch import Found, Ids, Job, Truth
from wuding.engines.durable.cells import Misfit
from wuding.engines.durable.evaluate import evaluate, truth_of
from wuding.engines.durable.library import Fired, available
from wuding.engines.durable.rulesets import Compiled, compiled
from wuding.engines.durable.worker import receive, send
from wuding.engines.terms import by_type, may_touch, with_counterparts
from wuding.errors import WudingError
from wuding.program.model import Program

LOG = logging.getLogger("wuding.engines.durable")
REMEMBERED = 8  # compiled programs
PATIENCE = 5  # losses in a row after which the worker is left alone for REST seconds
REST = 60.0


class WorkerLost(WudingError):
    """The worker gave no answer: it died (WD891), took too long (WD892), or the library refused (WD893)."""


@dataclass
class Tally:
    """What became of the batches: answered by the worker, taken over by the columnar engine (`lost`: the worker
    gave no answer; `misfit`: beyond the library's limits), and how often a worker was started."""

    answered: int = 0
    lost: int = 0
    misfit: int = 0
    started: int = 0


class DurableWorker:
    """Matches facts with durable-rules in a worker process. A context manager; `close` ends the process.

    `limit` is the longest time in seconds that one exchange with the worker may take. Safe to use from several
    threads, one batch at a time, and after a fork."""

    def __init__(self, limit: float = 10.0, instead: Matcher | None = None) -> None:
        self.limit = limit
        self.tally = Tally()
        self._instead = instead or Columnar()
        self._ids = Ids()
        self._programs: dict[int, tuple[Program, Compiled]] = {}
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._patience: Patience | None = None
        self._ending: weakref.finalize[..., DurableWorker] | None = None
        self._owner = os.getpid()
        self._losses = 0
        self._rest_until = 0.0

    # ── a Matcher ────────────────────────────────────────────────────────────────────────────────
    def matches(self, program: Program, facts: Sequence[Fact]) -> list[Match]:
        with self._lock:
            known = self._compiled(program)
            found = self._matched(known, range(len(known.terms)), facts)
        return self._instead.matches(program, facts) if found is None else found

    def touched(self, program: Program, new_facts: Sequence[Fact], around: Sequence[Fact]) -> list[Match]:
        with self._lock:
            known = self._compiled(program)
            found = self._matched(known, may_touch(program, known.terms, new_facts), [*new_facts, *around])
        return self._instead.touched(program, new_facts, around) if found is None else involving(found, new_facts)

    def __enter__(self) -> DurableWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the worker. The next batch would start another."""
        with self._lock:
            if self._ending is not None:
                if self._owner == os.getpid():
                    self._ending()
                else:  # a fork's parent owns it
                    self._ending.detach()
            self._process = self._ending = None

    @property
    def pid(self) -> int | None:
        """The worker's process id, while there is one."""
        return self._process.pid if self._process is not None else None

    # ── matching ─────────────────────────────────────────────────────────────────────────────────
    def _compiled(self, program: Program) -> Compiled:
        key = id(program)  # which stays the program's as long as it is remembered
        if key not in self._programs:
            if len(self._programs) >= REMEMBERED:
                self._programs.pop(next(iter(self._programs)))
            self._programs[key] = (program, compiled(program))
        return self._programs[key][1]

    def _matched(self, known: Compiled, wanted: Sequence[int], facts: Sequence[Fact]) -> list[Match] | None:
        """The matches of the wanted terms; None when the worker cannot be had for this batch."""
        if time.monotonic() < self._rest_until or not available():
            return None
        places = with_counterparts(known.terms, wanted)
        misfits = [n for n in places if n in known.misfits]
        found: list[Match] = []
        truths: dict[int, Truth] = {}
        try:
            if misfits:
                found = matched(known.program, known.terms, misfits, facts)
                truths = {n: truth_of(_of_term(known, n, found)) for n in misfits}
            fitting = [n for n in places if n not in known.misfits]
            answers = evaluate(known, fitting, by_type(known.program, facts), truths, self._run, self._ids)
        except Misfit as why:
            LOG.debug("%d %s, more than %d: left to the columnar engine", why.count, why.kind, why.limit)
            self.tally.misfit += 1
            return None
        except WorkerLost as why:
            self._lost(why)
            return None
        self.tally.answered += 1
        self._losses = 0
        asked = set(wanted)
        for n, matches in answers.items():
            found += [Match(known.terms[n].rule, known.terms[n].term, seqs, sure) for seqs, sure in matches]
        names = {(known.terms[n].rule, known.terms[n].term) for n in asked}
        return sorted(match for match in found if (match.rule, match.term) in names)

    # ── the process ──────────────────────────────────────────────────────────────────────────────
    def _run(self, jobs: Sequence[Job]) -> list[Fired]:
        """What fired in each rule set. Raises WorkerLost."""
        process = self._started()
        assert self._patience is not None
        until = self._patience.until = time.monotonic() + self.limit
        try:
            send(cast(BinaryIO, process.stdin), jobs)
            answer = cast(dict[str, object], receive(cast(BinaryIO, process.stdout)))
        except (OSError, EOFError, ValueError) as error:
            if time.monotonic() > until:
                raise WorkerLost("WD892", seconds=f"{self.limit:g}") from error
            process.kill()  # it may have closed its pipes only
            raise WorkerLost("WD891", status=process.wait()) from error
        finally:
            self._patience.until = None
        if "fired" not in answer:
            raise WorkerLost("WD893", reason=answer.get("error"))
        return cast(list[Fired], answer["fired"])

    def _started(self) -> subprocess.Popen[bytes]:
        if self._owner != os.getpid():
            self.close()
            self._owner = os.getpid()
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "wuding.engines.durable.worker"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            self._patience = Patience(self._process, self.limit)
            self._ending = weakref.finalize(self, _end, self._process, self._patience)
            self.tally.started += 1
        return self._process

    def _lost(self, why: WorkerLost) -> None:
        """Ends what is left of the worker and starts the next one, which is ready when the next batch comes."""
        self.tally.lost += 1
        self._losses += 1
        LOG.warning("%s", why)
        self.close()
        if self._losses >= PATIENCE:
            self._losses, self._rest_until = 0, time.monotonic() + REST
        else:
            self._started()


def _of_term(known: Compiled, n: int, found: Sequence[Match]) -> Found:
    term = known.terms[n]
    return [(m.seqs, m.certain) for m in found if (m.rule, m.term) == (term.rule, term.term)]


class Patience:
    """Kills a worker that has not answered by the moment `until` (monotonic seconds; None: nothing is asked). One
    thread looks now and then, so that a batch needs none of its own."""

    def __init__(self, process: subprocess.Popen[bytes], limit: float) -> None:
        self.until: float | None = None
        self.over = threading.Event()
        threading.Thread(target=self._look, args=(process, limit / 4), daemon=True).start()

    def _look(self, process: subprocess.Popen[bytes], pause: float) -> None:
        while not self.over.wait(pause):
            until = self.until
            if until is not None and time.monotonic() > until:
                process.kill()
                return


def _end(process: subprocess.Popen[bytes], patience: Patience) -> None:
    """Ends a worker; it holds nothing that would have to be kept."""
    patience.over.set()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # it died with something unread
                pipe.close()
    process.kill()
    process.wait()
