"""Books that extend books."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from wuding.errors import Diagnostic
from wuding.program.model import Patrol, Program, Scoring
from wuding.program.sentences import bands
from wuding.program.words import Words

Load = Callable[..., tuple[Program | None, list[Diagnostic]]]


def test_the_same_id_replaces_keys_and_the_rest_stays(linked: Load) -> None:
    text = (
        "extends: park/base\ngrid: 3505\npatrol:\n  - {id: base-walk, every: week}\n"
        "  - {id: ride, for: {grid: lawn}, do: {fact: round}, every: year, clause: p1.1}\n"
    )
    program, problems = linked(text)
    assert program is not None, problems
    walk = next(one for one in program.rules if one.head.id == "base-walk")
    assert isinstance(walk, Patrol) and walk.every is not None and walk.every.unit == "week"
    assert walk.times is not None and walk.head.clauses == ("p1.2",) and walk.head.span.path == "book.yaml"
    assert program.book == "park/city" and program.grid == "3505"
    assert [one.head.key for one in program.rules] == ["base-seen[dry]", "base-seen[wet]", "base-walk", "ride"]


def test_off_removes(linked: Load) -> None:
    program, problems = linked("extends: park/base\ncharter:\n  - {id: base-seen, off: true}\n")
    assert program is not None, problems
    assert [one.head.id for one in program.rules] == ["base-walk"]


def test_parameters_are_replaced_by_name(linked: Load) -> None:
    program, problems = linked("extends: park/base\nparameters:\n  rounds: {values: {2024-01-01: 5}}\n")
    assert program is not None, problems
    rounds = program.parameters["rounds"]
    assert [value for _, value in rounds.values] == [Fraction(5)] and rounds.assumed


def test_a_chain_of_bases(linked: Load) -> None:
    middle = "book: park/middle\ndomain: park\nextends: park/base\npatrol:\n  - {id: base-walk, every: quarter}\n"
    program, problems = linked("extends: park/middle\n", **{"park/middle": middle})
    assert program is not None, problems
    walk = next(one for one in program.rules if one.head.id == "base-walk")
    assert isinstance(walk, Patrol) and walk.every is not None and walk.every.unit == "quarter"


def test_a_mistake_in_the_base_is_shown_in_the_base(linked: Load) -> None:
    rule = "{id: a, for: {grid: parc}, do: {fact: round}, every: week}"
    middle = f"book: park/middle\ndomain: park\npatrol:\n  - {rule}\n"
    program, problems = linked("extends: park/middle\n", **{"park/middle": middle})
    assert program is None
    assert [(one.code, str(one.span)) for one in problems] == [("WD202", "park/middle.yaml:4:25")]


def test_a_mistake_of_one_rule_is_told_once_however_many_variants_it_has(linked: Load) -> None:
    rule = "{id: a, for: {grid: parc}, each_of: {weather: [dry, wet]}, have: {fact: round}, clause: p1.1}"
    assert [one.code for one in linked(f"charter:\n  - {rule}\n")[1]] == ["WD202"]


def test_labels_of_the_domain_the_base_and_the_book(linked: Load) -> None:
    base = (
        "book: park/middle\ndomain: park\nlabels: {good: {zh: 良好, en: well kept}, poor: 差}\nscoring:\n"
        "  - {id: year, for: {grid: park}, every: year, bands: {good: '>= 90', poor: else}, clause: p1.1}\n"
    )
    program, problems = linked("extends: park/middle\nlabels: {good: {zh: 优, en: fine}}\n", **{"park/middle": base})
    assert program is not None, problems
    words = {lang: Words(program, lang) for lang in ("zh", "en")}
    assert [words["zh"].called(name) for name in ("good", "poor", "dry-season", "nothing")] == [
        "优",
        "差",
        "枯水期",
        "nothing",
    ]
    assert words["en"].called("good") == "fine"
    score = next(one for one in program.rules if isinstance(one, Scoring))
    assert bands(words["zh"], score) == ["等次“优”：总分不小于90", "等次“差”：其余"]
