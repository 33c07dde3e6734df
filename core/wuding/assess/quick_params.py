"""Parameters for plain arithmetic: those that hold for everybody."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from wuding.domain.number import SCALE
from wuding.engines.columnar.conditions import column
from wuding.engines.columnar.params import cell_of, lookup, params_in
from wuding.lang.nodes import Cond, Term

if TYPE_CHECKING:
    from wuding.assess.live import Live


def params_into(live: Live, env: dict[str, Any], day: int, cond: Cond | None, *terms: Term | None) -> bool:
    """Puts the parameters that are read into `env`, as they stood on a day; false where one is no number or depends on
    more than the day."""
    for term in params_in(cond, *terms):
        if column(term) in env:
            continue
        param = live.program.parameters[term.name]
        type_ = term.type or param.type
        if param.by or param.by_finding or type_ not in ("number", "money", "int"):
            return False
        cell = cell_of(lookup(live.ctx, param, day, [], day), type_)
        if cell is None:
            return False
        number = Fraction(cell, 1 if type_ == "int" else SCALE)
        env[column(term)] = (number, number)
    return True
