"""Counterparts gathered by place while facts are read say what pairs of things and counterparts say."""

from __future__ import annotations

from unittest.mock import patch

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wuding.assess import check, snapshot_of_world
from wuding.book.load import load_domain, load_program
from wuding.domain.fact import Fact
from wuding.domain.grid import Grid
from wuding.domain.subject import Subject
from wuding.domain.world import World
from wuding.engines.columnar import counterparts
from wuding.program.model import Program

DOMAIN = """
domain: d
title: {zh: d, en: d}
levels: [town, cell]
roles: {}
duties: {}
subjects: {shop: {title: {zh: s, en: s}, fields: {}}}
facts: {visit: {title: {zh: v, en: v}, fields: {n: {type: int}}}}
effects: {bars: [], lists: [], gives: []}
"""
BOOK = """
book: d/x
title: {zh: x, en: x}
domain: d
grid: T
targets:
  - {id: share, for: {grid: town}, share: {of: {grid: cell}, with: {fact: visit, when: {n: "> 1"}}},
     reach: {2024-01-10: 50%, 2024-02-01: 90%}}
  - {id: shops, for: {grid: town}, share: {of: {subject: shop}, with: {fact: visit}}, reach: {2024-02-01: 50%}}
patrol:
  - {id: seen, for: {subject: shop, with: {fact: visit, when: {n: 2}}}, do: {fact: visit}, every: month}
  - {id: unseen, for: {grid: cell, without: {fact: visit, when: {n: "< 2"}}}, do: {fact: visit}, every: month}
charter:
  - {id: many, for: {grid: town}, count: {subject: shop, without: {fact: visit, when: {n: 1}}}, be: 1}
"""
DAY = 86_400_000_000
START = 1_704_038_400_000_000  # 2024-01-01T00:00+08:00
CELLS = (Grid("A", "", "T", "cell"), Grid("B", "", "T", "cell"), Grid("C", "", "T", "cell", start=19_730))
GRIDS = (Grid("T", "", None, "town"), *CELLS)
SHOPS = tuple(Subject(id, "shop", grid) for id, grid in (("s1", "A"), ("s2", "A"), ("s3", "B")))
VISITS = st.tuples(
    st.sampled_from(["T", "A", "B", "C"]),
    st.sampled_from([None, "s1", "s2", "s3"]),
    st.integers(0, 40),
    st.sampled_from([None, 0, 1, 2, 3]),
)


def program() -> Program:
    domain, wrong = load_domain(DOMAIN, "domain.yaml")
    assert domain is not None, wrong
    found, wrong = load_program(BOOK, "book.yaml", {"d": domain}, lambda _: None)
    assert found is not None, wrong
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(VISITS, max_size=8), st.integers(5, 45))
def test_gathering_says_what_pairs_say(visits: list[tuple[str, str | None, int, int | None]], days: int) -> None:
    facts = [
        Fact(
            seq, "d", "visit", grid, subject, None, START + day * DAY, START + day * DAY, {} if n is None else {"n": n}
        )
        for seq, (grid, subject, day, n) in enumerate(visits, 1)
    ]
    book = program()
    snap = snapshot_of_world(World(GRIDS, SHOPS, (), tuple(facts), START + days * DAY, window_from=19_723), book)
    gathered: list[pl.DataFrame] = []
    places_with = counterparts._places_with

    def counted(*args: object) -> pl.DataFrame:
        gathered.append(places_with(*args))  # type: ignore[arg-type]
        return gathered[-1]

    with patch.object(counterparts, "_places_with", counted):
        by_place = check(book, snap)
    assert len(gathered) >= 4
    with patch.object(counterparts, "_gathered", lambda *_: False):
        by_pair = check(book, snap)
    assert by_place.equals(by_pair)
