"""What is written: single facts, corrections, the tree, subjects, posts, books put into force."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from wuding.app.opened import Edition, Moment, Opened, built_in
from wuding.domain.fact import CORE
from wuding.domain.grid import Grid
from wuding.domain.instants import parse_date
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.errors import Rejected, WudingError

if TYPE_CHECKING:
    from wuding.app.answers import Answer
    from wuding.app.arrivals import Arrivals
    from wuding.intake.known import Known
    from wuding.store.canonical import NewFact
    from wuding.store.ledger import Receipt


class Writing(Opened):
    """Recording one by one."""

    _arrivals: Arrivals | None = None
    _known: tuple[int, Known] | None = None  # the places that facts may name, and up to which sequence

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read: dict[tuple[str, str, str | None], tuple[object, str | None]] = {}

    def arrivals(self) -> Arrivals:
        """What answers facts as they arrive; it keeps its state as long as this is open."""
        from wuding.app.arrivals import Arrivals
        from wuding.engines.matchers import open_matcher

        if self._arrivals is None:
            self._arrivals = Arrivals(self.ledger, self.columns, self._watched, open_matcher())
        return self._arrivals

    def tick(self, at: Moment | None = None) -> Answer:
        """Fire what has become due by a moment (default: now), and answer what others recorded since the last answer.
        Raises WD895 for a moment that is still to come: only what is really due is told."""
        moment = self.moment(at)
        if moment > (now := self.ledger.clock()):
            raise WudingError("WD895", at=moment, now=now)
        return self.arrivals().catch_up(None if at is None else moment)

    def close(self) -> None:
        if self._arrivals is not None:
            self._arrivals.close()
        super().close()

    def _places(self) -> Known:
        from wuding.intake.known import known_frames
        from wuding.store.registry import registry_frames, unchanged_since

        if self._known is None or not unchanged_since(self.ledger, self._known[0]):
            seq = self.ledger.head().seq
            frames = registry_frames(self.ledger, seq)
            self._known = (seq, known_frames(frames.grids, frames.subjects))
        return self._known[1]

    def _watched(self, known_seq: int) -> list[Edition]:
        """The books whose findings are followed: those opened with, else those in force; none is fine."""
        return self.programs(known_seq=known_seq) if self.book_names else self.editions(known_seq)

    def _answered(self, facts: list[NewFact]) -> Answer:
        from wuding.app.answers import Answer

        if self.answering:
            return self.arrivals().append(facts)
        receipt = self.ledger.append(facts)
        return Answer(receipt, receipt.recorded_at, receipt.last_seq)

    def record(
        self,
        type_: str,
        *,
        at: Moment | None = None,
        grid: str | None = None,
        subject: str | None = None,
        actor: str | None = None,
        **fields: object,
    ) -> Answer:
        """Record one fact, durably, and answer with the findings that it changes and the notices that follow. `at` is
        when it happened (default: now). A fact about a subject takes the subject's grid at that time unless told.
        Raises Rejected for what does not fit the fact type."""
        from wuding.intake.recording import checked_fact

        domain, thing = self.domain_of(type_)
        owner = CORE if built_in(thing.name) else domain.name
        place = (self.moment(at), grid, subject, actor)
        fact = checked_fact(owner, thing, self._places(), self.ledger.zone, *place, fields, self._read)
        return self._answered([fact])

    def correct(self, seq: int, *, void: bool = False, reason: str = "", by: str | None = None, **new: Any) -> Answer:
        """Replace a recorded fact, or void it. `new` may name `at`, `grid`, `subject`, `actor`, which else stay, and
        fields: when any is named, all are replaced. `by` is who corrects.

        Raises WD508 when there is no such fact, Rejected for what does not fit its type."""
        from wuding.intake.recording import checked_fact
        from wuding.store.corrections import correction_fact

        replacement = None
        if not void:
            old = next(self.ledger.facts(after=seq - 1, upto=seq), None)
            if old is None:
                raise WudingError("WD508", seq=seq)
            _, thing = self.domain_of(f"{old.domain}/{old.type}")
            place = {n: new.pop(n, getattr(old, n)) for n in ("grid", "subject", "actor")}
            at = self.moment(new.pop("at", old.at))
            fields = new or dict(old.fields)
            replacement = checked_fact(old.domain, thing, self._places(), self.ledger.zone, at, fields=fields, **place)
        return self._answered([correction_fact(seq, self.ledger.clock(), replacement, actor=by, reason=reason)])

    def add_grids(self, grids: Iterable[Grid]) -> Receipt:
        """Make grids, or new versions of grids. Raises Rejected when the tree would not be one."""
        from wuding.intake.grids import check_tree
        from wuding.store.registry import grid_fact, registry_frames

        new = list(grids)
        known = set(registry_frames(self.ledger).grids.get_column("code"))
        if wrong := check_tree(new, known=known):
            raise Rejected(wrong)
        now = self.ledger.clock()
        return self.ledger.append([grid_fact(g, now) for g in new])

    def add_subjects(self, subjects: Iterable[Subject]) -> Receipt:
        """Make subjects, or new versions of subjects. A subject is one for all domains: fields that are not given stay
        as they were on the first day of the new version, `None` empties one. What any domain calls private is kept
        apart."""
        from wuding.intake.subjects import apart, kept
        from wuding.store.registry import registry_frames, subject_fact

        now, known = self.ledger.clock(), registry_frames(self.ledger).subjects
        split = (apart(s, self.shelf.domains.values()) for s in kept(subjects, known))
        return self.ledger.append([subject_fact(s, now, private) for s, private in split])

    def appoint(self, posts: Iterable[Post]) -> Receipt:
        """Record who holds which role where."""
        from wuding.store.registry import post_fact

        now = self.ledger.clock()
        return self.ledger.append([post_fact(p, now) for p in posts])

    def put_in_force(self, name: str, start: str | None = None) -> Receipt:
        """Put the present text of a book into force from a day on (None: for all time)."""
        from wuding.store.registry import book_fact

        self.shelf.program(name)
        text = self.shelf.texts[name][0]
        day = None if start is None else parse_date(start)
        return self.ledger.append([book_fact(name, text, self.ledger.clock(), start=day)])
