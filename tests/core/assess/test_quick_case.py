"""Cases, and duties that set a longest distance, as their quick ways tell them: as a full check does, arrival by
arrival."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.parity import kit
from tests.parity.going_on import arrived_differently
from tests.parity.history import History

from wuding.assess import carry, quick_case, quick_limits
from wuding.engines.matchers import open_matcher
from wuding.lang.nodes import Cmp, Field, Has, Param
from wuding.program.model import Escalation, Limit, Patrol, Program, Rule, Step

FEW = settings(
    max_examples=15, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
FIX = kit.sel("fact", "fix", when=kit.is_("filed", True, "bool"))
NOTE = kit.sel("fact", "note", when=Has(Field("kind", "enum")))
MANY = Cmp(">=", Field("people", "int"), kit.num(2))
CASE = Escalation(
    kit.head("case"), kit.sel("fact", "report"), ("ref",), (FIX,),
    (
        Step("noted", "expect", "opening", of=NOTE, limit=Limit(kit.duration(2, "d"))),
        Step("fixed", "expect", "noted", kit.is_("severity", "high"), FIX, Limit(Param("grace", "duration"))),
        Step("told", "tell", "opening", wait=kit.duration(3, "workday"), tell_role="chief"),
        Step("at-once", "tell", "fixed", MANY, tell_role="chief"),
    ),
)  # fmt: skip
APART = Patrol(
    kit.head("apart"), kit.sel("subject", "shop"), kit.sel("fact", "visit", when=kit.is_("filed", True, "bool")),
    apart=kit.duration(3, "d"),
)  # fmt: skip
GRACE = kit.parameter("grace", "duration", {"2024-01-01": kit.duration(2, "d")})

some = st.sampled_from
moments = st.tuples(st.integers(1, 14), some(("02:00", "09:00", "23:30"))).map(lambda d: f"2024-01-{d[0]:02}T{d[1]}")
refs = some(("R1", "R1", "R2"))
facts_of_cases = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("report"),
            "ref": refs,
            "severity": some(("high", "high", "low", None)),
            "people": some((1, 2, 3, None)),
        }
    ),
    st.fixed_dictionaries({"type": st.just("fix"), "ref": refs, "filed": some((True, True, False, None))}),
    st.fixed_dictionaries({"type": st.just("note"), "ref": refs, "kind": some(("a", "a", None))}),
)
visits = st.fixed_dictionaries({"type": st.just("visit"), "filed": some((True, True, True, False, None))})


def arrive(program: Program, drawn: list[tuple[str, bool, dict[str, Any]]]) -> str:
    """What is carried along, where it differs from a full check; facts come at their time, or late (the flag)."""
    facts, moments_, now = [kit.fact("licence", "2024-01-01", grid="B2")], [], "2024-01-01T12:00"
    shops = (kit.shop("S1", "B1"),)
    posts = (kit.post("chen", "chief", "B1"),)
    moments_.append((program, kit.world(*facts, as_of=now, subjects=shops, posts=posts)))
    for when, late, told in drawn:
        given_ = dict(told)
        now = max(now, when) if not late else max(now, "2024-01-12T00:00")
        subject = {"subject": "S1"} if given_["type"] == "visit" else {}
        fields = {name: value for name, value in given_.items() if value is not None and name != "type"}
        facts.append(kit.fact(given_["type"], when, grid="B1", **subject, **fields))
        moments_.append((program, kit.world(*facts, as_of=now, subjects=shops, posts=posts)))
    matcher = open_matcher()
    try:
        return arrived_differently(History(moments_), matcher)  # type: ignore[arg-type]
    finally:
        matcher.close()


def book(*rules: Rule) -> Program:
    return kit.program(*rules, parameters={"grace": GRACE})


def drawn(told: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[tuple[str, bool, dict[str, Any]]]]:
    late = st.integers(0, 5).map(lambda n: n == 5)
    return st.lists(st.tuples(moments, late, told), min_size=3, max_size=7).map(lambda some_: sorted(some_, key=str))


@FEW
@given(drawn(facts_of_cases))
def test_cases_are_told_as_a_full_check_tells_them(told: list[tuple[str, bool, dict[str, Any]]]) -> None:
    assert arrive(book(CASE), told) == ""


@FEW
@given(drawn(visits))
def test_distances_are_told_as_a_full_check_tells_them(told: list[tuple[str, bool, dict[str, Any]]]) -> None:
    assert arrive(book(APART), told) == ""


def test_the_quick_ways_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []
    for room, name in ((quick_case, "told_again"), (quick_limits, "spaced")):
        way = getattr(room, name)

        def watched(*given_: Any, way: Any = way) -> Any:
            found = way(*given_)
            taken.append(found is not None)
            return found

        monkeypatch.setattr(carry, name, watched)
    told = [
        ("2024-01-02T09:00", False, {"type": "report", "ref": "R1", "severity": "high", "people": 2}),
        ("2024-01-03T09:00", False, {"type": "note", "ref": "R1", "kind": "a"}),
        ("2024-01-03T10:00", False, {"type": "visit", "filed": True}),
        ("2024-01-04T10:00", False, {"type": "visit"}),
        ("2024-01-05T02:00", False, {"type": "visit", "filed": True}),
        ("2024-01-05T23:30", False, {"type": "fix", "ref": "R1", "filed": False}),
    ]
    assert arrive(book(CASE, APART), told) == ""
    assert taken == [True] * 5  # nothing is asked where matching finds nothing


def test_what_was_made_of_facts_is_made_again_after_quick_ways() -> None:
    """A quick way left facts out of what had been made of their type, so that the next day forgot them."""
    told = [(f"2024-01-{n:02}T09:00", False, {"type": "visit", "filed": True}) for n in (2, 3, 7, 8)]
    assert arrive(book(APART), told) == ""
