"""`wuding grid`: import a tree and its boundaries, show it, see whether it is one."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wuding.cli.out import escape, print_csv, print_json
from wuding.cli.settings import Settings
from wuding.errors import WudingError

if TYPE_CHECKING:
    from wuding.app import Wuding
    from wuding.assess.partition import Problem
    from wuding.domain.grid import Grid


def add(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True)
    group.command("import", help="cli.grid.import")(import_)
    group.command("show", help="cli.grid.show")(show)
    group.command("check", help="cli.grid.check")(check)
    app.add_typer(group, name="grid", help="cli.grid")


def import_(
    context: typer.Context,
    file: Annotated[str | None, typer.Argument(help="cli.grid.import.file", show_default=False)] = None,
    root: Annotated[str | None, typer.Option("--root", help="cli.grid.import.root")] = None,
    boundaries: Annotated[str | None, typer.Option("--boundaries", help="cli.grid.import.boundaries")] = None,
    key: Annotated[str, typer.Option("--key", help="cli.grid.import.key")] = "code",
    fix: Annotated[bool, typer.Option("--fix", help="cli.grid.import.fix")] = False,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    if file is None and boundaries is None:
        raise WudingError("WD819")
    with Wuding.open(settings.db, create=False) as w:
        if file is not None:
            receipt = w.import_grids(file, root)
            print(settings.say("grid.imported", count=receipt.last_seq - receipt.first_seq + 1))
        if boundaries is not None:
            receipt, unmatched = w.import_boundaries(boundaries, key, fix)
            print(settings.say("grid.bounded", count=receipt.last_seq - receipt.first_seq + 1))
            if unmatched:
                print(settings.say("grid.unmatched", count=len(unmatched), codes=list(unmatched)))


def show(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="cli.grid.show.code", show_default=False)],
    depth: Annotated[int, typer.Option("--depth", help="cli.grid.show.depth", min=0)] = 64,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    form = settings.form("text", "json", "csv")
    with Wuding.open(settings.db, create=False) as w:
        standing = _standing(w)
    if code not in standing:
        raise WudingError("WD813", name=code, allowed=list(standing))
    below: dict[str, list[Grid]] = {}
    for grid in standing.values():
        below.setdefault(grid.parent or "", []).append(grid)
    listed = list(_walk(standing[code], below, depth))
    if form == "text":
        _print_tree(listed)
        return
    names = ("code", "name", "parent", "level", "kinds", "depth")
    found = [{**{n: getattr(g, n) for n in names[:4]}, "kinds": ";".join(g.kinds), "depth": d} for d, g in listed]
    print_json(found) if form == "json" else print_csv(found, names)


def _standing(w: Wuding) -> dict[str, Grid]:
    """The versions that stand today, by code."""
    from wuding.domain.instants import local_day
    from wuding.store.registry import registry

    today = local_day(w.ledger.clock(), w.ledger.zone)
    found = registry(w.ledger).grids
    return {
        g.code: g for g in found if (g.start is None or g.start <= today) and (g.end is None or today < g.end)
    }  # fmt: skip


def _walk(top: Grid, below: Mapping[str, Sequence[Grid]], depth: int) -> Any:
    todo = [(0, top)]
    while todo:
        level, grid = todo.pop()
        yield level, grid
        if level < depth:
            todo += [(level + 1, child) for child in reversed(below.get(grid.code, ()))]


def _print_tree(listed: Sequence[tuple[int, Grid]]) -> None:
    from rich.tree import Tree

    from wuding.cli.out import console

    branches: list[Tree] = []
    for level, grid in listed:
        kinds = f" [cyan]{escape(' '.join(grid.kinds))}[/]" if grid.kinds else ""
        label = f"[bold]{escape(grid.code)}[/] {escape(grid.name)} [dim]{escape(grid.level)}[/]{kinds}"
        del branches[level:]
        branches.append(branches[-1].add(label) if branches else Tree(label))
    console().print(branches[0])


def check(
    context: typer.Context,
    partition: Annotated[str | None, typer.Option("--partition", help="cli.grid.check.partition")] = None,
    max_overlap: Annotated[str, typer.Option("--max-overlap", help="cli.grid.check.max-overlap")] = "0 m2",
    max_gap: Annotated[str, typer.Option("--max-gap", help="cli.grid.check.max-gap")] = "0 m2",
) -> None:
    from wuding.app import Wuding
    from wuding.catalogue import render
    from wuding.cli.lint import as_data
    from wuding.intake.grids import check_tree
    from wuding.store.registry import registry

    settings: Settings = context.obj
    form = settings.form("text", "json")
    with Wuding.open(settings.db, create=False) as w:
        grids = registry(w.ledger).grids
        wrong = check_tree(grids)
        faults: list[Problem] = []
        if partition is not None:
            faults = _faults(w, partition, max_overlap, max_gap)
    if form == "json":
        pieces = [
            {"kind": f.kind, "codes": f.codes, "area_m2": round(f.area_m2, 2), "lon": f.lon, "lat": f.lat,
             "share_percent": f.share, "reason": f.reason}
            for f in faults
        ]  # fmt: skip
        print_json({"tree": [as_data(d, settings.lang) for d in wrong], "partition": pieces})
    else:
        for problem in wrong:
            print(render(problem, settings.lang))
        roots = sum(grid.parent is None for grid in grids)
        key = "grid.tree-bad" if wrong else "grid.tree-good"
        print(settings.say(key, count=len({g.code for g in grids}), roots=roots, wrong=len(wrong)))
        for fault in faults:
            print(f"✗ {fault_text(settings, fault)}")
        if partition is not None:
            key = "grid.partition-bad" if faults else "grid.partition-good"
            print(settings.say(key, code=partition, count=len(faults)))
    if wrong or faults:
        sys.exit(1)


def fault_text(settings: Settings, fault: Problem) -> str:
    """One fault of a partition, with its place and area."""
    return settings.say(
        f"partition.{fault.kind}", codes=list(fault.codes), area=f"{fault.area_m2:,.0f}", lon=f"{fault.lon:.5f}",
        lat=f"{fault.lat:.5f}", share=f"{fault.share:.4f}", reason=fault.reason,
    )  # fmt: skip


def _faults(w: Wuding, code: str, max_overlap: str, max_gap: str) -> list[Problem]:
    from wuding.assess.partition import check_partition
    from wuding.store.registry import boundaries

    standing = _standing(w)
    if code not in standing:
        raise WudingError("WD813", name=code, allowed=list(standing))
    shapes = boundaries(w.ledger)
    children = [grid.code for grid in standing.values() if grid.parent == code]
    lacking = [c for c in (code, *children) if c not in shapes]
    if lacking or not children:
        raise WudingError("WD823", grid=code, codes=lacking, count=len(lacking))
    limits = _limit("--max-overlap", max_overlap), _limit("--max-gap", max_gap)
    return check_partition(shapes[code], {c: shapes[c] for c in children}, *limits)


def _limit(option: str, text: str) -> Any:
    """`10 %`, `50m2`: a number with its unit. Raises WD821."""
    import re
    from fractions import Fraction

    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%|m2)\s*", text)
    if not found:
        raise WudingError("WD821", option=option, value=text)
    return Fraction(found[1]), found[2]
