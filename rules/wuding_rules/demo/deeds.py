"""What was done in the simulated year, and what was not: facts by type, as rows for an import.

A duty is done with the diligence of its village. Some deeds are done too late, by the wrong person, or written
down without saying by whom or about what: as real records are.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from wuding.domain.grid import Grid
from wuding_rules.demo.county import YEAR, County, Town, Village

Row = dict[str, object]
Facts = dict[str, list[Row]]
END = datetime(YEAR + 1, 1, 1)
SCOPES = ("fire", "electricity", "oil", "gas")
KINDS = ("basic", "patrol", "rectified", "publicity", "drill", "evacuation")
AUDIENCES = ("office", "enterprise", "school", "district", "home")
SOURCES = ("inspection", "self-check", "resident", "superior")
WHAT = (
    "电线私拉乱接",
    "消防通道堵塞",
    "灭火器过期",
    "电动车违规充电",
    "疏散指示灯损坏",
    "液化气瓶存放不当",
    "安全出口上锁",
)
DELIVERABLES = (
    ("mobilisation", "work-plan", (5, 24), 4),
    ("mobilisation", "kick-off", (5, 27), 4),
    ("implementation", "working-rules", (8, 1), 40),
    ("acceptance", "summary", (9, 11), 8),
    ("acceptance", "acceptance-check", (9, 14), 6),
)


def deeds(county: County, rng: random.Random) -> Facts:
    """All facts of the year by type, each list in the order of time. None of them lies after the year's end."""
    facts: Facts = {}
    for town in county.towns:
        for type_, row in _town(town, rng):
            facts.setdefault(type_, []).append(row)
        for village in town.villages:
            for type_, row in (*_village(village, town, rng), *_equipment(village, rng)):
                facts.setdefault(type_, []).append(row)
    for type_, row in (*_hazards(county, rng), *_fires(county, rng)):
        facts.setdefault(type_, []).append(row)
    return {
        type_: sorted((r for r in rows if str(r["at"]) < END.isoformat()), key=lambda r: str(r["at"]))
        for type_, rows in sorted(facts.items())
    }


def _on(month: int, rng: random.Random, months: int = 1) -> str:
    """A working moment in `months` months from `month` on."""
    first = datetime(YEAR, month, 1)
    last = END if month + months > 12 else datetime(YEAR, month + months, 1)
    return _clock(first + timedelta(days=rng.randrange((last - first).days)), rng)


def _clock(when: datetime, rng: random.Random) -> str:
    at = when.replace(hour=0, minute=0, second=0) + timedelta(minutes=rng.randint(8 * 60, 18 * 60))
    return at.isoformat(timespec="minutes")


def _head(cell: Grid) -> str:
    return f"负责人-{cell.name}{cell.code[6:]}"


def _manager(village: Village, town: Town, rng: random.Random) -> str | None:
    """Who makes a check: mostly the village's fire manager, at times one of the town; rarely not written down,
    or somebody whose check does not count."""
    chance = rng.random()
    if chance < 0.004:
        return None
    if chance < 0.010:
        return _head(village.cells[0])
    if chance < 0.2:
        return f"消防管理员1-{town.grid.name}"
    return f"消防管理员-{village.grid.name}{village.grid.code[6:]}"


def _village(village: Village, town: Town, rng: random.Random) -> Iterator[tuple[str, Row]]:
    done = village.diligence
    for cell in village.cells:
        for month in range(1, 13):
            for scope in SCOPES:
                if rng.random() < done:
                    told = None if rng.random() < 0.002 else scope
                    yield "patrol", {"grid": cell.code, "actor": _head(cell), "at": _on(month, rng), "scope": told}
            if rng.random() < done:
                who = _manager(village, town, rng)
                yield "inspection", {"subject": f"S{cell.code}", "actor": who, "at": _on(month, rng), "filed": True}
        for month in (1, 4, 7, 10):
            if rng.random() < done:
                who = _manager(village, town, rng)
                yield "inspection", {"grid": cell.code, "actor": who, "at": _on(month, rng, 3), "filed": True}
        yield from _ledgers(cell, done, rng)
    yield from _ledgers(village.grid, done, rng)
    for month in (1, 4, 7, 10):
        if rng.random() < done:
            people = rng.randint(15, 120)
            yield "event", {"grid": village.grid.code, "at": _on(month, rng, 3), "kind": "publicity", "people": people}
    if rng.random() < done:
        people = rng.randint(10, 60)
        yield "event", {"grid": village.grid.code, "at": _on(11, rng), "kind": "drill", "people": people}


def _ledgers(grid: Grid, done: float, rng: random.Random) -> Iterator[tuple[str, Row]]:
    """Most ledgers exist from the first day; the careless open them in spring, or never."""
    for kind in KINDS:
        if rng.random() < done:
            yield "ledger", {"grid": grid.code, "at": f"{YEAR}-01-01T00:00", "kind": kind}
        elif rng.random() < 0.7:
            yield "ledger", {"grid": grid.code, "at": _on(3, rng, 2), "kind": kind}


def _equipment(village: Village, rng: random.Random) -> Iterator[tuple[str, Row]]:
    name = f"X{village.cells[0].code}"
    expires = f"{YEAR}-11-30" if rng.random() < 0.04 else f"{YEAR + 2}-06-30"
    new = {"subject": name, "at": f"{YEAR}-01-01T00:00", "installed": f"{YEAR - 1}-06-01", "expires": expires}
    yield "in-service", new
    when = datetime(YEAR, 1, 1)
    while (when := when + timedelta(days=rng.randint(55, 88))) < END:
        if rng.random() < village.diligence:
            order = None if rng.random() < 0.01 else True
            yield "maintenance", {"subject": name, "at": _clock(when, rng), "in_order": order}


def _town(town: Town, rng: random.Random) -> Iterator[tuple[str, Row]]:
    code, done = town.grid.code, town.diligence
    people = rng.randint(12, 30)
    yield (
        "volunteer-brigade",
        {"grid": code, "at": f"{YEAR}-01-01T00:00", "formed": f"{YEAR - 2}-03-01", "people": people},
    )
    yield "budget", {"grid": code, "at": _on(2, rng), "amount": f"{rng.randint(20, 90) * 1000}.00"}
    yield from _ledgers(town.grid, done, rng)
    for month in (1, 2, 3, 6, 7, 8, 11, 12):
        if rng.random() < done:
            season = "summer" if month in (6, 7, 8) else "winter-spring"
            yield "campaign", {"grid": code, "at": _on(month, rng), "season": season}
    for audience in AUDIENCES:
        if rng.random() < done:
            place = rng.choice(town.villages).grid.code
            yield (
                "education",
                {"grid": place, "at": _on(4, rng, 7), "audience": audience, "people": rng.randint(20, 300)},
            )
    for phase, item, (month, first), days in DELIVERABLES:
        late = 0 if rng.random() < done else 9
        at = datetime(YEAR, month, first) + timedelta(days=rng.randrange(days) + late)
        yield "deliverable", {"grid": code, "at": _clock(at, rng), "phase": phase, "item": item}


def _hazards(county: County, rng: random.Random) -> Iterator[tuple[str, Row]]:
    """Hazards of all places, numbered in the order in which they were found, and how they were put right."""
    places = [(town, cell) for town in county.towns for village in town.villages for cell in village.cells]
    found = sorted((datetime.fromisoformat(_on(1, rng, 12)), rng.choice(places)[1].code) for _ in range(620))
    towns = {cell.code: town for town, cell in places}
    for number, (at, code) in enumerate(found, 1):
        name = f"H{YEAR}-{number:04}"
        severity = "major" if rng.random() < 0.06 else "general"
        source = None if rng.random() < 0.03 else rng.choice(SOURCES)
        row: Row = {"grid": code, "at": at.isoformat(timespec="minutes"), "hazard_id": name, "severity": severity}
        yield "hazard", {**row, "source": source, "what": rng.choice(WHAT)}
        chance = rng.random()
        if chance > 1 - (1 - towns[code].diligence) / 3:
            continue  # never put right
        days = rng.randint(1, 7) if chance < towns[code].diligence - 0.03 else rng.randint(9, 40)
        accepted = None if rng.random() < 0.01 else True
        fixed = _clock(at + timedelta(days=days), rng)
        yield "rectified", {"grid": code, "at": fixed, "hazard_id": name, "accepted": accepted}


def _fires(county: County, rng: random.Random) -> Iterator[tuple[str, Row]]:
    """A few small fires; one through poor work, with influence; one whose inquiry has not ended."""
    for _ in range(7):
        cell = rng.choice(county.cells).code
        yield "fire", _fire(cell, _on(1, rng, 12), "general", False, False, rng.randint(1, 30) * 1000)
    guilty, asked = (rng.choice(county.towns[n].villages).cells[1].code for n in (10, 2))
    yield "fire", _fire(guilty, f"{YEAR}-08-17T02:40", "larger", True, True, 860000)
    yield "fire", _fire(asked, f"{YEAR}-12-05T21:15", "larger", True, None, 430000)


def _fire(cell: str, at: str, grade: str, influential: bool, poor_work: bool | None, loss: int) -> Row:
    about = {"grade": grade, "influential": influential, "poor_work": poor_work, "loss": f"{loss}.00", "deaths": 0}
    return {"grid": cell, "at": at, **about}
