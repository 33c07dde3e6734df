"""A check that looks back, `known_at`, gives exactly what was given then, whatever was recorded since (issue 2).

After every kind of change the present is kept with its moment; at the end every moment is asked for again, also
with the columns deleted, and each frame must be the one of then.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import shapely
from polars.testing import assert_frame_equal

import wuding_fire.plugin
from wuding import Grid, Post, Subject, Wuding
from wuding.domain.instants import parse_instant
from wuding.store.registry import boundary_fact, close_grid, close_post, close_subject

ZONE = "Asia/Shanghai"
AS_OF = "2024-07-01"
DAY = 19_723  # 2024-01-01
BOOK = """
book: fire/known
domain: fire
grid: Z
charter:
  - {id: headed, for: {grid: basic}, seat: cell-head}
  - {id: shops, for: {grid: grid}, count: {subject: shop}, be: "1..2"}
  - {id: tiled, for: {grid: zone}, partition: {into: {grid: grid}}}
patrol:
  - {id: monthly, for: {grid: basic}, do: {fact: inspection, by: cell-head, when: {filed: true}}, every: month}
  - {id: self-checked, for: {subject: shop}, do: {fact: self-check}, every: quarter}
  - {id: patrolled, for: {grid: grid}, do: {fact: patrol, within: subtree}, apart: 30d}
scoring:
  - id: score
    for: {grid: basic}
    every: month
    start: 100
    items:
      - {id: missed, each: {finding: monthly, when: {status: missed}}, points: -15}
      - {id: late, each: {finding: hazard.fixed, when: {status: [late, overdue]}}, points: -5}
    range: 0..100
    bands: {good: ">= 90", fair: ">= 60", poor: else}
    rank: {in: zone}
veto:
  - {id: burnt, cause: {fact: fire, when: {poor_work: true}}, strikes: basic, effect: {score: 0}}
escalation:
  - id: hazard
    opens: {fact: hazard}
    case: hazard_id
    steps:
      - {id: leader, wait: 3d, tell: {role: grid-leader, at: grid}}
      - {id: fixed, expect: {fact: rectified, when: {accepted: true}}, within: 7d}
targets:
  - id: taught
    for: {grid: zone}
    share: {of: {grid: basic}, with: {fact: education}}
    reach: {2024-06-30: 75%}
"""


class Clock:
    """The present, as the test sets it; every asking moves it by a millisecond."""

    def __init__(self) -> None:
        self.now = parse_instant("2024-07-02T09:00", ZONE)

    def __call__(self) -> int:
        self.now += 1_000
        return self.now

    def next_day(self) -> None:
        self.now += 86_400_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return str(request.getfixturevalue("postgresql"))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "known.yaml"
    path.write_text(BOOK, encoding="utf-8")
    return path


def opened(url: str, clock: Clock, *books: Path, answering: bool = False) -> Wuding:
    return Wuding.open(url, books=books, zone=ZONE, clock=clock, plugins=[wuding_fire.plugin], answering=answering)


# ── the world, and what happens to it ────────────────────────────────────────────────────────────
def begin(w: Wuding) -> None:
    """A zone of two groups and six cells, with half a year of seeded facts."""
    chance = random.Random(30)
    cells = [Grid(f"B{n}", f"cell {n}", "G1" if n < 3 else "G2", "basic") for n in range(6)]
    w.add_grids([Grid("Z", "zone", None, "zone"), *(Grid(g, g, "Z", "grid") for g in ("G1", "G2")), *cells])
    w.add_subjects([Subject(f"S{n}", "shop", f"B{2 * n}", f"shop {n}") for n in range(3)])
    w.appoint([Post("", f"p{n}", "cell-head", f"B{n}", start=DAY) for n in range(6)])
    w.appoint([Post("leader1", "boss", "grid-leader", "G1")])
    spans = {"Z": (113, 115), "G1": (113, 114), "G2": (114, 115)}
    tiles = {code: shapely.box(west, 27, east, 28) for code, (west, east) in spans.items()}
    w.ledger.append([boundary_fact(code, shape.wkb, w.ledger.clock()) for code, shape in tiles.items()])

    def some_time() -> str:
        return f"2024-{chance.randint(1, 6):02d}-{chance.randint(1, 28):02d}T{chance.randint(8, 18):02d}:00"

    for _ in range(30):
        n = chance.randrange(6)
        filed = {"filed": chance.random() < 0.8} if chance.random() < 0.9 else {}
        w.record("inspection", at=some_time(), grid=f"B{n}", actor=f"p{n}", **filed)
    for n in range(5):
        w.record("patrol", at=some_time(), grid=f"B{chance.randrange(6)}", scope="gas")
        w.record("hazard", at=some_time(), grid=f"B{n}", hazard_id=f"H{n}", severity="major")
    for n in (1, 2, 3):
        w.record("rectified", at=some_time(), grid=f"B{n}", hazard_id=f"H{n}", accepted=True)
        w.record("education", at=some_time(), grid=f"B{n}", audience="home")
    w.appoint([Post("", "d1", "cell-head", "B1", capacity="A", start=DAY)])  # whose deeds count when p1 is away
    w.record("inspection", at="2024-04-04", grid="B1", actor="d1", filed=True)
    w.record("self-check", at="2024-02-03", subject="S0")
    w.record("inspection", at="2024-06-03", grid="B5", actor="p5", filed=True)
    w.record("fire", at="2024-05-05T05:00", grid="B4", grade="general", poor_work=True)


def seq_of(w: Wuding, type_: str) -> int:
    return max(fact.seq for fact in w.ledger.facts(domain="fire", type=type_))


def ruling(w: Wuding, type_: str, **fields: object) -> None:
    """A ruling of before the moment asked about: one of later would not be seen."""
    w.record(f"core/{type_}", at="2024-06-30T12:00", **fields)


def first_of(w: Wuding, rule: str, status: str) -> str:
    return next(w.check(as_of=AS_OF, save=False).findings(rule=rule, status=status)).id


CHANGES: dict[str, Callable[[Wuding], object]] = {
    "a fact of the past": lambda w: w.record("education", at="2024-03-04", grid="B0", audience="home"),
    "a fact that closes a case": lambda w: w.record(
        "rectified", at="2024-06-30", grid="B0", hazard_id="H0", accepted=True
    ),
    "a correction that voids": lambda w: w.correct(seq_of(w, "fire"), void=True),
    "a correction that moves": lambda w: w.correct(seq_of(w, "patrol"), at="2024-01-05T10:00", grid="B0"),
    "a correction of a field": lambda w: w.correct(seq_of(w, "inspection"), filed=False),
    "an absence": lambda w: ruling(w, "absence", person="p1", **{"from": "2024-01-01", "to": "2024-06-30"}),
    "an appeal": lambda w: ruling(w, "appeal", finding=first_of(w, "monthly", "missed"), upheld=True),
    "a waiver": lambda w: ruling(
        w, "waiver", rule="patrolled", holder="G2", approver="boss", reason="flood", retroactive=True,
        **{"from": "2024-01-01", "to": "2024-12-31"},
    ),
    "a post that ended": lambda w: w.ledger.append([close_post("p2:cell-head@B2", DAY + 60, w.ledger.clock())]),
    "a new post": lambda w: w.appoint([Post("", "q2", "cell-head", "B2", start=DAY + 70)]),
    "a leader": lambda w: w.appoint([Post("", "boss2", "grid-leader", "G2")]),
    "a new grid": lambda w: w.add_grids([Grid("B6", "cell 6", "G2", "basic", start=DAY + 40)]),
    "a grid that moved": lambda w: w.add_grids([Grid("B1", "cell 1", "G2", "basic", start=DAY + 90)]),
    "a grid that is gone": lambda w: w.ledger.append([close_grid("B5", DAY + 100, w.ledger.clock())]),
    "a new subject": lambda w: w.add_subjects([Subject("S9", "shop", "B3", "shop 9", start=DAY)]),
    "a subject that moved": lambda w: w.add_subjects([Subject("S1", "shop", "B4", "shop 1", start=DAY + 80)]),
    "a subject that is gone": lambda w: w.ledger.append([close_subject("S2", DAY + 30, w.ledger.clock())]),
    "a boundary": lambda w: w.ledger.append(
        [boundary_fact("G2", shapely.box(114.1, 27, 115, 28).wkb, w.ledger.clock())]
    ),
    "a fact of an earlier year": lambda w: w.record("patrol", at="2023-11-11", grid="B0", scope="fire"),
}  # fmt: skip


@dataclass(frozen=True)
class Kept:
    what: str
    moment: int
    frame: pl.DataFrame


def look(w: Wuding, known_at: int | None = None) -> pl.DataFrame:
    return w.check(as_of=AS_OF, known_at=known_at, save=False).frame


def same(w: Wuding, kept: list[Kept]) -> None:
    for one in kept:
        try:
            assert_frame_equal(look(w, one.moment), one.frame)
        except AssertionError as error:
            raise AssertionError(f"not what was given after {one.what}") from error


# ── what was given then is given again ───────────────────────────────────────────────────────────
def test_looking_back_gives_what_was_given_then(url: str, book: Path) -> None:
    clock = Clock()
    with opened(url, clock, book) as w:
        begin(w)
        kept = [Kept("the beginning", clock(), look(w))]
        assert kept[0].frame.get_column("section").n_unique() == 6
        for what, change in CHANGES.items():
            clock.next_day()
            change(w)
            now = look(w)
            assert not now.equals(kept[-1].frame), f"{what} changed nothing: it would prove nothing"
            kept.append(Kept(what, clock(), now))
        same(w, kept)
        folder = w.columns.folder
    shutil.rmtree(folder)
    with opened(url, clock, book) as w:
        same(w, kept)
        assert w.verify() == []


def test_a_saved_check_is_what_looking_back_gives(url: str, book: Path) -> None:
    clock = Clock()
    with opened(url, clock, book) as w:
        begin(w)
        saved = w.check(as_of=AS_OF)
        moment = clock()
        clock.next_day()
        for what in ("a correction that moves", "a grid that moved", "a fact of an earlier year"):
            CHANGES[what](w)
        assert_frame_equal(look(w, moment), saved.frame)
        assert_frame_equal(look(w, moment), w.last_check(saved.number).frame)


def test_a_book_put_into_force_later_is_not_known_before(url: str, book: Path, tmp_path: Path) -> None:
    clock = Clock()
    with opened(url, clock, book) as w:
        begin(w)
        w.put_in_force("fire/known")
    with opened(url, clock) as w:
        kept = Kept("the first edition", clock(), look(w))
    clock.next_day()
    later = tmp_path / "later.yaml"
    later.write_text(BOOK.replace("points: -15", "points: -25"), encoding="utf-8")
    with opened(url, clock, later) as w:
        w.put_in_force("fire/known", "2024-04-01")
    with opened(url, clock) as w:
        assert not look(w).equals(kept.frame)
        same(w, [kept])
