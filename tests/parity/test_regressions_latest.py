"""The latest thing alone. Each case was a disagreement between oracle and engine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.parity.engine import columnar, difference
from tests.parity.kit import fact, head, is_, num, program, sel, world
from tests.parity.worlds import Case

from wuding.domain.period import Every
from wuding.lang.nodes import Field
from wuding.program.model import Item, Measure, Scoring

FILED = sel("fact", "visit", when=is_("filed", True, "bool"))


@pytest.mark.parametrize(
    ("measure", "filed", "low", "high"),
    [
        (Measure("m", "sum", of=FILED, field="people"), (True, None), 0, 3),
        (Measure("m", "sum", of=FILED, field="people"), (True, None, None), 0, 6),
        (Measure("m", "sum", of=FILED, field="people"), (None, True), 2, 2),
        (Measure("m", "count", of=FILED), (True, None), 0, 2),
        (Measure("m", "share", of=FILED, share_when=is_("kind", "a")), (True, None), None, None),
    ],
)  # fmt: skip
def test_16d_what_is_possible_may_hide_what_is_certain_or_not(
    measure: Measure, filed: tuple[bool | None, ...], low: int | None, high: int | None
) -> None:
    """Visits of one and more people, the later ones perhaps not filed: any of them may be the latest."""
    measure = replace(measure, last_per=("kind",))
    rule = Scoring(
        head("s"), sel("grid", "block", when=is_("code", "B1", "text")), Every("month"), num(0), (measure,),
        (Item("i", None, False, None, Field("m", "number")),),
    )  # fmt: skip
    told = [{"kind": "a", "people": n} | ({} if f is None else {"filed": f}) for n, f in enumerate(filed, 1)]
    visits = [fact("visit", f"2024-03-0{n}", "B1", **given) for n, given in enumerate(told, 1)]
    given = world(*visits, as_of="2024-04-01", window_from="2024-03-01")
    assert difference(Case(program(rule), given)) == ""
    (found,) = columnar(given, program(rule))
    assert (found.value_low, found.value_high) == (low, high)
