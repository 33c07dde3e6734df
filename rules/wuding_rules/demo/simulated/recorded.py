"""A simulated year into a ledger, on the way on which a real one comes: registered, appointed, imported."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from wuding import Wuding
from wuding.domain.grid import Grid
from wuding_rules.demo.nancheng import written
from wuding_rules.demo.simulated.year import Year, simulate


def record(w: Wuding, book: str, tree: Sequence[Grid], seed: int, year: int) -> Year:
    """Simulate the year of a book on a tree whose grids the ledger has, and record it. Raises Rejected for facts that
    their types do not allow."""
    program = w.shelf.program(book)
    done = simulate(program, tree, seed, year)
    if done.place.new:
        w.add_grids(done.place.new)
    w.add_subjects(done.place.subjects)
    w.appoint(done.place.posts)
    with tempfile.TemporaryDirectory() as folder:
        for name, path in written(done.facts, Path(folder)):
            w.import_facts(path, fact=f"{program.domain.name}/{name}")
    return done
