"""Every hook is documented, has its line in the integrators' reference, and does what it promises: a tiny plugin
(`tests/core/tiny`) brings a section, a guard, a lint, texts and a command, and the core treats them as its own."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.core.tiny import plugin

from wuding import Wuding, hookspecs
from wuding.book.cases import load_tests
from wuding.book.schema import json_schema, models
from wuding.catalogue import learn, text
from wuding.cli import run
from wuding.domain.grid import Grid
from wuding.errors import Rejected, WudingError
from wuding.plugins import Shelf, additions, plugin_manager, shelf
from wuding.program.model import section_of
from wuding.testing import held, untested
from wuding.testing import run as run_cases

ROOT = Path(__file__).parents[2]
HOOKS = [name for name, found in vars(hookspecs).items() if name.startswith("wuding_") and callable(found)]
BOOK = """
book: grove/hill
title: {zh: 山林, en: Hill}
domain: grove
extends: grove/base
"""
TEST = """
test: grove/hill
world: {grids: [{code: G1, level: grove}, {code: G2, level: grove}]}
cases:
  - name: {zh: 限额, en: the quota}
    as_of: 2024-02-01
    facts:
      - {fact: felling, grid: G1, n: 1..3, at: "2024-01-02T0{n}:00"}
      - {fact: felling, grid: G2, n: 1..4, at: "2024-01-02T0{n}:00"}
    expect:
      - {rule: trees, holder: G1, status: within, low: 3}
      - {rule: trees, holder: G2, status: beyond, low: 4}
"""


@pytest.fixture(scope="module")
def groves() -> Shelf:
    return Shelf(plugin_manager([plugin]), ((BOOK, "hill.yaml"),))


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wuding]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    book = tmp_path / "hill.yaml"
    book.write_text(BOOK, encoding="utf-8")
    with Wuding.open(f"sqlite:///{tmp_path}/w.db", books=[book], plugins=[plugin]) as w:
        w.add_grids([Grid("G1", "一号林", None, "grove"), Grid("G2", "二号林", None, "grove")])
        yield w


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented(name: str) -> None:
    assert len(inspect.getdoc(getattr(hookspecs, name)) or "") > 40
    assert f"| `{name}` |" in (ROOT / "docs" / "integrators.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_used_by_a_plugin(name: str) -> None:
    assert getattr(plugin_manager([plugin]).hook, name).get_hookimpls()


# ── sections ─────────────────────────────────────────────────────────────────────────────────────
def test_a_book_with_the_section_links(groves: Shelf) -> None:
    (rule,) = groves.program("grove/hill").rules
    assert (rule.head.id, section_of(rule)) == ("trees", "quota")


def test_without_the_plugin_the_section_is_unknown(tmp_path: Path) -> None:
    alone = tmp_path / "a.yaml"
    alone.write_text("book: a\ndomain: fire\nquota: []\n", encoding="utf-8")
    with pytest.raises(Rejected) as refused:
        shelf([alone]).program("a")
    assert [problem.code for problem in refused.value.diagnostics] == ["WD110"]


def test_what_is_wrong_in_the_section_is_told_in_its_place(groves: Shelf) -> None:
    wrong = BOOK + "quota:\n  - {id: more, for: {grid: grov}, of: {fact: felled}, most: 1}\n"
    with pytest.raises(Rejected) as refused:
        groves.load(wrong, "wrong.yaml")
    found = [(problem.code, problem.span.line) for problem in refused.value.diagnostics]
    assert found == [("WD202", 7), ("WD205", 7)]


def test_tests_beside_the_book_hold_its_rules(groves: Shelf) -> None:
    suite, problems = load_tests(TEST, "hill.test.yaml", groves.domains, groves.find, groves.additions)
    assert suite is not None, problems
    assert [case.passed for case in run_cases([suite])] == [True]
    assert held(suite, "trees")
    assert untested([suite]) == []
    silent = TEST.replace("status: within", "status: met")
    assert [p.code for p in load_tests(silent, "t", groves.domains, groves.find, groves.additions)[1]] == ["WD211"]


def test_each_of_reaches_the_sections_selectors(groves: Shelf) -> None:
    rules = "quota:\n  - {id: big, for: {grid: grove}, each_of: {trees: [1, 2]}, of: {fact: felling}, most: 1}\n"
    program = groves.load(BOOK + rules, "big.yaml")
    assert sorted(rule.head.key for rule in program.rules) == ["big[1]", "big[2]", "trees"]
    assert all(rule.of.when is not None for rule in program.rules if rule.head.id == "big")  # type: ignore[union-attr]


def test_its_shape_is_in_the_models_and_the_schema(groves: Shelf) -> None:
    sections = groves.additions.sections
    quota = models("book", sections)["QuotaModel"]
    assert quota.model_validate({"id": "q", "for": {"grid": "grove"}, "of": {"fact": "felling"}, "most": 2})
    schema = json_schema("book", sections)
    assert schema["$defs"]["QuotaModel"]["required"] == ["id"]
    assert "quota" in schema["properties"]
    assert "quota" not in json_schema("book")["properties"]


def test_checked_explained_and_waived(ledger: Wuding) -> None:
    for day in range(1, 4):
        ledger.record("felling", grid="G1", at=f"2024-01-0{day}", trees=1)
    ledger.ledger.watches = tuple  # as if it had been recorded before there was a guard
    ledger.record("felling", grid="G1", at="2024-01-04", trees=1)
    first = ledger.check("2024-02-01")
    found = {finding.holder: finding for finding in first.findings()}
    assert (found["G1"].status, found["G1"].section, found["G2"].status) == ("beyond", "quota", "within")
    told = ledger.explain(found["G1"].id)
    assert "at most 3" in str(told) and "4 in all" in str(told)
    ledger.record("felling", grid="G2", at="2024-01-05", trees=1)
    again = ledger.check("2024-02-01", since=first)
    assert again.frame.equals(ledger.check("2024-02-01").frame)
    ledger.record(
        "waiver",
        at="2024-01-31",
        rule="trees",
        holder="G1",
        **{"from": "2024-01-01"},
        approver="li",
        reason="storm",
        retroactive=True,
    )
    assert {f.holder: f.status for f in ledger.check("2024-02-01").findings()} == {"G1": "waived", "G2": "within"}


def test_two_sections_of_one_name_are_refused() -> None:
    class Other:
        wuding_sections = staticmethod(plugin.wuding_sections)

    manager = plugin_manager([plugin])
    manager.register(Other, "other")
    with pytest.raises(WudingError, match="WD852"):
        additions(manager)


# ── guards ───────────────────────────────────────────────────────────────────────────────────────
def test_a_guard_refuses_what_is_too_much_and_leaves_nothing(ledger: Wuding) -> None:
    for _ in range(3):
        ledger.record("felling", grid="G1", trees=1)
    before = ledger.ledger.head()
    with pytest.raises(WudingError, match="4 fellings in G1"):
        ledger.record("felling", grid="G1", trees=1)
    assert ledger.ledger.head() == before
    assert ledger.verify() == []
    ledger.record("felling", grid="G2", trees=1)


def test_a_guard_sees_what_a_correction_brings_and_takes(ledger: Wuding) -> None:
    seqs = [ledger.record("felling", grid="G1", trees=1).first_seq for _ in range(3)]
    other = ledger.record("felling", grid="G2", trees=1).first_seq
    with pytest.raises(WudingError, match="TN001"):
        ledger.correct(other, grid="G1")
    ledger.correct(seqs[0], void=True)
    moved = ledger.correct(other, grid="G1").first_seq
    with pytest.raises(WudingError, match="TN001"):
        ledger.record("felling", grid="G1", trees=1)
    ledger.correct(moved, void=True)  # the correction itself is taken back: the fact is in G2 again
    ledger.record("felling", grid="G1", trees=1)


def test_a_guard_holds_for_imports(ledger: Wuding, tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text("grid,at,trees\n" + "G1,2024-01-01,1\n" * 4, encoding="utf-8")
    with pytest.raises(WudingError, match="TN001"):
        ledger.import_facts(file, fact="felling")
    assert not list(ledger.ledger.facts(type="felling"))


def test_a_guard_of_a_book_in_force_holds_whoever_opens_the_ledger(ledger: Wuding, tmp_path: Path) -> None:
    ledger.put_in_force("grove/hill")
    with Wuding.open(f"sqlite:///{tmp_path}/w.db", plugins=[plugin]) as other:
        for _ in range(3):
            other.record("felling", grid="G1", trees=1)
        with pytest.raises(WudingError, match="TN001"):
            other.record("felling", grid="G1", trees=1)


# ── lints, texts, commands ───────────────────────────────────────────────────────────────────────
def test_a_lint_refuses_a_book_wherever_it_is_read(groves: Shelf) -> None:
    with pytest.raises(Rejected) as refused:
        groves.load(BOOK + "quota:\n  - {id: none, for: {grid: grove}, of: {fact: felling}, most: 0}\n", "none.yaml")
    assert [(problem.code, problem.span.line) for problem in refused.value.diagnostics] == [("TN002", 7)]


def test_texts_are_said_in_both_languages() -> None:
    plugin_manager([plugin])
    assert (text("status.beyond", "zh"), text("status.beyond", "en")) == ("超限额", "beyond")


@pytest.mark.parametrize("new", [{"status.met": {"zh": "甲", "en": "a"}}, {"tiny.half": {"zh": "甲"}}])
def test_a_text_of_the_core_cannot_be_changed_and_none_is_half(new: dict[str, dict[str, str]]) -> None:
    assert learn(new) == next(iter(new))
    assert text("status.met", "en") == "met"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny plugin as an installed package would say it."""
    about = tmp_path / "site" / "tiny-0.1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 0.1\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[wuding]\ntiny = tests.core.tiny.plugin\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(about.parent))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.usefixtures("installed")
def test_a_command_of_a_plugin_is_a_command_of_wuding(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["grove", "--lang", "zh"], {}) == 0
    assert capsys.readouterr().out == "林地\n"
    assert run(["--help"], {"WUDING_LANG": "en"}) == 0
    assert "count fellings" in capsys.readouterr().out
    assert run(["grovel"], {"WUDING_LANG": "en"}) == 2
    assert "did you mean `grove`?" in capsys.readouterr().err


@pytest.mark.usefixtures("installed")
def test_the_commands_know_its_section(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "hill.yaml").write_text(BOOK, encoding="utf-8")
    (tmp_path / "hill.test.yaml").write_text(TEST, encoding="utf-8")
    (tmp_path / "grids.csv").write_text("code,name,parent,level\nG1,一,,grove\n", encoding="utf-8")
    for line in ("lint .", "test .", "init", "grid import grids.csv"):
        assert run(line.split(), {"WUDING_LANG": "en"}) == 0, capsys.readouterr()
    run(["check", "--book", "hill.yaml"], {})
    capsys.readouterr()
    assert run(["findings", "--section", "quota", "--format", "json"], {}) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["section"], found["status"]) == ("quota", "within")
