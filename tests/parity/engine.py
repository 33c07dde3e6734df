"""The columnar engine's findings, and how they differ from the oracle's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import polars as pl
from tests.parity.oracle.check import check as oracle
from tests.parity.worlds import Case, comparable, diff

from wuding.domain.finding import Finding
from wuding.domain.number import from_scaled
from wuding.domain.world import World
from wuding.program.model import Program


def columnar(world: World, program: Program) -> list[Finding]:
    """What the engine concludes, as findings."""
    from wuding.assess import check, snapshot_of_world

    return [finding_of(row) for row in check(program, snapshot_of_world(world, program)).iter_rows(named=True)]


def finding_of(row: dict[str, Any]) -> Finding:
    """A row of the frame: exact numbers are scaled integers there, the detail is JSON, a gap's days a column."""
    names = set(Finding.__dataclass_fields__) - {"detail", "value_low", "value_high", "missing"}
    detail = json.loads(row["detail"] or "{}")
    if row["days"] is not None:
        detail["days"] = row["days"]
    values = {key: None if row[key] is None else from_scaled(row[key]) for key in ("value_low", "value_high")}
    missing = tuple(row["missing"] or ())
    found = Finding(**{name: row[name] for name in names}, **values, missing=missing, detail=detail)
    found = replace(found, rule=re.split(r"[\[.@]", row["id"].split("#")[1])[0])  # 27: the rule's oldest name
    assert found.id == row["id"]
    return found


def difference(case: Case) -> str:
    """What the engine says differently from the oracle, a line each; empty when they agree."""
    return diff(comparable(oracle(case.program, case.world)), comparable(columnar(case.world, case.program)))


def recorded_difference(case: Case) -> str:
    """The same by way of a ledger and its columns."""
    from tests.parity.recorded import as_recorded, recorded

    world = as_recorded(case.world)
    expected = comparable(oracle(case.program, world))
    return diff(expected, comparable(recorded(world, case.program))) or diff(
        expected, comparable(poured(world, case.program))
    )


def poured(world: World, program: Program) -> list[Finding]:
    """What the engine hands out rule by rule, without keeping it."""
    from wuding.assess import pour, snapshot_of_world

    found: list[Finding] = []

    def tell(key: str, lazy: pl.LazyFrame) -> None:
        found.extend(finding_of(row) for row in lazy.collect().iter_rows(named=True))

    pour(program, snapshot_of_world(world, program), tell)
    return found
