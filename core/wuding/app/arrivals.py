"""Facts as they arrive: recorded, answered with what they change, and told (semantics 26).

`Arrivals` keeps in memory the findings of the books in force, as of the moment of its last answer. The ledger is the
truth: what other processes wrote is caught up with before anything is answered, and whenever the memory cannot follow,
or anything goes wrong, it is dropped and made again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wuding.app.answers import Answer, told
from wuding.domain.fact import Fact
from wuding.errors import WudingError
from wuding.store.outbox import Mark, Notice, read_mark, stretches, write_answer

if TYPE_CHECKING:
    import polars as pl
    from sqlalchemy import Connection

    from wuding.app.opened import Edition
    from wuding.assess.board import Change
    from wuding.assess.live import Live
    from wuding.engines.base import Matcher, Snapshot
    from wuding.notify.notices import Notices
    from wuding.program.model import Program
    from wuding.store.canonical import NewFact
    from wuding.store.columns import Columns
    from wuding.store.ledger import Ledger, Receipt

MANY = 2_000  # facts at once from which on the columns are quicker than memory
Editions = Callable[[int], "list[Edition]"]


@dataclass
class State:
    """What is kept between arrivals: all that is known up to `known_seq`, as of `as_of`."""

    known_seq: int
    as_of: int
    lives: list[Live]


@dataclass
class Round:
    """What came of one or more steps."""

    changes: list[Change] = field(default_factory=list)
    told: list[Notice] = field(default_factory=list)
    withdrawn: list[Notice] = field(default_factory=list)

    def add(self, changes: Sequence[Change], notices: Notices | None) -> None:
        self.changes += changes
        if notices is not None:
            self.told += notices.told
            self.withdrawn += notices.withdrawn


class Arrivals:
    """Answers facts as they arrive. Used by one thread at a time."""

    def __init__(self, ledger: Ledger, columns: Columns, editions: Editions, matcher: Matcher | None) -> None:
        self.ledger = ledger
        self.columns = columns
        self.matcher = matcher
        self._editions = editions
        self._state: State | None = None

    def close(self) -> None:
        """Lets go of the state and of the matcher's process."""
        self._state = None
        if self.matcher is not None:
            self.matcher.close()

    # ── what is asked ────────────────────────────────────────────────────────────────────────────
    def append(self, facts: Sequence[NewFact]) -> Answer:
        """Records the facts and answers them. When it returns, facts, notices and how far the answers go are durable,
        and were written together where the state could follow in memory."""
        state = self._begun()
        done: list[tuple[Receipt, Round, list[Notice]]] = []

        def answer(conn: Connection, receipt: Receipt) -> None:
            if state is None or state.known_seq != receipt.first_seq - 1:
                return  # somebody wrote in between: caught up with below
            new = [_fact(receipt, place, fact) for place, fact in enumerate(facts)]
            as_of = max(receipt.recorded_at, state.as_of)
            if not self._follows(state, as_of, new):
                return
            try:
                step = Round()
                self._step(state, as_of, new, receipt.last_seq, step, silent=False)
                mark = Mark(receipt.last_seq, as_of)
                sent = write_answer(
                    self.ledger, conn, mark, step.told, step.withdrawn, receipt.recorded_at, locked=True
                )
            except Exception:
                self._state = None  # the fact is recorded all the same; what failed is met again below, and raised
                return
            done.append((receipt, step, sent))

        try:
            receipt = self.ledger.append(facts, then=answer)
        except BaseException:
            self._state = None  # what the state took in was not recorded
            raise
        if not done:
            found = self.catch_up()
            return Answer(receipt, found.as_of, found.known_seq, found.changes, found.notices)
        _, step, sent = done[0]
        assert state is not None
        return Answer(receipt, state.as_of, state.known_seq, told(step.changes), tuple(sent))

    def catch_up(self, at: int | None = None) -> Answer:
        """Answers what was recorded since the last answer, and fires what has become due by the moment `at` (default:
        now). Imported facts change findings and send nothing."""
        try:
            return self._caught_up(at)
        except BaseException:
            self._state = None
            raise

    def wakes_at(self) -> int | None:
        """The next moment at which time alone may change a finding; None when nothing is followed."""
        from wuding.assess.carry import wakes_at

        state = self._begun()
        return min((wakes_at(live) for live in state.lives), default=None) if state else None

    @property
    def as_of(self) -> int:
        """The moment as of which findings stand, microseconds UTC."""
        state = self._begun()
        return self.ledger.clock() if state is None else state.as_of

    def frame(self) -> pl.DataFrame:
        """All findings as they stand: what a check as of `as_of` finds. Raises WD802 without a book."""
        import polars as pl

        state = self._begun()
        if state is None:
            raise WudingError("WD802", known="")
        return pl.concat(live.frame() for live in state.lives)

    # ── the state ────────────────────────────────────────────────────────────────────────────────
    def _begun(self) -> State | None:
        """The state, made where there is none: as it was when the last answer was written, else as of now. None
        without a book."""
        if self._state is not None:
            return self._state
        with self.ledger.database.read() as conn:
            mark = read_mark(conn)
        if mark is None:
            mark = Mark(self.ledger.head().seq, self.ledger.clock())
        lives = self._made(mark.as_of, mark.known_seq, ())
        if not lives:
            return None
        self._state = State(mark.known_seq, mark.as_of, lives)
        return self._state

    def _made(self, as_of: int, known_seq: int, past: Sequence[Live]) -> list[Live]:
        from wuding.assess.live import begun
        from wuding.store.changes import changes_between

        lives = []
        for program, in_force in self._editions(known_seq):
            snap = self._snapshot(program, as_of, known_seq, in_force)
            same = [one for one in past if (one.program.book, one.in_force) == (program.book, in_force)]
            changes = None
            if same:
                old = (same[0].as_of, same[0].known_seq)
                changes = changes_between(self.ledger, self.columns, program.domain, old, (as_of, known_seq))
            lives.append(begun(program, snap, known_seq, same[0] if same else None, changes))
        return lives

    def _snapshot(self, program: Program, as_of: int, seq: int, in_force: tuple[int | None, int | None]) -> Snapshot:
        from wuding.store.snapshot import snapshot

        return snapshot(self.ledger, self.columns, program, as_of, seq, None, in_force)

    def _follows(self, state: State, as_of: int, facts: Sequence[Fact]) -> bool:
        from wuding.assess.carry import can_follow

        return len(facts) <= MANY and all(can_follow(live, as_of, facts) for live in state.lives)

    def _step(self, state: State, as_of: int, facts: Sequence[Fact], upto: int, step: Round, *, silent: bool) -> None:
        """Carries every edition on to a moment, and takes in facts that it can follow."""
        from wuding.assess.carry import arrived, passed
        from wuding.notify.notices import notices_of

        for live in state.lives:
            some = passed(live, as_of)
            step.add(some, notices_of(live.program, some) if some else None)
            if facts:
                matches = None if self.matcher is None else self.matcher.touched(live.program, facts, ())
                some = arrived(live, facts, matches)
                step.add(some, None if silent or not some else notices_of(live.program, some))
            live.known_seq = upto
        state.known_seq, state.as_of = upto, as_of

    def _anew(self, state: State, as_of: int, upto: int, step: Round, *, silent: bool) -> None:
        """The same where memory cannot follow: what has changed is looked up in the ledger."""
        from wuding.assess.board import changes_of
        from wuding.notify.notices import notices_of

        self._step(state, as_of, (), state.known_seq, step, silent=silent)
        old = {(live.program.book, live.in_force): live.frame() for live in state.lives}
        lives = self._made(as_of, upto, state.lives)
        for live in lives:
            new = live.frame()
            some = changes_of(old.pop((live.program.book, live.in_force), new.clear()), new)
            step.add(some, None if silent else notices_of(live.program, some))
        for frame in old.values():  # of an edition that is no more
            step.add(changes_of(frame, frame.clear()), None)
        state.lives, state.known_seq, state.as_of = lives, upto, as_of

    def _caught_up(self, at: int | None) -> Answer:
        state = self._begun()
        if state is None:
            return Answer(None, at or self.ledger.clock(), self.ledger.head().seq)
        head = self.ledger.head()
        now = max(at if at is not None else self.ledger.clock(), head.recorded_at if at is None else 0, state.as_of)
        step = Round()
        moved = False
        for stretch in stretches(self.ledger, state.known_seq, head.seq):
            as_of = max(state.as_of, min(stretch.recorded_at, now))
            few = stretch.last_seq - state.known_seq <= MANY
            facts = list(self.ledger.facts(state.known_seq, stretch.last_seq)) if few else []
            if few and self._follows(state, as_of, facts):
                self._step(state, as_of, facts, stretch.last_seq, step, silent=stretch.imported)
            else:
                self._anew(state, as_of, stretch.last_seq, step, silent=stretch.imported)
            moved = True
        before = len(step.changes)
        if self._follows(state, now, ()):
            self._step(state, now, (), state.known_seq, step, silent=False)
        else:
            self._anew(state, now, state.known_seq, step, silent=False)
        moved = moved or len(step.changes) > before
        sent: list[Notice] = []
        if moved or self._unmarked():
            with self.ledger.database.write() as conn:
                mark = Mark(state.known_seq, state.as_of)
                sent = write_answer(self.ledger, conn, mark, step.told, step.withdrawn, self.ledger.clock())
        return Answer(None, state.as_of, state.known_seq, told(step.changes), tuple(sent))

    def _unmarked(self) -> bool:
        with self.ledger.database.read() as conn:
            return read_mark(conn) is None


def _fact(receipt: Receipt, place: int, new: NewFact) -> Fact:
    fields = {**new.fields, **new.private}
    return Fact(
        receipt.first_seq + place, new.domain, new.type, new.grid, new.subject, new.actor, new.at,
        receipt.recorded_at, fields,
    )  # fmt: skip
