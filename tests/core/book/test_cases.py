"""Policy tests: worlds, facts with typed values, expectations."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import shapely

from wuding.book.cases import Expect, load_tests
from wuding.domain.fact import CORE
from wuding.domain.grid import Grid
from wuding.domain.period import to_day
from wuding.program.model import Domain

HERE = Path(__file__).parent
HOUR = 3_600_000_000
DAY = 24 * HOUR


def test_a_whole_test(park: Domain) -> None:
    base = (HERE / "park.base.yaml").read_text(encoding="utf-8")
    text = (HERE / "park.test.yaml").read_text(encoding="utf-8")
    tests, problems = load_tests(text, "park.test.yaml", {"park": park}, lambda name: (base, "base.yaml"))
    assert tests is not None, problems
    assert tests.program.book == "park/base"
    (case,) = tests.cases
    start, end = to_day(date(2024, 1, 1)), to_day(date(2025, 1, 1))
    assert case.world.grids[1] == Grid("P1", "P1", "C", "park", ("dry",), start, end)
    assert [grid.code for grid in case.world.grids] == ["C", "P1", "P2", "P3"]
    assert case.world.subjects[0].fields == {"seats": 4, "built": "2020-01-01", "material": "wood"}
    posts = [(post.id, post.person, post.grid, post.subject, post.capacity) for post in case.world.posts]
    assert posts == [
        ("post-1", "li", "P1", None, "A"), ("post-2", "wang", "P1", "S1", "principal"),
        ("post-3", "zhao", "P1", "S1", "principal"),
    ]  # fmt: skip
    midnight = (to_day(date(2024, 3, 1)) * 24 - 8) * HOUR
    assert (case.as_of, case.known_at, case.start) == (midnight, midnight + DAY + 8 * HOUR, start)
    first, second, licence, waiver = case.facts
    assert [fact.seq for fact in case.facts] == [1, 2, 3, 4]
    assert second.at - first.at == DAY and first.recorded == first.at and first.actor == "li"
    assert first.fields == {
        "length": "2.50", "visitors": 3, "night": False, "weather": "wet", "took": "2h",
        "started": "2024-01-09T00:00:00Z",
    }  # fmt: skip
    assert (licence.grid, licence.subject, licence.domain) == ("P1", "S1", "park") and licence.recorded > licence.at
    assert (waiver.domain, waiver.grid, waiver.fields["reason"]) == (CORE, None, "大雪")
    met, seen = case.expect
    assert met.values == {"holder": "P1", "period": "2024-01", "status": "met", "low": Fraction(2), "missing": ()}
    assert isinstance(seen, Expect) and (seen.rule, seen.variant) == ("base-seen", "wet")
    assert case.none == ("base-seen",) and case.exactly


def test_a_grid_may_have_a_boundary(park: Domain) -> None:
    base = (HERE / "park.base.yaml").read_text(encoding="utf-8")
    text = (
        "test: park/base\n"
        'world: {grids: [{code: P1, level: park, boundary: "POLYGON ((116 27, 117 27, 117 28, 116 27))"}]}\n'
        "cases:\n"
        "  - name: one\n"
        "    world:\n"
        '      grids: [{code: "P{n}", n: 2..3, level: park, boundary: "POLYGON ((1{n} 2, 15 2, 15 3, 1{n} 2))"}]\n'
        "    as_of: 2024-02-01\n"
        "    none: [base-walk]\n"
    )
    tests, problems = load_tests(text, "t.yaml", {"park": park}, lambda name: (base, "base.yaml"))
    assert tests is not None, problems
    boundaries = tests.cases[0].world.boundaries
    assert {code: shapely.from_wkb(shape).bounds for code, shape in boundaries.items()} == {
        "P1": (116, 27, 117, 28), "P2": (12, 2, 15, 3), "P3": (13, 2, 15, 3),
    }  # fmt: skip
