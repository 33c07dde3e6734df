"""One fact, checked value by value."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.intake.conftest import DOMAIN, GRIDS, SUBJECTS

from wuding.domain.instants import parse_instant
from wuding.errors import Rejected
from wuding.intake.importing import RowsRejected
from wuding.intake.known import known_frames
from wuding.intake.recording import checked_fact
from wuding.program.builtin import FACTS

KNOWN = known_frames(
    pl.DataFrame([(g.code, g.start, g.end) for g in GRIDS], schema=["code", "start", "end"], orient="row"),
    pl.DataFrame(
        [(s.id, s.start, s.end, s.grid) for s in SUBJECTS], schema=["id", "start", "end", "grid"], orient="row"
    ),
)


def record(type_, at="2024-01-01", grid=None, subject=None, actor=None, **fields):
    thing, owner = (FACTS[type_], "core") if type_ in FACTS else (DOMAIN.facts[type_], "fire")
    moment = parse_instant(at, "Asia/Shanghai")
    return checked_fact(owner, thing, KNOWN, "Asia/Shanghai", moment, grid, subject, actor, fields)


def refused(*args, **more) -> list[tuple[str, object]]:
    with pytest.raises(Rejected) as caught:
        record(*args, **more)
    return [(d.code, d.args.get("column") or d.args.get("name")) for d in caught.value.diagnostics]


def test_values_from_python():
    fact = record(
        "hazard", grid="G1", actor="li", hazard_id="H1", severity="重大", people=3, cost=Fraction(25, 2), fixed=True,
        found_on=date(2024, 5, 3), due=datetime(2024, 5, 3, 9, tzinfo=UTC), reporter="wang",
    )  # fmt: skip
    assert (fact.domain, fact.type, fact.grid, fact.actor) == ("fire", "hazard", "G1", "li")
    assert fact.fields == {
        "hazard_id": "H1", "severity": "major", "people": 3, "cost": "12.5", "fixed": True,
        "found_on": "2024-05-03", "due": "2024-05-03T09:00:00Z",
    }  # fmt: skip
    assert fact.private == {"reporter": "wang"}
    assert record("hazard", grid="G1", hazard_id=7, cost=Decimal("1E+2"), people=None).fields == {
        "hazard_id": "7", "cost": "100",
    }  # fmt: skip


def test_everything_that_is_wrong_is_told_at_once():
    found = refused("hazard", grid="G9", hazard_id=" ", serverity="major", people="x", fixed="maybe")
    assert sorted(found, key=str) == [
        ("WD414", "serverity"), ("WD430", "hazard_id"), ("WD432", "people"), ("WD434", "fixed"), ("WD440", "grid"),
    ]  # fmt: skip


def test_places():
    assert record("visit", subject="S2").grid == "G2"
    assert refused("visit") == [("WD430", "subject")]
    assert refused("visit", subject="S9") == [("WD444", "subject")]
    assert refused("visit", at="2022-01-01", subject="S2") == [("WD446", "subject")]
    assert refused("visit", subject="S2", grid="G1") == [("WD442", "grid")]
    assert refused("hazard", hazard_id="a") == [("WD430", "grid")]
    assert refused("hazard", at="2025-01-01", grid="G2", hazard_id="a") == [("WD441", "grid")]


def test_rulings_need_no_place():
    fact = record("absence", person="li", **{"from": "2024-05-01"})
    assert (fact.domain, fact.grid, fact.fields) == ("core", None, {"person": "li", "from": "2024-05-01"})
    assert refused("absence", person="li") == [("WD430", "from")]


VALUES = {
    "hazard_id": st.sampled_from(["a", ""]),
    "people": st.sampled_from(["", "1", "x", "1000000000000"]),
    "cost": st.sampled_from(["", "1.5", "1e5", "1.1234567"]),
    "fixed": st.sampled_from(["", "是", "maybe"]),
    "limit": st.sampled_from(["", "7 d", "7"]),
    "due": st.sampled_from(["", "2024-05-03", "soon"]),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(VALUES), st.sampled_from(["G1", "G2", "G9"]), st.sampled_from(["2024-01-01", "2024-05-03"])
)
def test_recording_and_importing_agree(load, fields, grid, at):
    text = ",".join(["at", "grid", *fields]) + "\n" + ",".join([at, grid, *fields.values()]) + "\n"
    try:
        imported = load(text).own[0]
    except RowsRejected as error:
        told = [(d.code, d.args["column"]) for d in error.diagnostics[1:]]
        assert sorted(refused("hazard", at=at, grid=grid, **fields)) == sorted(told)
    else:
        assert record("hazard", at=at, grid=grid, **fields) == imported
