"""Waivers and appeals (semantics 23)."""

from __future__ import annotations

from dataclasses import replace

from tests.parity.oracle.days import read_day
from tests.parity.oracle.selectors import oldest
from tests.parity.oracle.world import View

from wuding.domain.fact import Fact
from wuding.domain.finding import BREACHES, Finding
from wuding.program.model import Head


def ruled(view: View, head: Head, findings: list[Finding]) -> list[Finding]:
    """The rule's findings after rulings; they act before any other rule reads them."""
    result = []
    for found in findings:
        status = found.status
        for ruling in view.rulings:
            if ruling.type == "waiver" and status in BREACHES and covers(view, head, ruling, found):
                status = "waived"
        for ruling in view.rulings:
            upheld = ruling.type == "appeal" and ruling.fields.get("upheld")
            if upheld and ruling.fields["finding"] == found.id and found.status in BREACHES:
                status = "overturned"
        result.append(replace(found, status=status))
    return result


def covers(view: View, head: Head, waiver: Fact, found: Finding) -> bool:
    """Its rule and holder, its moment from `from` to `to`; recorded later than the breach only when retroactive."""
    names = set()
    for name in (head.id, oldest(head.was, head.id)):
        key = f"{name}[{head.variant}]" if head.variant else name
        names |= {name, key, f"{name}.{found.step}", f"{key}.{found.step}"}
    if waiver.fields["rule"] not in names or waiver.fields["holder"] != found.holder or found.at is None:
        return False
    if waiver.recorded > found.at and not waiver.fields.get("retroactive"):
        return False
    day, until = view.day(found.at), waiver.fields.get("to")
    start = read_day(waiver.fields["from"])
    return start <= day and (until is None or day <= read_day(until))
