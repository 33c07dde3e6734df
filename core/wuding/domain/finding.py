"""Findings: what a check concludes. One flat record for all sections, so that two checks compare line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

STATUSES: dict[str, tuple[str, ...]] = {
    "charter": ("fixed", "gap", "undetermined", "waived", "overturned"),
    "patrol": ("met", "missed", "due", "undetermined", "skipped", "waived", "overturned"),
    "scoring": ("scored", "running", "provisional", "undetermined"),
    "veto": ("struck", "pending", "undetermined", "waived", "overturned"),
    "escalation": ("open", "closed", "late", "undetermined", "waived", "overturned"),
    "step": (
        "done",
        "late",
        "overdue",
        "out-of-order",
        "failed",
        "waiting",
        "dropped",
        "told",
        "unstaffed",
        "undetermined",
        "waived",
        "overturned",
    ),
    "targets": ("reached", "missed", "on-course", "undetermined", "waived", "overturned"),
}
BREACHES = frozenset({"gap", "missed", "struck", "late", "overdue", "out-of-order", "failed", "unstaffed"})


@dataclass(frozen=True)
class Finding:
    """A conclusion. Instants are microseconds since 1970-01-01 UTC; spans are half-open.

    `low`, `high`: how many things counted, certainly and possibly. `value_low`, `value_high`: a score, or
    the value a target measures, as an interval. `at` is its moment: it decides into which longer period
    the finding falls (semantics 17). `missing` names the fields whose absence leaves it undetermined.
    """

    book: str
    rule: str
    variant: str
    section: str
    status: str
    holder_kind: str  # grid | subject | post | fact
    holder: str
    step: str = ""
    trial: bool = False
    grid: str | None = None
    subject: str | None = None
    actor: str | None = None
    period: str = ""
    case: str = ""
    episode: int = 0
    start: int | None = None
    end: int | None = None
    at: int | None = None
    due: int | None = None
    low: int | None = None
    high: int | None = None
    needed: str = ""
    value_low: Fraction | None = None
    value_high: Fraction | None = None
    band: str | None = None
    rank: int | None = None
    missing: tuple[str, ...] = ()
    detail: Mapping[str, object] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return finding_id(
            self.book, self.rule, self.variant, self.step, self.holder, self.period, self.case, self.episode
        )


def finding_id(book: str, rule: str, variant: str, step: str, holder: str, period: str, case: str, episode: int) -> str:
    """The stable, readable name of a finding (semantics 27): `fire/chigang#monthly@B1/2024-05`,
    `fire/chigang#hazard.fixed@B1/H1`; a second episode of a case ends in `~2`. `rule` is the rule's first
    name, through `was`."""
    name = f"{rule}[{variant}]" if variant else rule
    name = f"{name}.{step}" if step else name
    about = f"{case}~{episode}" if episode > 1 else case or period
    return f"{book}#{name}@{holder}/{about}"
