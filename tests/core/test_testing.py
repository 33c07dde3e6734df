"""Policy tests: what is compared, what is said of what does not follow, and what a rule left out does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from wuding.book.added import CORE_ALONE
from wuding.book.load import load_domain, load_program
from wuding.domain.grid import Grid
from wuding.domain.world import World
from wuding.errors import Rejected, WudingError
from wuding.testing import CaseResult, check_world, held, junit, load, pruned, run, run_tests, says, untested, without

DOMAIN = """
domain: park
title: {zh: 公园, en: Parks}
levels: {city: {zh: 市, en: city}, park: {zh: 公园, en: park}}
duties: {tend: {zh: 养护, en: tend}}
roles: {warden: {title: {zh: 管理员, en: warden}, duties: [tend], sees: subtree}}
facts:
  round: {title: {zh: 巡查, en: round}, fields: {good: {type: bool, title: {zh: 良好, en: good}}}}
  damage:
    title: {zh: 损坏, en: damage}
    key: [damage_id]
    fields: {damage_id: {type: id, required: true, title: {zh: 编号, en: id}}}
  repair:
    title: {zh: 修复, en: repair}
    fields: {damage_id: {type: ref, to: damage, required: true, title: {zh: 编号, en: id}}}
effects: {bars: [prize], lists: [], gives: []}
"""
BOOK = """
book: park/city
title: {zh: 城市公园, en: City parks}
domain: park
charter:
  - {id: warden, for: {grid: park}, seat: warden}
patrol:
  - {id: walk, for: {grid: park}, do: {fact: round, by: warden, when: {good: true}}, every: month}
  - {id: talk, for: {grid: city}, each_of: {good: [true, false]}, do: {fact: round, within: subtree}, every: year}
scoring:
  - id: month
    for: {grid: park}
    every: month
    start: 100
    items: [{id: missed, each: {finding: walk, when: {status: missed}}, points: -10}]
targets:
  - id: low
    for: {grid: park}
    every: month
    count: {finding: month, when: {score: "< 95"}}
    reach: "< 1"
escalation:
  - id: mend
    opens: {fact: damage}
    case: damage_id
    steps:
      - {id: mended, expect: {fact: repair}, within: 7d}
"""
HEAD = """
test: park/city
world:
  grids: [{code: CITY, level: city}, {code: "P{n}", n: 1..2, level: park, parent: CITY}]
  posts: [{person: li, role: warden, at: P1}]
cases:
"""
CASE = """
  - name: {zh: 一月, en: January}
    as_of: 2024-02-01
    facts: [{fact: round, grid: P1, by: li, at: 2024-01-05T09:00, good: true}]
    expect:
      - {rule: walk, holder: P1, period: 2024-01, status: met, low: 1}
      - {rule: month, holder: P2, period: 2024-01, score: 90}
"""


class Books:
    """A shelf with one domain and one book."""

    additions = CORE_ALONE

    def __init__(self, book: str = BOOK) -> None:
        domain, problems = load_domain(DOMAIN, "domain.yaml")
        assert problems == []
        assert domain is not None
        self.domains = {"park": domain}
        self.book = book

    def find(self, name: str) -> tuple[str, str] | None:
        return (self.book, "book.yaml") if name == "park/city" else None


Ran = Callable[..., list[CaseResult]]


@pytest.fixture
def ran(tmp_path: Path) -> Ran:
    def call(cases: str, book: str = BOOK, only_without: str | None = None) -> list[CaseResult]:
        path = tmp_path / "city.test.yaml"
        path.write_text(HEAD.lstrip() + cases.lstrip("\n"), encoding="utf-8")
        shelf: Any = Books(book)
        return run_tests([path], shelf, only_without)

    return call


def case(expect: str, facts: str = "[]", more: str = "", as_of: str = "2024-02-01") -> str:
    name = "  - name: {zh: 例, en: example}\n"
    return f"{name}    as_of: {as_of}\n    facts: {facts}\n    expect: {expect}\n{more}"


def test_a_case_whose_expectations_follow_passes(ran: Ran) -> None:
    (result,) = ran(CASE)
    assert result.passed
    assert (result.book, result.name.en, result.span.line) == ("park/city", "January", 6)
    assert says(result, "en") == "passed  January"
    assert says(result, "zh") == "通过  一月"


def test_what_does_not_follow_is_told_at_its_line_with_the_nearest_finding(ran: Ran) -> None:
    (result,) = ran(CASE.replace("status: met, low: 1", "status: missed, low: 0"))
    assert not result.passed
    (unmet,) = result.unmet
    assert (unmet.kind, unmet.span.line) == ("missing", 10)
    assert unmet.near[0].finding.id == "park/city#walk@P1/2024-01"
    assert unmet.near[0].differs == (("status", "missed", "met"), ("low", "0", "1"))
    text = says(result, "en")
    assert "city.test.yaml:10:9  WD701" in text
    assert "rule: walk, holder: P1, period: 2024-01, status: met" in text
    assert "status: wanted missed, got met" in text
    assert "应为 missed，实为 met" in says(result, "zh")


def test_the_same_holder_is_nearer_than_the_same_status(ran: Ran) -> None:
    (result,) = ran(case("[{rule: walk, holder: P2, period: 2024-01, status: met}]", "[]"))
    assert next((n.finding.holder, n.finding.period) for n in result.unmet[0].near) == ("P2", "2024-01")


def test_without_findings_of_the_rule_those_of_the_holder_are_shown(ran: Ran) -> None:
    expect = "[{rule: mend, holder: P1}, {rule: month, holder: P1}]"
    (result,) = ran(case(expect, "[{fact: round, grid: P1, by: li, at: 2024-01-05T09:00, good: true}]"))
    (unmet,) = result.unmet
    assert unmet.rule == "mend"
    assert {n.finding.rule for n in unmet.near} == {"walk", "month"}
    assert {n.finding.holder for n in unmet.near} == {"P1"}


def test_nothing_near_is_said(ran: Ran) -> None:
    (result,) = ran(case("[{rule: mend, case: D1, status: closed}]"))
    assert result.unmet[0].near == ()
    assert "neither this rule nor this holder has any finding" in says(result, "en")


def test_a_rule_that_must_stay_silent(ran: Ran) -> None:
    (good,) = ran(case("[]", more="    none: [mend, mend.mended]\n"))
    assert good.passed
    damage = "[{fact: damage, grid: P1, at: 2024-01-05, damage_id: D1}]"
    (bad,) = ran(case("[]", damage, "    none: [mend.mended]\n"))
    assert [(u.kind, u.rule) for u in bad.unmet] == [("silent", "mend.mended")]
    assert "WD703" in says(bad, "en")


def test_exactly_allows_no_others_of_these_rules(ran: Ran) -> None:
    both = "[{rule: walk, holder: P1, status: missed}, {rule: walk, holder: P2, status: missed}]"
    exactly = "    exactly: true\n"
    assert ran(case(both, more=exactly))[0].passed
    one = "[{rule: walk, holder: P1, status: missed}]"
    assert ran(case(one))[0].passed
    (result,) = ran(case(one, more=exactly))
    assert [(u.kind, u.near[0].finding.holder) for u in result.unmet] == [("unexpected", "P2")]
    assert "WD702" in says(result, "en")


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        ("missing: [good]", True), ("missing: good", True), ("missing: [actor]", False), ("missing: []", False),
        ("low: 0, high: 1", True), ("high: 0", False), ("end: 2024-02-01", True), ("end: 2024-02-02", False),
        ("start: 2024-01-01T00:00", True), ("grid: P1", True), ("grid: P2", False), ("trial: false", True),
    ],
)  # fmt: skip
def test_every_key_of_a_finding_can_be_asked_for(ran: Ran, wanted: str, passes: bool) -> None:
    facts = "[{fact: round, grid: P1, by: li, at: 2024-01-05T09:00}]"
    (result,) = ran(case(f"[{{rule: walk, holder: P1, status: undetermined, {wanted}}}]", facts))
    assert result.passed is passes


@pytest.mark.parametrize(
    ("wanted", "passes"), [("status: gap, days: 31", True), ("status: gap, days: 30", False), ("status: fixed", False)]
)
def test_days_of_a_gap(ran: Ran, wanted: str, passes: bool) -> None:
    assert ran(case(f"[{{rule: warden, holder: P2, {wanted}}}]"))[0].passed is passes


def test_what_was_not_yet_known_does_not_count(ran: Ran) -> None:
    facts = "[{fact: round, grid: P1, by: li, at: 2024-01-05, recorded: 2024-02-03, good: true}]"
    met, missed = (f"[{{rule: walk, holder: P1, period: 2024-01, status: {s}}}]" for s in ("met", "missed"))
    assert ran(case(met, facts, as_of="2024-02-10"))[0].passed
    assert ran(case(missed, facts, "    known_at: 2024-02-02\n", "2024-02-10"))[0].passed


def test_core_rulings_are_facts(ran: Ran) -> None:
    facts = (
        "[{fact: waiver, at: 2024-01-01, rule: walk, holder: P1, from: 2024-01-01, to: 2024-01-31, "
        "approver: wang, reason: flood}]"
    )
    assert ran(case("[{rule: walk, holder: P1, status: waived}]", facts))[0].passed
    assert not ran(case("[{rule: walk, holder: P2, status: waived}]", facts))[0].passed


@pytest.mark.parametrize(
    ("expect", "facts", "code"),
    [
        ("[{rule: walk, holdr: P1}]", "[]", "WD704"),
        ("[{rule: walk, at: soon}]", "[]", "WD705"),
        ("[]", "[{fact: round, grid: P1, at: 2024-01-05, goood: true}]", "WD204"),
    ],
)
def test_mistakes_of_the_file_are_located(ran: Ran, expect: str, facts: str, code: str) -> None:
    with pytest.raises(Rejected) as error:
        ran(case(expect, facts))
    (found,) = error.value.diagnostics
    assert found.code == code
    assert found.span.path.endswith("city.test.yaml")
    assert found.span.line in (8, 9)
    assert "did you mean" in str(error.value) or code == "WD705"


def test_files_that_are_not_there(tmp_path: Path) -> None:
    shelf: Any = Books()
    with pytest.raises(WudingError, match="WD707"):
        load([tmp_path / "no.test.yaml"], shelf)
    with pytest.raises(WudingError, match="WD708"):
        load([tmp_path], shelf)


def test_a_folder_stands_for_its_tests(tmp_path: Path) -> None:
    for name in ("b/two.test.yaml", "one.test.yaml", "book.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(HEAD + CASE, encoding="utf-8")
    shelf: Any = Books()
    assert [Path(s.path).name for s in load([tmp_path], shelf)] == ["two.test.yaml", "one.test.yaml"]


# ── rules left out ───────────────────────────────────────────────────────────────────────────────
def program() -> Any:
    shelf = Books()
    found, problems = load_program(BOOK, "book.yaml", shelf.domains, shelf.find)
    assert [p for p in problems if p.severity == "error"] == []
    assert found is not None
    return found


def test_what_reads_a_rule_goes_with_it() -> None:
    left, gone = without(program(), "walk")
    assert gone == {"walk", "month", "low"}
    assert {r.head.key for r in left.rules} == {"warden", "talk[true]", "talk[false]", "mend"}
    _, one = without(program(), "talk[true]")
    assert one == {"talk[true]"}
    with pytest.raises(WudingError, match="WD706"):
        without(program(), "wallk")


def test_pruning_keeps_what_is_read() -> None:
    kept = pruned(program(), ["low"])
    assert {r.head.key for r in kept.rules} == {"walk", "month", "low"}
    grids = (Grid("C", "C", None, "city"), Grid("P", "P", "C", "park"))
    world = World(grids, (), (), (), 1_706_716_800_000_000)
    whole = [f for f in check_world(program(), world) if f.rule in ("walk", "month", "low")]
    assert check_world(kept, world) == whole
    assert [f.status for f in whole] == ["missed", "scored", "missed"]


def test_a_rule_left_out_fails_the_cases_that_hold_it(ran: Ran, tmp_path: Path) -> None:
    (result,) = ran(CASE, only_without="walk")
    assert [u.rule for u in result.unmet] == ["walk"]  # `month` went too, and is not asked for
    assert ran(CASE, only_without="mend") == []  # nobody speaks of it
    shelf: Any = Books()
    (suite,) = load([tmp_path / "city.test.yaml"], shelf)
    assert held(suite, "walk")
    assert held(suite, "month")
    assert not held(suite, "warden")
    with pytest.raises(WudingError, match="WD706"):
        run([suite], "wallk")


def test_untested_names_rules_variants_and_steps(tmp_path: Path) -> None:
    path = tmp_path / "city.test.yaml"
    asked = "[{rule: talk, each: 'true', holder: CITY}, {rule: mend, case: D1}, {rule: walk}]"
    path.write_text(HEAD + case(asked), encoding="utf-8")
    shelf: Any = Books()
    found = untested(load([path], shelf))
    assert {u.name for u in found} == {"warden", "talk[false]", "month", "low", "mend.mended"}
    assert all(u.span.path == "book.yaml" and u.book == "park/city" for u in found)


def test_junit(ran: Ran) -> None:
    results = ran(CASE + case("[{rule: walk, holder: P1, status: met}]"))
    root = ElementTree.fromstring(junit(results))
    (suite,) = root
    assert suite.attrib | {"name": "", "time": ""} == {
        "name": "", "tests": "2", "failures": "1", "errors": "0", "time": "",
    }  # fmt: skip
    good, bad = suite
    assert (good.get("name"), good.get("classname"), good.get("line"), len(good)) == ("January", "park/city", "6", 0)
    assert "status: wanted met, got missed" in (bad[0].text or "")


def test_check_world_takes_the_path_of_a_book(tmp_path: Path) -> None:
    import wuding_fire.plugin

    path = tmp_path / "small.yaml"
    path.write_text(
        "book: fire/small\ntitle: {zh: 小, en: small}\ndomain: fire\nextends: fire/base\n", encoding="utf-8"
    )
    world = World((Grid("Z", "Z", None, "zone"),), (), (), (), 1_706_716_800_000_000)
    found = check_world(path, world, [wuding_fire.plugin])
    assert {f.rule for f in found} == {"inside", "education"}
    assert {f.book for f in found} == {"fire/small"}
    named = check_world("fire/base", world, [wuding_fire.plugin])
    assert [(f.rule, f.status) for f in named] == [(f.rule, f.status) for f in found]
