"""Which rules keep to the branches of the tree, and how branches are put together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.parity import kit

from wuding.assess import snapshot_of_world
from wuding.assess.branches import Branches, cut, phases
from wuding.assess.check import check
from wuding.assess.locality import SUBJECT, Link, needs_of
from wuding.assess.parted import conclude_in_parts
from wuding.domain.period import Every
from wuding.domain.post import Post
from wuding.domain.world import World
from wuding.lang.nodes import Duration
from wuding.program.model import Charter, Escalation, Patrol, Program, Rule, Scoring, Step, Target, Veto

MONTH = Every("month")
BLOCKS = kit.sel("grid", "block")
MONTHLY = Patrol(kit.head("monthly"), BLOCKS, do=kit.VISIT, every=MONTH)
SHOPS = Patrol(kit.head("shops"), kit.sel("subject", "shop"), do=kit.VISIT, every=MONTH)
CASES = Escalation(
    kit.head("cases"), kit.sel("fact", "report"), ("ref",), None,
    (Step("fixed", "expect", "opening", of=kit.sel("fact", "fix")),),
)  # fmt: skip
TAUGHT = Target(kit.head("taught"), kit.sel("grid", "area"), count=kit.VISIT, every=MONTH, reach=kit.it_is(">=", 1))
BROAD = Target(kit.head("broad"), kit.sel("grid", "zone"), count=kit.VISIT, every=MONTH, reach=kit.it_is(">=", 1))
LEAGUE = Scoring(kit.head("league"), BLOCKS, MONTH, kit.num(1), rank_in="book")
FACTS = [kit.fact("visit", f"2024-0{m}-03T10:00", grid) for m in (1, 2, 3) for grid in ("B1", "B2", "B3")]


def whole_of(world: World, *rules: Rule, wanted: int = 2, **more: object) -> dict[str, str]:
    """Why rules are assessed on everything; that the findings are the same is looked at on the way."""
    program = kit.program(*rules, **more)
    return dict(branches(program, world, wanted).whole)


def branches(program: Program, world: World, wanted: int = 2) -> Branches:
    snap = snapshot_of_world(world, program)
    found = conclude_in_parts(program, snap, wanted).concluded.frame.sort("id", "status")
    assert found.equals(check(program, snap).sort("id", "status"))
    return cut(program, snap, wanted)


def there(*facts, **more) -> World:
    return kit.world(*FACTS, *facts, as_of="2024-04-01T09:00", **more)


def test_what_counts_inside_a_branch_keeps_to_it_and_what_counts_above_the_cut_does_not() -> None:
    assert whole_of(there(), MONTHLY, SHOPS, CASES, TAUGHT, BROAD, LEAGUE) == {"broad": "above", "league": "rank"}


def test_the_tree_is_cut_where_least_is_left_to_do_for_the_heaviest_part() -> None:
    often = [replace(MONTHLY, head=kit.head(f"monthly{n}")) for n in range(5)]
    assert whole_of(there(), *often, TAUGHT, wanted=3) == {"taught": "above"}
    assert whole_of(there(), MONTHLY, *(replace(TAUGHT, head=kit.head(f"taught{n}")) for n in range(5)), wanted=3) == {}


def test_as_many_parts_as_branches_and_the_trunk_goes_with_one() -> None:
    found = branches(kit.program(MONTHLY), there(), 3)
    parts = dict(found.of_grid.iter_rows())
    assert found.parts == len({parts[b] for b in ("B1", "B2", "B3")}) == 3
    assert parts["Z1"] == parts["A1"] == parts["A2"] == 0


def test_a_case_in_two_branches_keeps_them_together() -> None:
    apart = (kit.fact("report", "2024-02-01", "B1", ref="R1"), kit.fact("fix", "2024-02-03", "B2", ref="R1"))
    facts = [kit.fact("visit", "2024-01-03T10:00", "B3")] * 9
    found = branches(kit.program(CASES, MONTHLY), there(*apart, *facts), 3)
    parts = dict(found.of_grid.iter_rows())
    assert found.whole == {}
    assert parts["B1"] == parts["B2"] != parts["B3"]


def test_cases_everywhere_are_not_followed() -> None:
    """Only the rule that asks about cases pays for what ties all branches together."""
    apart = [kit.fact("report", "2024-02-01", grid, ref=f"R{grid}") for grid in ("B1", "B2")]
    apart += [kit.fact("fix", "2024-02-03", "B3", ref=f"R{grid}") for grid in ("B1", "B2")]
    assert whole_of(there(*apart), CASES, MONTHLY) == {"cases": "tied"}


def test_a_subject_that_moved_ties_its_branches_for_those_who_ask_about_subjects() -> None:
    moved = []
    for id_, grid in (("S1", "B1"), ("S2", "B2")):
        moved += [kit.shop(id_, grid, "2023-01-01", "2024-02-01"), kit.shop(id_, "B3", "2024-02-01")]
    facts = [
        kit.fact("visit", "2024-01-03T10:00", "B1", subject="S1"),
        kit.fact("visit", "2024-02-05", "B3", subject="S1"),
    ]
    assert whole_of(there(*facts, subjects=tuple(moved)), SHOPS, MONTHLY) == {"shops": "tied"}


def test_a_grid_that_moved_ties_its_branches() -> None:
    grids = [g for g in kit.GRIDS if g.code != "B2"]
    grids += [kit.grid("B2", "A1", end="2024-02-01"), kit.grid("B2", "A2", start="2024-02-01")]
    found = branches(kit.program(MONTHLY), there(grids=tuple(grids)))
    parts = dict(found.of_grid.iter_rows())
    assert parts["A1"] == parts["A2"] == 0  # so the tree is cut one level deeper
    assert len({parts[b] for b in ("B1", "B2", "B3")}) == 2


def test_a_veto_on_a_grid_above_the_cut_is_read_from_all_parts() -> None:
    veto = Veto(kit.head("bad"), kit.sel("fact", "report"), "zone", touches=("zones",), score=0)
    zones = Scoring(kit.head("zones"), kit.sel("grid", "zone"), MONTH, kit.num(9))
    program = kit.program(veto, zones)
    found = branches(program, there(kit.fact("report", "2024-02-01", "B1", ref="R1")))
    assert found.whole == {} and found.away == {"bad"}
    assert phases(program.rules, program.uses, found) == {"bad": 0, "zones": 1}


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Charter(kit.head("x"), BLOCKS, "seat", kit.sel("post", "keeper"), exclusive="yes"), "people"),
        (Charter(kit.head("x"), kit.sel("post", "keeper"), "must", must=kit.is_("person", "li", "text")), "people"),
        (replace(MONTHLY, do=kit.sel("fact", "visit", same=())), "everything"),
        (replace(MONTHLY, do=kit.sel("fact", "absence")), "core-facts"),
        (Veto(kit.head("x"), kit.VISIT, "post"), "people"),
    ],
)  # fmt: skip
def test_what_can_never_keep_to_a_branch(rule: Rule, why: str) -> None:
    assert needs_of(kit.program(rule), rule).whole == why


def test_counterparts_are_sought_by_key_by_subject_or_in_the_grid() -> None:
    near = kit.sel("fact", "note", within=Duration(3, "d"))
    by_key = replace(MONTHLY, do=kit.sel("fact", "report", having=(near,)))
    by_place = replace(MONTHLY, do=kit.sel("fact", "visit", lacking=(near,)))
    told = {needs_of(kit.program(rule), rule).links for rule in (by_key, by_place)}
    assert told == {
        frozenset({Link(frozenset({"report", "note"}), ("ref",))}),
        frozenset({Link(frozenset({"visit", "note"}), SUBJECT)}),
    }


def test_posts_above_a_part_act_in_it() -> None:
    rule = replace(MONTHLY, do=kit.sel("fact", "visit", by=("chief",)))
    posts: tuple[Post, ...] = (kit.post("li", "chief", "Z1"), kit.post("wu", "chief", "A2"))
    facts = [kit.fact("visit", "2024-01-04T10:00", "B1", "li"), kit.fact("visit", "2024-01-04T10:00", "B3", "wu")]
    assert whole_of(there(*facts, posts=posts), rule) == {}
