"""The oracle: every rule of a program over a world, by brute force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.parity.oracle import charter, escalation, patrol, scoring, targets, veto
from tests.parity.oracle.rulings import ruled
from tests.parity.oracle.world import view_of

from wuding.domain.finding import Finding
from wuding.domain.world import World
from wuding.program.model import Charter, Escalation, Patrol, Program, Scoring, Target, Veto

SECTIONS: dict[type, Callable[..., list[Finding]]] = {
    Charter: charter.check, Patrol: patrol.check, Scoring: scoring.check, Veto: veto.check,
    Escalation: escalation.check, Target: targets.check,
}  # fmt: skip


def check(program: Program, world: World) -> list[Finding]:
    """All findings, rule after rule. Trial rules see the live ones, live rules see no trial (23)."""
    view = view_of(program, world)
    live: tuple[Finding, ...] = ()
    every: tuple[Finding, ...] = ()
    for rule in program.rules:
        section: Any = SECTIONS[type(rule)]
        seen = replace(view, findings=every if rule.head.trial else live)
        found = tuple(ruled(seen, rule.head, section(seen, rule)))
        every += found
        if not rule.head.trial:
            live += found
    return list(every)
