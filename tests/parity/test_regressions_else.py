"""E6b by hand, on both: who is told when a step fails, and what becomes of that in the next round."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.parity.kit import at, fact, head, is_, post, sel, world
from tests.parity.test_regressions import FIX, REPORT, agreed

from wuding.domain.finding import Finding
from wuding.lang.nodes import Duration
from wuding.program.model import Escalation, Limit, Step

WEEK = Limit(high=Duration(7, "d"))
POSTS = (post("li", "chief", "B1", end="2024-01-20"), post("wu", "chief", "B1", "2024-01-20"))
FIXED = Step("fixed", "expect", "opening", of=FIX, limit=WEEK)
QUIET = Step("quiet", "without", "fixed", of=sel("fact", "note"), limit=WEEK)


def notice(of: str, **more: Any) -> Step:
    return Step(f"{of}-else", "tell", of, tell_role="chief", on_failure=True, **more)


def said(steps: tuple[Step, ...], *facts: Any, as_of: str = "2024-03-01", **more: Any) -> dict[str, Finding]:
    rule = Escalation(head("e"), REPORT, ("ref",), more.pop("closes", None), steps)
    opening = fact("report", "2024-01-10T10:00", "B1", ref="R1")
    return agreed(rule, world(opening, *facts, as_of=as_of, posts=more.pop("posts", POSTS)))


def fix(when: str, **more: object) -> Any:
    return fact("fix", when, "B1", ref="R1", **more)


def note(when: str, **more: object) -> Any:
    return fact("note", when, "B1", ref="R1", **more)


def outline(found: Finding) -> tuple[object, ...]:
    return found.status, found.due, found.low, found.detail.get("to")


@pytest.mark.parametrize(
    ("facts", "as_of", "expected"),
    [
        ((), "2024-01-18", ("waiting", None, None, None)),  # at the very limit it has not passed
        ((), "2024-01-18T00:00:01", ("told", at("2024-01-18"), None, ["li"])),
        ((fix("2024-01-25"),), "2024-03-01", ("told", at("2024-01-18"), None, ["li"])),  # late is too late
        ((fix("2024-01-15"),), "2024-01-20", ("dropped", None, None, None)),
        ((fix("2024-01-15"), note("2024-01-16")), "2024-01-20", ("dropped", None, None, None)),
    ],
)
def test_an_expectation_fails_when_its_limit_passes(
    facts: tuple[Any, ...], as_of: str, expected: tuple[object, ...]
) -> None:
    assert outline(said((FIXED, notice("fixed")), *facts, as_of=as_of)["fixed-else"]) == expected


def test_what_follows_the_limit_makes_a_notice_neither_doubtful_nor_undone() -> None:
    """A possible match after the limit leaves open whether the step is late or overdue: it failed either way."""
    filed = replace(FIXED, of=sel("fact", "fix", when=is_("filed", True, "bool")))
    late = said((filed, notice("fixed")), fix("2024-01-25"))
    assert (late["fixed"].status, late["fixed-else"].status) == ("undetermined", "told")
    maybe = said((filed, notice("fixed")), fix("2024-01-15"))["fixed-else"]
    assert (maybe.status, maybe.missing, maybe.detail) == ("undetermined", ("filed",), {})


def test_a_case_that_closes_first_tells_nobody() -> None:
    steps = (FIXED, notice("fixed"))
    assert said(steps, note("2024-01-17"), closes=(sel("fact", "note"),))["fixed-else"].status == "dropped"
    assert said(steps, note("2024-01-20"), closes=(sel("fact", "note"),))["fixed-else"].status == "told"


def test_a_limit_that_lies_before_the_clock_has_passed_when_it_starts() -> None:
    dated = replace(FIXED, limit=Limit(until="due"), after="begun")
    begun = Step("begun", "expect", "opening", of=sel("fact", "visit", same=("grid",)))
    rule = Escalation(head("e"), REPORT, ("ref",), None, (begun, dated, notice("fixed")))
    opening = fact("report", "2024-01-10T10:00", "B1", ref="R1", due="2024-01-11")
    given = world(opening, fact("visit", "2024-01-15", "B1"), as_of="2024-01-20", posts=POSTS)
    assert outline(agreed(rule, given)["fixed-else"]) == ("told", at("2024-01-15"), None, ["li"])


def test_a_window_fails_in_the_moment_of_what_was_forbidden() -> None:
    steps = (FIXED, QUIET, notice("quiet"))
    quiet = said(steps, fix("2024-01-12"), as_of="2024-01-15")
    assert outline(quiet["quiet-else"]) == ("waiting", None, None, None)
    failed = said(steps, fix("2024-01-12"), note("2024-01-15"), as_of="2024-01-15")
    assert outline(failed["quiet-else"]) == ("told", at("2024-01-15"), None, ["li"])
    nobody = said(steps, fix("2024-01-12"), note("2024-01-15"), posts=())
    assert (nobody["quiet-else"].status, nobody["quiet-else"].detail) == ("unstaffed", {"to": []})
    unsure = replace(QUIET, of=sel("fact", "note", when=is_("kind", "a")))
    maybe = said((FIXED, unsure, notice("quiet")), fix("2024-01-12"), note("2024-01-15"))
    assert (maybe["quiet-else"].status, maybe["quiet-else"].missing) == ("undetermined", ("kind",))


def test_a_notice_exists_where_its_step_does() -> None:
    when = is_("severity", "a")
    steps = (replace(FIXED, when=when), notice("fixed", when=when))
    rule = Escalation(head("e"), REPORT, ("ref",), None, steps)
    other = fact("report", "2024-01-10", "B1", ref="R1", severity="b")
    assert set(agreed(rule, world(other, as_of="2024-03-01"))) == {"R1"}
    unknown = said(steps)["fixed-else"]
    assert (unknown.status, unknown.missing, unknown.detail) == ("undetermined", ("severity",), {})


def test_a_new_round_keeps_the_notice_of_the_failure_that_began_it_and_counts_them() -> None:
    steps = (FIXED, replace(QUIET, else_back="fixed"), notice("quiet"))
    facts = (fix("2024-01-12"), note("2024-01-15"))
    once = said(steps, *facts, as_of="2024-01-16")
    assert (once["R1"].detail, once["fixed"].status, once["quiet"].status) == ({"rounds": 2}, "waiting", "waiting")
    assert outline(once["quiet-else"]) == ("told", at("2024-01-15"), 1, ["li"])
    twice = said(steps, *facts, fix("2024-01-20"), note("2024-01-22"), as_of="2024-01-23")
    assert twice["R1"].detail == {"rounds": 3}
    assert outline(twice["quiet-else"]) == ("told", at("2024-01-22"), 2, ["wu"])
    over = said(steps, *facts, fix("2024-01-20"))
    assert (over["R1"].status, over["quiet"].status, over["quiet-else"].status) == ("closed", "done", "told")


def test_the_notice_of_a_step_that_another_step_starts_again_is_of_the_last_round() -> None:
    steps = (FIXED, replace(QUIET, else_back="fixed", limit=None, after="opening"), notice("fixed"))
    before = said(steps, as_of="2024-01-19")["fixed-else"]
    again = said(steps, note("2024-01-20"), as_of="2024-01-21")["fixed-else"]
    assert (before.status, again.status) == ("told", "waiting")


def test_e6_a_step_may_send_itself_back_and_fails_once_in_a_moment() -> None:
    steps = (replace(QUIET, after="opening", else_back="quiet"), notice("quiet"))
    found = said(steps, note("2024-01-12"), note("2024-01-12", kind="a"), note("2024-01-14"), as_of="2024-03-01")
    assert (found["R1"].detail, found["R1"].end) == ({"rounds": 3}, at("2024-01-22"))
    assert outline(found["quiet-else"])[:3] == ("told", at("2024-01-14"), 2)


def test_e6_the_first_of_two_failures_is_followed_and_may_spare_the_other() -> None:
    """After `quiet` failed on the 15th nothing after it is looked at until it was fixed anew."""
    other = Step("calm", "without", "fixed", of=sel("fact", "visit", same=("grid",)), limit=WEEK, else_back="fixed")
    steps = (FIXED, other, replace(QUIET, else_back="fixed"), notice("calm"))
    facts = (fix("2024-01-12"), note("2024-01-15"), fact("visit", "2024-01-16", "B1"))
    found = said(steps, *facts, as_of="2024-01-17")
    assert (found["R1"].detail, found["fixed"].start) == ({"rounds": 2}, at("2024-01-15"))
    assert found["calm-else"].status == "waiting"


def test_e3_a_window_without_a_limit_ends_with_its_case() -> None:
    steps = (replace(QUIET, after="opening", limit=None), notice("quiet"))
    found = said(steps, fix("2024-01-12"), closes=(FIX,))
    assert (found["quiet"].status, found["quiet-else"].status) == ("dropped", "dropped")
