"""A small county to check in parts: two towns of three villages of two cells, a quarter of facts, a book whose rules
are of every kind: local, tied to a case, ranked in a town, ranked over all."""

from __future__ import annotations

from pathlib import Path

from wuding import Grid, Post, Wuding

TOWNS, VILLAGES, CELLS = 2, 3, 2
AS_OF = "2024-04-02T09:00"
BOOK = """book: fire/county
title: {zh: 小县, en: County}
domain: fire
grid: C
charter:
  - {id: led, for: {grid: basic}, seat: grid-leader}
patrol:
  - {id: monthly, for: {grid: basic}, do: {fact: inspection, by: grid-leader, when: {filed: true}}, every: month}
scoring:
  - id: score
    for: {grid: basic}
    every: month
    start: 100
    items:
      - {id: missed, each: {finding: monthly, when: {status: missed}}, points: -5}
      - {id: late, each: {finding: hazard.fixed, when: {status: [late, overdue]}}, points: -2}
    rank: {in: zone}
  - {id: league, for: {grid: basic}, every: quarter, start: 100, rank: {in: book},
     items: [{id: part, each: {finding: score, when: {score: "< 100"}}, points: -1}]}
veto:
  - {id: large-fire, cause: {fact: fire, when: {grade: larger}}, strikes: basic, touches: [score], effect: {score: 0}}
escalation:
  - id: hazard
    opens: {fact: hazard}
    case: hazard_id
    steps: [{id: fixed, expect: {fact: rectified, when: {accepted: true}}, within: 7d}]
targets:
  - {id: seen, for: {grid: zone}, count: {fact: inspection}, every: quarter, reach: ">= 10"}
"""


def cells() -> list[str]:
    return [f"T{t}V{v}B{b}" for t in range(TOWNS) for v in range(VILLAGES) for b in range(CELLS)]


def opened(folder: Path) -> Wuding:
    """A ledger in the folder with everything recorded."""
    (folder / "county.yaml").write_text(BOOK, encoding="utf-8")
    w = Wuding.open(
        f"sqlite:///{folder}/county.db", books=[folder / "county.yaml"], clock=lambda: 1_712_020_000_000_000
    )
    grids = [Grid("C", "县", None, "county")]
    grids += [Grid(f"T{t}", f"镇{t}", "C", "zone") for t in range(TOWNS)]
    grids += [Grid(f"T{t}V{v}", f"村{v}", f"T{t}", "grid") for t in range(TOWNS) for v in range(VILLAGES)]
    grids += [Grid(code, code, code[:-2], "basic") for code in cells()]
    w.add_grids(grids)
    w.appoint([Post("", f"p-{code}", "grid-leader", code) for code in cells() if code != "T0V0B0"])
    for kind, (columns, rows) in facts().items():
        (folder / f"{kind}.csv").write_text("\n".join(["at,grid," + columns, *rows]) + "\n", "utf-8")
        w.import_facts(folder / f"{kind}.csv", fact=kind)
    return w


def facts() -> dict[str, tuple[str, list[str]]]:
    """By type, the columns after moment and grid, and the lines."""
    inspections, hazards, mended = [], [], []
    for n, code in enumerate(cells()):
        for month in (1, 2, 3)[: 1 + n % 3]:
            filed = "true" if n % 5 else ""
            inspections.append(f"2024-0{month}-1{n % 9}T10:00,{code},p-{code},{filed}")
        hazards.append(f"2024-02-0{1 + n % 9}T08:00,{code},H{n},major")
        if n % 2:
            mended.append(f"2024-02-{10 + n}T08:00,{code},H{n},true")
    # One hazard is mended from another village of the town: those two villages must stay together.
    mended.append("2024-02-06T08:00,T0V1B0,H0,true")
    return {
        "inspection": ("actor,filed", inspections), "hazard": ("hazard_id,severity", hazards),
        "rectified": ("hazard_id,accepted", mended), "fire": ("grade", ["2024-03-03T01:00,T1V1B0,larger"]),
    }  # fmt: skip
