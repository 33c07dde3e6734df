"""Disagreements between a check that goes on and a check of everything, each once found and mended."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from tests.parity.engine import columnar, difference
from tests.parity.going_on import arrived_differently, went_on_differently
from tests.parity.history import History, changes
from tests.parity.kit import at, head, sel
from tests.parity.kit import program as toy
from tests.parity.kit import world as toy_world
from tests.parity.worlds import Case

from wuding.assess import conclude, snapshot_of_world
from wuding.book.load import load_domain, load_program
from wuding.domain.fact import Fact
from wuding.domain.grid import Grid
from wuding.domain.period import Every
from wuding.domain.post import Post
from wuding.domain.world import World
from wuding.engines.matchers import open_matcher
from wuding.program.model import Patrol, Program

DOMAIN = """
domain: d
title: {zh: d, en: d}
levels: [town, cell]
roles: {chief: {title: {zh: c, en: c}, duties: [lead]}}
duties: {lead: {zh: l, en: l}}
facts:
  hazard: {title: {zh: h, en: h}, key: [id], fields: {id: {type: id, required: true}, grave: {type: bool}}}
  fixed: {title: {zh: f, en: f}, fields: {id: {type: ref, to: hazard, required: true}}}
effects: {bars: [], lists: [], gives: []}
"""
BOOK = """
book: d/x
title: {zh: x, en: x}
domain: d
grid: T
escalation:
  - id: case
    opens: {fact: hazard}
    case: id
    steps:
      - {id: chief, when: {grave: true}, wait: 72h, tell: {role: chief, at: town}}
      - {id: fix, expect: {fact: fixed}, within: 7d}
"""
HOUR = 3_600_000_000
START = 1_704_038_400_000_000


def program() -> Program:
    domain, _ = load_domain(DOMAIN, "domain.yaml")
    assert domain is not None
    found, wrong = load_program(BOOK, "book.yaml", {"d": domain}, lambda _: None)
    assert found is not None, wrong
    return found


def world(as_of: int) -> World:
    hazards = ((1, "open"), (2, "fixed"))
    facts = [Fact(n, "d", "hazard", "A", None, None, START, START, {"id": id}) for n, id in hazards]
    facts.append(Fact(3, "d", "fixed", "A", None, None, START + HOUR, START + HOUR, {"id": "fixed"}))
    grids = (Grid("T", "", None, "town"), Grid("A", "", "T", "cell"))
    return World(grids, (), (Post("p", "li", "chief", "T"),), tuple(facts), as_of)


def test_a_notice_that_may_not_be_owed_names_nobody_when_its_hidden_limit_has_passed() -> None:
    """Its limit is hidden, and nothing of it depends on time: the oracle, the engine and going on agree."""
    book = program()
    moments = [(book, world(START + hours * HOUR)) for hours in (2, 71, 73, 74, 170)]
    assert went_on_differently(History(tuple(moments))) == ""
    assert [difference(Case(book, w)) for _, w in moments] == [""] * len(moments)
    past = conclude(book, snapshot_of_world(moments[1][1], book))
    again = conclude(book, snapshot_of_world(moments[2][1], book), past, changes(book, moments[1][1], moments[2][1]))
    assert {scope.cases for scope in again.scopes.values() if scope is not None} == {frozenset()}


def test_time_alone_touches_no_case_whose_limits_lie_elsewhere() -> None:
    book = program()
    then, now = (replace(world(START), as_of=START + hours * HOUR) for hours in (80, 90))
    past = conclude(book, snapshot_of_world(then, book))
    again = conclude(book, snapshot_of_world(now, book), past, changes(book, then, now))
    assert {len(scope.cases) for scope in again.scopes.values() if scope is not None} == {0}


def test_periods_come_into_sight_when_the_window_begins() -> None:
    """The year had begun at the first check, the days that are asked about had not."""
    rule = Patrol(head("p"), sel("grid", "block"), do=sel("fact", "visit"), every=Every("year"))
    given = toy_world(as_of="2024-01-09", window_from="2024-02-14")
    history = History(tuple((toy(rule), replace(given, as_of=at(day))) for day in ("2024-01-09", "2024-02-29")))
    assert went_on_differently(history) == ""
    with closing(open_matcher()) as matcher:
        assert arrived_differently(history, matcher) == ""
    assert len(columnar(history.moments[1][1], toy(rule))) == 3
