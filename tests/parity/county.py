"""Histories of a county with a book whose rules, gone on with, are narrowed to a few grids, a tree as small as these,
and the stretches of time in which the facts of a few cases lie. Random books seldom have such rules."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import strategies as st
from tests.parity import kit
from tests.parity.history import History

from wuding.book.load import load_domain, load_program
from wuding.domain.fact import Fact
from wuding.domain.grid import Grid
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.domain.world import World
from wuding.program.model import Program

DOMAIN = """
domain: d
title: {zh: d, en: d}
levels: [county, town, village, cell]
roles:
  keeper: {title: {zh: k, en: k}, duties: [watch]}
  chief: {title: {zh: c, en: c}, duties: [watch], sees: subtree}
  guest: {title: {zh: g, en: g}, duties: [watch], sees: all}
duties: {watch: {zh: w, en: w}}
subjects: {shop: {title: {zh: s, en: s}, fields: {}}}
facts:
  visit: {title: {zh: v, en: v}, fields: {filed: {type: bool}, people: {type: int}}}
  hazard: {title: {zh: h, en: h}, key: [id], fields: {id: {type: id}, grave: {type: bool}}}
  fixed: {title: {zh: f, en: f}, fields: {id: {type: ref, to: hazard}, well: {type: bool}}}
  fire: {title: {zh: f, en: f}, fields: {grave: {type: bool}}}
effects: {bars: [], lists: [], gives: []}
"""
BOOK = """
book: d/x
title: {zh: x, en: x}
domain: d
grid: C
calendar: {spring: {from: 02-01, to: 02-20}}
patrol:
  - {id: monthly, for: {grid: cell}, do: {fact: visit, by: keeper, when: {filed: true}}, every: month}
  - {id: weekly, for: {grid: cell}, do: {fact: visit, by: chief}, every: week, during: spring}
  - {id: seen, for: {grid: cell}, do: {fact: visit, by: [guest, keeper]}, every: month}
  - {id: shops, for: {subject: shop}, do: {fact: visit}, every: month}
escalation:
  - id: hazard
    opens: {fact: hazard}
    case: id
    steps:
      - {id: chief, when: {grave: true}, wait: 72h, tell: {role: chief, at: town}}
      - {id: fix, expect: {fact: fixed, when: {well: true}}, within: 7d}
veto:
  - {id: burnt, cause: {fact: fire, when: {grave: true}}, strikes: cell, lasts: year, touches: [score],
     effect: {score: 0}}
scoring:
  - id: score
    for: {grid: cell}
    every: month
    start: 100
    items:
      - {id: missed, each: {finding: [monthly, weekly], when: {status: missed}}, points: -5, limit: -20..}
      - {id: late, each: {finding: hazard.fix, when: {status: [late, overdue]}}, points: -2}
    bands: {good: ">= 98", poor: else}
    rank: {in: village}
targets:
  - {id: taught, for: {grid: town}, share: {of: {grid: cell}, with: {fact: visit, when: {people: "> 10"}}},
     reach: {2024-02-10: 50%, 2024-03-10: 90%}}
  - {id: kept, for: {grid: town}, share: {of: {grid: cell}, with: {fact: visit, when: {people: "> 10"}}},
     reach: {2024-02-10: 10%}, hold: true}
  - {id: asked, for: {grid: county}, share: {of: {subject: shop}, with: {fact: visit, when: {filed: true}}},
     reach: {2024-02-20: 50%}}
  - {id: known, for: {grid: county}, share: {of: {subject: shop}, with: {fact: visit}}, every: month, reach: 50%}
"""
CELLS = ("t0v0a", "t0v0b", "t0v1a", "t1v0a", "t1v0b")
DAYS = tuple(f"2024-{month:02}-{day:02}" for month in (1, 2, 3) for day in (1, 3, 8, 14, 15, 22, 29))


@cache
def program() -> Program:
    domain, wrong = load_domain(DOMAIN, "domain.yaml")
    assert domain is not None, wrong
    found, wrong = load_program(BOOK, "book.yaml", {"d": domain}, lambda _: None)
    assert found is not None, wrong
    return found


def grids(moves: bool) -> tuple[Grid, ...]:
    found = [Grid("C", "", None, "county")]
    found += [Grid(town, "", "C", "town") for town in ("t0", "t1")]
    found += [Grid(code, "", code[:2], "village") for code in ("t0v0", "t0v1", "t1v0")]
    found += [Grid(code, "", code[:4], "cell") for code in CELLS]
    if moves:  # a cell that lay in another town before
        found[-1] = replace(found[-1], start=kit.day("2024-02-08"))
        found.append(Grid("t1v0b", "", "t0v1", "cell", end=kit.day("2024-02-08")))
    return tuple(found)


@st.composite
def facts(draw: Any) -> Fact:
    kind = draw(st.sampled_from(["visit", "visit", "hazard", "hazard", "fixed", "fixed", "fire"]))
    grid = draw(st.sampled_from([*CELLS, "t0", "C"]))
    at = kit.at(draw(st.sampled_from(DAYS)) + draw(st.sampled_from([" 00:00", " 09:30"])))
    maybe = st.sampled_from([True, True, False, None])
    fields = {
        "visit": {"filed": draw(maybe), "people": draw(st.sampled_from([None, 5, 20, 20]))},
        "hazard": {"id": draw(st.sampled_from(["h1", "h2", "h3", "h4", None])), "grave": draw(maybe)},
        "fixed": {"id": draw(st.sampled_from(["h1", "h2", "h3", "h4", None])), "well": draw(maybe)},
        "fire": {"grave": draw(maybe)},
    }[kind]
    subject = draw(st.sampled_from([None, f"s-{grid}"])) if kind == "visit" and grid in CELLS else None
    actor = draw(st.sampled_from([f"k-{grid}", f"c-{grid[:2]}", "g", "o", None]))
    return Fact(0, "d", kind, grid, subject, actor, at, at, {k: v for k, v in fields.items() if v is not None})


@st.composite
def growing(draw: Any) -> History:
    """Up to four moments, at each of which more is known and some of it is corrected."""
    known = draw(st.lists(facts(), min_size=2, max_size=14))
    for _ in range(draw(st.integers(0, 3))):
        n = draw(st.integers(1, len(known)))
        if known[n - 1].domain == "d":
            new = draw(st.sampled_from([None, draw(facts())]))
            new = None if new is None else replace(new, type=known[n - 1].type, fields=known[n - 1].fields)
            known.append(kit.correction(n, "2024-03-29", new))
    known = [replace(fact, seq=n) for n, fact in enumerate(known, 1)]
    cuts = sorted({*draw(st.lists(st.integers(1, len(known)), min_size=1, max_size=3)), len(known)})
    times = sorted(draw(st.lists(st.sampled_from(DAYS[6:]), min_size=len(cuts), max_size=len(cuts))))
    shops = tuple(Subject(f"s-{code}", "shop", code) for code in CELLS)
    posts = [Post(f"p-{code}", f"k-{code}", "keeper", code) for code in CELLS[:-1]]
    posts += [Post("p-t0", "c-t0", "chief", "t0"), Post("p-t1v0", "g", "guest", "t1v0")]
    posts.append(Post("p-shop", "o", "keeper", "t1v0a", "s-t0v0a"))
    place = World(grids(draw(st.booleans())), shops, tuple(posts), (), 0, window_from=kit.day("2024-01-01"))
    moments = [
        (program(), replace(place, facts=tuple(known[:cut]), as_of=kit.at(day + " 12:00")))
        for cut, day in zip(cuts, times, strict=True)
    ]
    return History(tuple(moments))
