"""What is the same throughout one evaluation: the facts, the codes of their texts, the names of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wuding.domain.fact import Fact
from wuding.engines.durable.cells import Codes, Misfit
from wuding.engines.durable.limits import MESSAGES
from wuding.engines.durable.rulesets import Compiled

Job = tuple[str, list[str]]  # a rule set and its messages
Truth = dict[int, bool]  # by sequence: is the fact, which is possible, certain?
Found = list[tuple[tuple[int, ...], bool]]  # matches of one term: sequences, certain
FNV_BASIS, FNV_PRIME = 0x811C9DC5, 16777619


def fnv(text: str) -> int:
    """The library's hash of names (FNV-1a, 32 bits)."""
    found = FNV_BASIS
    for byte in text.encode():
        found = (found ^ byte) * FNV_PRIME & 0xFFFFFFFF
    return found


@dataclass
class Ids:
    """Decimal names for messages. The library knows messages by a 32-bit hash alone, so those are skipped whose
    hash an earlier one has."""

    names: list[str] = field(default_factory=list)
    hashes: set[int] = field(default_factory=lambda: {fnv("probe"), fnv("sid-0"), fnv("0")})
    tried: int = 0

    def first(self, count: int) -> list[str]:
        """The first `count` of them."""
        while len(self.names) < count:
            self.tried += 1
            name = str(self.tried)
            if fnv(name) not in self.hashes:
                self.hashes.add(fnv(name))
                self.names.append(name)
        return self.names[:count]


@dataclass(frozen=True)
class Batch:
    """The facts of one evaluation, by type."""

    compiled: Compiled
    facts: Mapping[str, Sequence[Fact]]
    codes: Codes
    ids: Ids

    @property
    def zone(self) -> str:
        return self.compiled.program.zone

    def names(self, count: int) -> list[str]:
        """Names for the messages of a rule set. Raises Misfit when there are too many."""
        if count > MESSAGES:
            raise Misfit("messages", count, MESSAGES)
        return self.ids.first(count)
