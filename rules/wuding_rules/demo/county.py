"""A county that could be: cells, people, shops and equipment on the real tree of towns and villages.

Simulated from a seed. People are codes (主任-建昌镇), never names.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from wuding import Grid, Post, Subject

YEAR = 2024
CELLS = ("group", "block")  # of every village: a group of farmsteads, a block
# How likely a duty is done, from the most to the least diligent town. Which town is which, the seed decides.
DILIGENCE = (0.995, 0.99, 0.985, 0.98, 0.975, 0.97, 0.965, 0.96, 0.95, 0.945, 0.94, 0.89, 0.84)
SHOPS = ("shop", "small-unit", "small-place")
NAMES = {"shop": "店铺", "small-unit": "小单位", "small-place": "小场所"}


@dataclass(frozen=True)
class Village:
    """A village with its two cells, and how likely a duty is done in it."""

    grid: Grid
    cells: tuple[Grid, ...]
    diligence: float


@dataclass(frozen=True)
class Town:
    grid: Grid
    villages: tuple[Village, ...]
    diligence: float
    place: int  # in the order of diligence, 0 is the best


@dataclass(frozen=True)
class County:
    towns: tuple[Town, ...]  # the most diligent first
    posts: tuple[Post, ...]
    subjects: tuple[Subject, ...]

    @property
    def cells(self) -> list[Grid]:
        return [cell for town in self.towns for village in town.villages for cell in village.cells]


def day(month: int, day_: int) -> int:
    """A day of the simulated year, as days since 1970."""
    return (date(YEAR, month, day_) - date(1970, 1, 1)).days


def county(grids: Iterable[Grid], rng: random.Random) -> County:
    """The county on its tree of towns and villages."""
    tree = list(grids)
    order = [g for g in tree if g.level == "town"]
    rng.shuffle(order)
    towns = tuple(_town(g, place, tree, rng) for place, g in enumerate(order))
    subjects = [one for town in towns for village in town.villages for one in _subjects(village, rng)]
    posts = [post for town in towns for post in _town_posts(town, rng)]
    posts += [post for town in towns for village in town.villages for post in _village_posts(village)]
    return County(towns, tuple(_changed(posts, towns)), tuple(subjects))


def _town(grid: Grid, place: int, tree: list[Grid], rng: random.Random) -> Town:
    base = DILIGENCE[place]
    villages = []
    for village in (g for g in tree if g.parent == grid.code):
        cells = tuple(
            Grid(f"{village.code}-{n}", f"{_short(village.name)}{n}号单元格", village.code, "cell", (kind,))
            for n, kind in enumerate(CELLS, 1)
        )
        villages.append(Village(village, cells, min(0.999, rng.gauss(base, 0.01))))
    return Town(grid, tuple(villages), base, place)


def _short(name: str) -> str:
    return name.removesuffix("村委会").removesuffix("居委会")


def _subjects(village: Village, rng: random.Random) -> list[Subject]:
    found = []
    for cell in village.cells:
        type_ = rng.choices(SHOPS, (5, 2, 3))[0]
        found.append(Subject(f"S{cell.code}", type_, cell.code, f"{_short(village.grid.name)}{NAMES[type_]}"))
    cell = village.cells[0]
    name = f"{_short(village.grid.name)}灭火器材点"
    found.append(Subject(f"X{cell.code}", "equipment", cell.code, name, {"sort": "store-point"}))
    return found


def _post(role: str, title: str, grid: Grid, number: str = "") -> Post:
    return Post(f"{role}{number}@{grid.code}", f"{title}{number}-{grid.name}", role, grid.code)


def _town_posts(town: Town, rng: random.Random) -> list[Post]:
    managers = [_post("fire-manager", "消防管理员", town.grid, str(n)) for n in range(1, rng.choice((2, 3)) + 1)]
    team = [_post("patrol-member", "巡防队员", town.grid, str(n)) for n in range(1, rng.randint(10, 16) + 1)]
    return [_post("director", "主任", town.grid), *managers, *team]


def _village_posts(village: Village) -> list[Post]:
    # Villages of different towns may share a name; a person is one person.
    named = replace(village.grid, name=f"{village.grid.name}{village.grid.code[6:]}")
    posts = [_post("first-responsible", "第一责任人", named), _post("fire-manager", "消防管理员", named)]
    return [*posts, *(_post("cell-head", "负责人", replace(c, name=f"{c.name}{c.code[6:]}")) for c in village.cells)]


def _changed(posts: list[Post], towns: tuple[Town, ...]) -> Iterable[Post]:
    """The posts with what happened to them in the year: some stood empty, some still do."""
    absent, short, left = towns[9], towns[4], towns[6]
    resigned = f"director@{absent.grid.code}"  # 55 days without a director: longer than the grace
    gone = f"fire-manager@{left.villages[0].grid.code}"  # nobody since 11 December: still within the grace
    ill = f"first-responsible@{short.villages[1].grid.code}"  # 18 days, then the same person again
    for post in posts:
        if post.id == resigned:
            yield replace(post, end=day(3, 12))
            yield replace(post, id=post.id + "-2", person=post.person.replace("主任", "继任主任"), start=day(5, 6))
        elif post.id == gone:
            yield replace(post, end=day(12, 11))
        elif post.id == ill:
            yield replace(post, end=day(9, 2))
            yield replace(post, id=post.id + "-2", start=day(9, 20))
        else:
            yield post
