"""Which rules are assessed together, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from wuding.assess.charter import charter
from wuding.assess.escalation import escalation
from wuding.assess.patrol import patrol
from wuding.assess.scoring import scoring
from wuding.assess.targets import targets
from wuding.assess.veto import veto
from wuding.engines.columnar.context import Context
from wuding.program.added import Added
from wuding.program.model import Charter, Escalation, Patrol, Program, Rule, Scoring, Target, Veto, steps_of

SIDE_BY_SIDE = 2  # rules at once; more only compete for memory
Assessor = Callable[[Context, Any], pl.DataFrame]
ASSESSORS: Mapping[type, Assessor] = {
    Charter: charter, Patrol: patrol, Scoring: scoring, Veto: veto, Escalation: escalation, Target: targets,
}  # fmt: skip


def kinds_of(rule: Rule) -> list[tuple[str, str, str]]:
    """Rule, variant and step of the findings that a rule may have."""
    return [(rule.head.id, rule.head.variant, step) for step in ("", *(name for name, _ in steps_of(rule)))]


def strata(program: Program) -> list[list[Rule]]:
    """The rules in groups, each of which reads findings of earlier groups only (semantics 21)."""
    level: dict[str, int] = {}
    groups: list[list[Rule]] = []
    for rule in program.rules:
        used = [level[k] for k in program.uses.get(rule.head.key, ()) if k in level]
        level[rule.head.key] = max(used, default=-1) + 1
        if level[rule.head.key] == len(groups):
            groups.append([])
        groups[level[rule.head.key]].append(rule)
    return groups


def assess_rule(ctx: Context, rule: Rule) -> pl.DataFrame:
    """The findings of one rule. Rules that it reads must have been assessed."""
    assess = rule.section.assess if isinstance(rule, Added) else ASSESSORS[type(rule)]
    found: pl.DataFrame = assess(ctx, rule)
    return found
