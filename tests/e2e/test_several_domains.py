"""Several domains on one tree: fire, environment and campus check one world in one run. A subject that two of them
know is one subject; a person holds posts in several; a role that two of them have can be held in one alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import text

from wuding import Grid, Post, Subject, Wuding
from wuding.store.registry import registry
from wuding.testing import check_world

HEAD = "title: {{zh: 一棵树, en: One tree}}\ngrid: Z\nbook: {0}/one-tree\ndomain: {0}\nlevels: {{{1}}}\n"
BOOKS = {
    "fire": HEAD.format("fire", "zone: town, basic: village")
    + """charter:
  - {id: managed, for: {subject: school}, seat: fire-manager}
  - {id: large, for: {subject: school}, must: {pupils: ">= 200"}}
patrol:
  - {id: school-check, for: {subject: school}, do: {fact: inspection, by: fire-manager}, every: month}
veto:
  - {id: burnt, cause: {fact: inspection, when: {filed: false}}, strikes: post, effect: {bar: [annual-award]}}
""",
    "campus": HEAD.format("campus", "county: town, town: village")
    + """charter:
  - {id: headed, for: {subject: school}, seat: school-head}
  - {id: primary, for: {subject: school}, must: {stage: primary}}
""",
    "environment": HEAD.format("environment", "township: town, village: village")
    + """charter:
  - {id: kept, for: {grid: village}, seat: keeper}
""",
    "community": HEAD.format("community", "community: town, grid: village")
    + """charter:
  - {id: kept, for: {grid: village}, seat: keeper}
""",
}


@pytest.fixture
def w(tmp_path: Path) -> Iterator[Wuding]:
    for name, said in BOOKS.items():
        (tmp_path / f"{name}.yaml").write_text(said, encoding="utf-8")
    books = [tmp_path / f"{name}.yaml" for name in BOOKS]
    with Wuding.open(f"sqlite:///{tmp_path}/one.db", books=books) as opened:
        opened.add_grids([Grid("Z", "镇", None, "town"), Grid("V", "村", "Z", "village")])
        opened.add_subjects([Subject("S1", "school", "V", "中心小学", {"pupils": 300})])
        opened.add_subjects([Subject("S1", "school", "V", "中心小学", {"stage": "primary", "has_shop": True})])
        yield opened


def told(w: Wuding) -> set[tuple[str, str, str]]:
    """Book, rule and status of every finding that lasts to the end, or falls in June."""
    frame = w.check(as_of="2024-07-01", start="2024-06-01", save=False).frame
    last = frame.filter(pl.col("end").is_null() | (pl.col("section") != "charter"))
    return set(last.select("book", "rule", "status").iter_rows())


def test_one_subject_with_the_fields_of_all_its_domains(w: Wuding) -> None:
    (school,) = registry(w.ledger).subjects
    assert school.fields == {"pupils": 300, "stage": "primary", "has_shop": True}
    found = told(w)
    assert ("fire/one-tree", "large", "fixed") in found
    assert ("campus/one-tree", "primary", "fixed") in found
    w.add_subjects([Subject("S1", "school", "V", "中心小学", {"pupils": None})])
    found = told(w)
    assert ("fire/one-tree", "large", "undetermined") in found
    assert ("campus/one-tree", "primary", "fixed") in found


def test_a_version_takes_over_what_held_on_its_day(w: Wuding) -> None:
    june, july = 19875, 19905
    w.add_subjects([Subject("S2", "school", "V", "二小", {"pupils": 10}, None, june)])
    w.add_subjects([Subject("S2", "school", "V", "二小", {"pupils": 20}, june, None)])
    w.add_subjects([Subject("S2", "school", "V", "二小", {"stage": "primary"}, july, None)])
    found = [s.fields for s in registry(w.ledger).subjects if s.id == "S2"]
    assert found == [{"pupils": 10}, {"pupils": 20}, {"pupils": 20, "stage": "primary"}]


def test_what_any_domain_calls_private_is_kept_apart(w: Wuding) -> None:
    w.add_subjects([Subject("R", "rental", "V", "出租房", {"landlord": "Zhang", "rooms": 3})])
    with w.ledger.database.read() as conn:
        (body,) = conn.execute(text("SELECT body FROM fact WHERE type = 'subject' AND subject = 'R'")).scalars()
    assert "rooms" in str(body)
    assert "Zhang" not in str(body)
    assert [s.fields for s in registry(w.ledger).subjects if s.id == "R"] == [{"landlord": "Zhang", "rooms": 3}]


def test_a_person_holds_posts_in_several_domains(w: Wuding) -> None:
    w.appoint([Post("", "li", "fire-manager", "V", "S1"), Post("", "li", "school-head", "V", "S1")])
    w.record("inspection", subject="S1", actor="li", at="2024-06-03T10:00", filed=False)
    found = told(w)
    assert {("fire/one-tree", "managed", "fixed"), ("campus/one-tree", "headed", "fixed")} <= found
    assert ("fire/one-tree", "school-check", "met") in found


def test_a_veto_strikes_the_posts_of_its_own_domain(w: Wuding) -> None:
    w.appoint([Post("f", "li", "fire-manager", "V", "S1"), Post("c", "li", "school-head", "V", "S1")])
    w.record("inspection", subject="S1", actor="li", at="2024-06-03T10:00", filed=False)
    struck = w.check(as_of="2024-07-01", save=False).frame.filter(status="struck")
    assert struck.get_column("holder").to_list() == ["f"]


def test_a_role_of_one_name_can_be_held_in_one_domain_alone(w: Wuding) -> None:
    fixed = {(f"{name}/one-tree", "kept", "fixed") for name in ("environment", "community")}
    w.appoint([Post("", "li", "environment/keeper", "V")])
    assert told(w) & fixed == {("environment/one-tree", "kept", "fixed")}
    w.appoint([Post("", "wu", "community/keeper", "V")])
    assert told(w) & fixed == fixed


def test_a_role_held_plainly_counts_in_every_domain_that_has_it(w: Wuding) -> None:
    w.appoint([Post("", "li", "keeper", "V")])
    assert {("environment/one-tree", "kept", "fixed"), ("community/one-tree", "kept", "fixed")} <= told(w)


def test_plain_records_are_seen_in_the_same_way(w: Wuding) -> None:
    from wuding.domain.world import World

    grids = (Grid("Z", "镇", None, "town"), Grid("V", "村", "Z", "village"))
    posts = (Post("p", "li", "environment/keeper", "V"),)
    world = World(grids, (), posts, (), w.moment("2024-07-01"), w.ledger.zone, None)
    for name, status in (("environment", "fixed"), ("community", "gap")):
        found = check_world(w.shelf.program(f"{name}/one-tree"), world)
        assert {f.status for f in found if f.rule == "kept"} == {status}


def test_the_books_that_are_shipped_run_as_one(tmp_path: Path) -> None:
    from wuding.plugins import plugin_manager, shelf

    names = [name for name in shelf((), plugin_manager()).texts if not name.endswith("/base")]
    with Wuding.open(f"sqlite:///{tmp_path}/all.db", books=names) as w:
        w.add_grids([Grid("Z", "镇", None, "township"), Grid("V", "村", "Z", "village")])
        w.record("inspection", grid="V", at="2024-06-03T10:00", filed=True)
        result = w.check(as_of="2024-07-01")
    assert result.books == tuple(names)
    assert len(names) >= 5
