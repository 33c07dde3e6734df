"""Histories in which what arrived fact by fact once differed from a full check."""

from __future__ import annotations

from dataclasses import replace

from tests.parity import kit
from tests.parity.going_on import arrived_differently
from tests.parity.history import History

from wuding.domain.fact import CORE, Fact
from wuding.domain.period import Every
from wuding.engines.matchers import open_matcher
from wuding.lang.nodes import And
from wuding.program.model import Charter, Patrol, Veto


def differs(*moments: object) -> str:
    matcher = open_matcher()
    try:
        return arrived_differently(History(moments), matcher)  # type: ignore[arg-type]
    finally:
        matcher.close()


def test_a_waiver_that_names_a_variant() -> None:
    rule = Patrol(kit.head("duty", "x"), kit.BLOCK, kit.VISIT, every=Every("month"))
    book = kit.program(rule)
    first = kit.world(kit.fact("report", "2024-01-02", grid="B2"), as_of="2024-04-05")
    told = {"rule": "duty[x]", "holder": "B1", "from": "2024-01-01", "approver": "an", "reason": ""}
    when = kit.at("2024-01-01")
    waiver = Fact(2, CORE, "waiver", None, None, None, when, when, told)
    assert differs((book, first), (book, replace(first, facts=(*first.facts, waiver)))) == ""


def test_a_rule_whose_findings_are_causes_takes_another_name() -> None:
    seat = Charter(kit.head("seat"), kit.BLOCK, "seat", kit.sel("post", "chief"))
    cause = kit.sel("finding", "seat", when=And((kit.is_("status", "gap", "text"),)))
    veto = Veto(kit.head("veto"), cause, "block", lasts=kit.duration(20, "d"), score=kit.num(10).value)  # type: ignore[arg-type]
    first = kit.world(as_of="2024-02-01")
    renamed = replace(seat, head=kit.head("seat", was=("old-seat",)))
    assert differs((kit.program(seat, veto), first), (kit.program(renamed, veto), first)) == ""
