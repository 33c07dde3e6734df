"""What an arrival is answered with: the findings that it caused or changed, and the notices that follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from wuding.domain.finding import Finding

if TYPE_CHECKING:
    from wuding.assess.board import Change as Changed
    from wuding.assess.board import Row
    from wuding.store.ledger import Receipt
    from wuding.store.outbox import Notice

What = Literal["opened", "closed", "struck", "lifted", "told", "met", "unmet", "came", "gone", "changed"]


@dataclass(frozen=True)
class Change:
    """A finding that changed. `old` is None when it came, `new` when it went. `what` says what happened: a case was
    `opened` or `closed`, a veto `struck` or was `lifted`, a step became due and somebody is `told`, a duty is now `met`
    or no longer (`unmet`); else a finding `came`, is `gone`, or `changed`."""

    what: What
    old: Finding | None
    new: Finding | None

    @property
    def finding(self) -> Finding:
        """The finding as it stands, or as it last stood."""
        found = self.new or self.old
        assert found is not None
        return found


@dataclass(frozen=True)
class Answer:
    """What was recorded, what it changed, what is to be told of it. `receipt` is None when only time has passed.
    `as_of` (microseconds UTC) and `known_seq`: a check at that moment finds what the changes lead to."""

    receipt: Receipt | None
    as_of: int
    known_seq: int
    changes: tuple[Change, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def first_seq(self) -> int:
        """The sequence of the first fact recorded."""
        return self._receipt.first_seq

    @property
    def last_seq(self) -> int:
        """The sequence of the last fact recorded."""
        return self._receipt.last_seq

    @property
    def recorded_at(self) -> int:
        """When it was recorded, microseconds UTC."""
        return self._receipt.recorded_at

    @property
    def link(self) -> str:
        """The chain's link after it (hex)."""
        return self._receipt.link

    @property
    def _receipt(self) -> Receipt:
        if self.receipt is None:
            raise ValueError("nothing was recorded")
        return self.receipt


def told(changes: Iterable[Changed]) -> tuple[Change, ...]:
    """The changes as records. A finding that changed in several rounds is told once, from first to last."""
    first: dict[str, Row | None] = {}
    last: dict[str, Row | None] = {}
    for change in changes:
        first.setdefault(change.row["id"], change.old)
        last[change.row["id"]] = change.new
    found = ((first[id_], new) for id_, new in last.items() if first[id_] != new)
    return tuple(Change(_what(old, new), _record(old), _record(new)) for old, new in found)


def _record(row: Row | None) -> Finding | None:
    from wuding.assess.frame import record

    return None if row is None else record(row)


def _what(old: Row | None, new: Row | None) -> What:
    row = new if new is not None else old
    assert row is not None
    before, after = (None if r is None else r["status"] for r in (old, new))
    section = row["section"]
    if section == "veto" and (before == "struck") != (after == "struck"):
        return "struck" if after == "struck" else "lifted"
    if section == "patrol" and (before == "met") != (after == "met"):
        return "met" if after == "met" else "unmet"
    if section == "escalation" and row["step"] and after in ("told", "unstaffed") and before != after:
        return "told"
    if section == "escalation" and not row["step"] and new is not None and after != "undetermined":
        if new["end"] is not None and (old is None or old["end"] is None):
            return "closed"
        if new["end"] is None and (old is None or before == "undetermined" or old["end"] is not None):
            return "opened"
    return "came" if old is None else "gone" if new is None else "changed"
