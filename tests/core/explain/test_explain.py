"""Explanations agree with the findings they explain: on all policy tests, and on a kept check in a ledger."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from wuding import Subject, Wuding, WudingError
from wuding.assess.check import check
from wuding.assess.records import snapshot_of_world
from wuding.catalogue import texts
from wuding.domain.grid import Grid
from wuding.domain.period import to_day
from wuding.domain.post import Post
from wuding.explain import Explanation, explain, reads, rule_of
from wuding.plugins import plugin_manager, shelf
from wuding.program.model import Patrol
from wuding.testing.run import load, world_of

RULES = Path(__file__).parents[3] / "rules" / "wuding_rules"
KEYS = {key.partition(".")[0] for key in texts() if "." in key and not key.startswith("WD")}
KEY = re.compile(rf"\b(?:{'|'.join(sorted(KEYS))})\.[a-z_-]+\b")
BOOK = """book: fire/small
title: {zh: 小册, en: Small}
domain: fire
grid: Z
parameters:
  often: {assumed: true, values: {2024-01-01: 2}}
charter:
  - {id: led, for: {grid: zone}, seat: director, clause: p8.2}
patrol:
  - id: rounds
    title: {zh: 每月检查, en: monthly inspections}
    for: {grid: basic}
    do: {fact: inspection, by: cell-head, when: {filed: true}}
    times: $often
    every: month
    clause: p5.3
"""


def all_text(found: Explanation) -> str:
    parts = [t for p in found.parts for t in (p.title, *p.sentences, *p.columns, *(c for row in p.rows for c in row))]
    return "\n".join([found.title, found.verdict, *parts])


def counted(found: Explanation) -> int:
    part = next(p for p in found.parts if p.kind == "counted")
    return len(part.rows) + part.more


def unsaid(found: Explanation) -> list[str]:
    """What stands in the explanation as the key of a text that was not written."""
    ids = {*found.links, found.id}
    return [key for key in KEY.findall(all_text(found)) if not any(key in id_ for id_ in ids)]


@pytest.mark.parametrize("path", sorted(RULES.rglob("*.test.yaml")), ids=lambda p: p.name)
def test_every_kind_of_finding_of_the_policy_tests_is_explained(path: Path) -> None:
    (suite,) = load([path], shelf((), plugin_manager(())))
    program = suite.program
    asked, seen = 0, set()
    for case in suite.cases:
        snap = snapshot_of_world(world_of(case, program.zone), program)
        frame = check(program, snap)
        for row in frame.unique(["rule", "step", "status"], keep="first", maintain_order=True).iter_rows(named=True):
            rule = rule_of(program, row)
            assert rule is not None
            if (kind := (row["rule"], row["step"], row["status"])) in seen:
                continue
            seen.add(kind)
            asked += 1
            found = frame.filter(pl.col("rule").is_in(reads(program, rule)))
            told = explain(program, snap, row, found, ("zh", "en")[asked % 2])
            assert (told.id, told.status) == (row["id"], row["status"])
            assert str(rule.head.span) in all_text(told)
            assert all(clause in all_text(told) for clause in rule.head.clauses)
            assert unsaid(told) == []
            if isinstance(rule, Patrol) and row["low"] is not None and rule.do is not None and not rule.do.distinct:
                assert row["low"] <= counted(told) <= row["high"]
    assert asked >= len(program.rules)


@pytest.fixture
def w(tmp_path: Path) -> Wuding:
    book = tmp_path / "small.yaml"
    book.write_text(BOOK, encoding="utf-8")
    found = Wuding.open(f"sqlite:///{tmp_path / 'w.db'}", books=[book])
    grids = [Grid("Z", "南城", None, "zone"), Grid("G", "一组", "Z", "grid"), Grid("B", "甲格", "G", "basic")]
    found.add_grids(grids)
    found.appoint([Post("", "li", "cell-head", "B"), Post("", "wu", "fire-manager", "G")])
    found.record("inspection", grid="B", actor="li", at="2024-05-03T09:00", filed=True)
    found.record("inspection", grid="B", actor="wu", at="2024-05-04T09:00", filed=True)
    found.record("inspection", grid="B", actor="li", at="2024-05-05T09:00", filed=False)
    found.record("inspection", grid="B", actor="li", at="2024-06-02T09:00", filed=True)
    found.check(as_of="2024-06-15")
    return found


MISSED = "fire/small#rounds@B/2024-05"


def test_a_missed_patrol_tells_its_rule_what_counted_what_did_not_and_what_would_have_met_it(
    w: Wuding, tmp_path: Path
) -> None:
    found = w.explain(MISSED)
    parts = {part.kind: part for part in found.parts}
    assert found.verdict == "B (甲格), 2024-05, “monthly inspections”: missed"
    assert f"{tmp_path / 'small.yaml'}:10:5" in parts["rule"].sentences[0]
    assert "by clause p5.3" in parts["rule"].sentences
    assert parts["parameters"].rows[0][:2] == ("often", "2")
    assert "1 counted, 2 needed" in parts["asked"].sentences
    assert [row[1] for row in parts["counted"].rows] == ["2024-05-03 09:00"]
    by_day = {row[1]: row[-1] for row in parts["not-counted"].rows}
    assert "wu was not head of a cell at B" in by_day["2024-05-04 09:00"]
    assert "fire manager at G" in by_day["2024-05-04 09:00"]
    assert by_day["2024-05-05 09:00"] == "registered and reported: no; asked: registered and reported is yes"
    assert parts["remedy"].sentences[0].startswith("1 more between 2024-05-01 00:00 and 2024-06-01 00:00 at B")
    assert parts["remedy"].sentences[2].startswith("the first one after: 2024-06-02 09:00")


def test_who_has_a_post_at_the_subject_of_a_deed_acted(w: Wuding) -> None:
    w.add_subjects([Subject("E", "enterprise", "B", "厂")])
    w.appoint([Post("", "mei", "cell-head", "B", "E")])
    w.record("inspection", grid="B", subject="E", actor="mei", at="2024-05-06T09:00", filed=False)
    w.record("inspection", grid="B", subject="E", actor="mei", at="2024-05-07T09:00", filed=True)
    w.check(as_of="2024-06-15")
    found = w.explain(MISSED)
    parts = {part.kind: part for part in found.parts}
    assert [row[1] for row in parts["counted"].rows] == ["2024-05-03 09:00", "2024-05-07 09:00"]
    by_day = {row[1]: row[-1] for row in parts["not-counted"].rows}
    assert by_day["2024-05-06 09:00"] == "registered and reported: no; asked: registered and reported is yes"


def test_a_patrol_that_runs_says_what_can_still_meet_it_and_in_chinese(w: Wuding) -> None:
    found = w.explain("fire/small#rounds@B/2024-06", lang="zh")
    remedy = next(part for part in found.parts if part.kind == "remedy")
    assert found.verdict == "B（甲格），2024-06，“每月检查”：待完成"
    assert remedy.sentences[0].startswith("2024-07-01 00:00 之前，B（甲格） 再有 1 次即算完成")


def test_a_fact_recorded_after_the_check_does_not_change_its_explanation(w: Wuding) -> None:
    before = w.explain(MISSED)
    w.record("inspection", grid="B", actor="li", at="2024-05-20T09:00", filed=True)
    assert w.explain(MISSED, 1) == before
    w.check(as_of="2024-06-15")
    assert w.explain(MISSED).status == "met"


def test_a_gap_tells_since_when(w: Wuding) -> None:
    found = w.explain("fire/small#led@Z/2024-01-01")
    asked = next(part for part in found.parts if part.kind == "asked")
    assert asked.sentences[0] == "a gap since 2024-01-01, 166 days so far"


def test_a_changed_book_is_said_so_and_a_lost_rule_is_an_error(w: Wuding, tmp_path: Path) -> None:
    url = w.ledger.database.url
    book = tmp_path / "small.yaml"
    book.write_text(BOOK.replace("2024-01-01: 2", "2024-01-01: 3"), encoding="utf-8")
    with Wuding.open(url, books=[book]) as later:
        assert "the book has changed" in all_text(later.explain(MISSED))
    book.write_text(BOOK.replace("id: rounds", "id: walks"), encoding="utf-8")
    with Wuding.open(url, books=[book]) as later, pytest.raises(WudingError) as error:
        later.explain(MISSED)
    assert error.value.code == "WD826"


@pytest.mark.parametrize(
    ("id_", "kind", "what"),
    [
        ("fire/smal#rounds@B/2024-05", "book", "fire/smal"),
        ("fire/small#round@B/2024-05", "rule", "round"),
        ("fire/small#rounds@C/2024-05", "holder", "C"),
        ("fire/small#rounds@B/2024-13", "period", "2024-13"),
    ],
)
def test_an_unknown_id_is_located_and_the_nearest_are_named(w: Wuding, id_: str, kind: str, what: str) -> None:
    with pytest.raises(WudingError) as error:
        w.explain(id_)
    assert error.value.code == "WD825"
    assert (error.value.args_["kind"], error.value.args_["what"]) == (kind, what)
    assert any(str(near).startswith("fire/small#rounds@B/") for near in error.value.args_["near"])  # type: ignore[attr-defined]


FAILING = """book: fire/failing
title: {zh: 小册, en: Small}
domain: fire
grid: Z
labels: {fixed: {zh: 整改, en: repair}}
escalation:
  - id: hazard
    opens: {fact: hazard}
    case: hazard_id
    steps:
      - {id: fixed, expect: {fact: rectified}, within: 7d, else: {tell: {role: cell-head}}}
      - {id: safe, without: {fact: fire, same: grid}, within: 7d, else: {tell: {role: fire-manager, at: grid}}}
    clause: p5.3
targets:
  - {id: rare, for: {grid: zone}, count: {finding: hazard.fixed-else, when: {status: told}}, every: year, reach: "< 1", clause: p5.3}
"""  # noqa: E501


@pytest.mark.parametrize(
    ("lang", "name", "asked", "told", "quiet"),
    [
        ("en", "repair (notice of failure)", "step repair passes and it was not done, at once, tell the",
         "li, head of a cell at", "the step that it follows has not failed"),
        ("zh", "整改（落空告知）", "“整改”逾期未办时立即告知", "告知了li", "所看的步骤没有落空"),
    ],
)  # fmt: skip
def test_the_notice_of_a_failure_says_what_failed(
    w: Wuding, tmp_path: Path, lang: str, name: str, asked: str, told: str, quiet: str
) -> None:
    book = tmp_path / "failing.yaml"
    book.write_text(FAILING, encoding="utf-8")
    w.record("hazard", grid="B", hazard_id="H1", at="2024-05-03T09:00")
    with Wuding.open(f"sqlite:///{tmp_path / 'w.db'}", books=[book]) as other:
        frame = other.check(as_of="2024-06-15").frame
        assert frame.filter(rule="rare").get_column("value_low").to_list() == [1_000_000]  # others count it
        found = other.explain("fire/failing#hazard.fixed-else@B/H1", lang=lang)
        assert name in found.verdict and asked in all_text(found) and told in all_text(found)
        assert unsaid(found) == []
        other_one = other.explain("fire/failing#hazard.safe-else@B/H1", lang=lang)
        assert other_one.status == "waiting" and quiet in all_text(other_one)


WHOLE = """book: fire/whole
title: {zh: 五定, en: Five}
domain: fire
charter:
  - {id: five, for: {subject: enterprise}, complete: [area], clause: p8.2}
"""


def test_an_area_that_is_not_there_is_said_so(w: Wuding, tmp_path: Path) -> None:
    book = tmp_path / "whole.yaml"
    book.write_text(WHOLE, encoding="utf-8")
    with Wuding.open(f"sqlite:///{tmp_path / 'w.db'}", books=[book]) as other:
        other.add_grids([Grid("N", "新格", "G", "basic", start=to_day(date(2024, 6, 1)))])
        other.add_subjects([Subject("E", "enterprise", "N", "厂")])
        other.check(as_of="2024-06-15", start="2024-01-01")
        gap, fixed = (other.explain(f"fire/whole#five@E/{name}") for name in ("2024-01-01", ""))
    assert (gap.status, fixed.status) == ("gap", "fixed")
    assert "there is no such grid on that day" in all_text(gap)
    assert "N (新格)" in all_text(fixed) and "no such grid" not in all_text(fixed)
