"""From the id of a finding to its explanation: the check that kept it, its book, the evidence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import polars as pl

from wuding.domain.instants import local_day
from wuding.engines.columnar.context import Context
from wuding.errors import WudingError
from wuding.explain import explain, reads, rule_of
from wuding.explain.model import Explanation
from wuding.explain.scene import context
from wuding.program.model import Program
from wuding.store.checks import Check, load_check
from wuding.store.columns import Columns
from wuding.store.ledger import Ledger
from wuding.store.snapshot import snapshot

Edition = tuple[Program, tuple[int | None, int | None]]  # a book, and the days (end exclusive) of its edition
NEAR = 3
LOOKED_AT = 20_000  # ids that are compared with a mistaken one


def explain_kept(
    ledger: Ledger,
    columns: Columns,
    editions: Callable[[str, int], Sequence[Edition]],
    id_: str,
    number: int | None,
    lang: str,
) -> Explanation:
    """Explain the finding `id_` of a kept check (None: the last). `editions` gives what there is of a book, as it
    was known at a sequence, the likeliest first.

    Raises WD805 when there is no such check, WD825 when it has no such finding, WD826 when its rule is gone from the
    book.
    """
    kept = load_check(ledger, number, ids=[id_])
    if kept.frame.is_empty():
        raise _unknown(ledger, kept, id_)
    row = kept.frame.row(0, named=True)
    book = row["book"]
    program, in_force = _edition(editions(book, kept.known_seq), kept.books[book], row)
    rule = rule_of(program, row)
    if rule is None:
        raise WudingError("WD826", id=id_, rule=row["rule"], book=book)
    found = load_check(ledger, kept.number, rules=reads(program, rule)).frame
    found = found.filter(found.get_column("book") == book)
    snap = snapshot(ledger, columns, program, kept.as_of, kept.known_seq, kept.since, in_force)
    return explain(program, snap, row, found, lang, changed=program.digest != kept.books[book])


def explain_many(
    ledger: Ledger,
    columns: Columns,
    editions: Callable[[str, int], Sequence[Edition]],
    kept: Check,
    ids: Collection[str],
    lang: str,
    private: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Explanation]:
    """Explain findings of a kept check, which has all its findings. A finding whose rule has left its book has no
    explanation here. For others' eyes: private fields are said only where `private` is true."""
    wanted = kept.frame.filter(kept.frame.get_column("id").is_in(list(ids)))
    known = {book: editions(book, kept.known_seq) for book in wanted.get_column("book").unique()}
    opened: dict[tuple[str, str, tuple[int | None, int | None]], tuple[Context, pl.DataFrame]] = {}
    found: dict[str, Explanation] = {}
    for n, row in enumerate(wanted.iter_rows(named=True)):
        progress(n, wanted.height)
        book = row["book"]
        program, in_force = _edition(known[book], kept.books[book], row)
        rule = rule_of(program, row)
        if rule is None:
            continue
        key = (book, program.digest, in_force)
        if key not in opened:
            own = kept.frame.filter(pl.col("book") == book)
            snap = snapshot(ledger, columns, program, kept.as_of, kept.known_seq, kept.since, in_force)
            opened[key] = (context(program, snap, own), own)
        ctx, own = opened[key]
        near = own.filter(pl.col("rule").is_in(reads(program, rule)))
        changed = program.digest != kept.books[book]
        found[row["id"]] = explain(program, ctx.snap, row, near, lang, changed, ctx, private)
    return found


def _edition(editions: Sequence[Edition], digest: str, row: Mapping[str, Any]) -> Edition:
    """The edition that made the finding: of the text that was checked, and in force on its day."""
    same = [edition for edition in editions if edition[0].digest == digest] or list(editions)
    moment = row["at"] if row["at"] is not None else row["start"]

    def stands(edition: Edition) -> bool:
        program, (start, end) = edition
        day = None if moment is None else local_day(moment, program.zone)
        return day is None or ((start is None or start <= day) and (end is None or day < end))

    return next((edition for edition in same if stands(edition)), same[0])


def _unknown(ledger: Ledger, kept: Check, id_: str) -> WudingError:
    """What is wrong with the id: the first of its parts that no finding of the check has, and the nearest ids."""
    book, _, rest = id_.partition("#")
    name, _, rest = rest.partition("@")
    holder, _, about = rest.partition("/")
    rule = name.partition("[")[0].partition(".")[0]
    same_rule = load_check(ledger, kept.number, rules=[rule]).frame
    same_holder = load_check(ledger, kept.number, holders=[holder]).frame
    parts = {"book": book, "rule": name, "holder": holder, "period": about}
    wrong = "period"
    if book not in kept.books:
        wrong = "book"
    elif not any(each.startswith(f"{book}#{name}@") for each in same_rule["id"]):
        wrong = "rule"
    elif not any(each.startswith(f"{book}#{name}@{holder}/") for each in same_rule["id"]):
        wrong = "holder"
    frames = [frame for frame in (same_holder, same_rule) if not frame.is_empty()]
    known = [frame["id"].to_list() for frame in frames] or [load_check(ledger, kept.number).frame["id"].to_list()]
    ids = list(dict.fromkeys(each for some in known for each in some[:LOOKED_AT]))
    near = get_close_matches(id_, ids, NEAR, 0.6)
    return WudingError("WD825", id=id_, check=kept.number, kind=wrong, what=parts[wrong], near=near or ids[:NEAR])
