"""Importing a file: all of its rows or none, or, when asked, the good ones, with the bad ones in a file beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from wuding.domain.fact import CORE
from wuding.domain.subject import Subject
from wuding.errors import Diagnostic, Rejected, Span, WudingError
from wuding.intake.facts import Prepared, Progress, prepare
from wuding.intake.known import Known
from wuding.intake.mapping import REJECTED, MappingFile, default_mapping
from wuding.intake.names import check_names, fact_name, importable, near_first
from wuding.intake.read import Table, ragged_rows, read_table
from wuding.intake.subjects import apart
from wuding.program.model import Domain
from wuding.store.blocks import Part
from wuding.store.canonical import NewFact
from wuding.store.entries import grid_fact, subject_fact
from wuding.store.ledger import Receipt

SHOWN = 20  # rejects that an error shows one by one
Append = Callable[[Sequence[Part]], Receipt]


class RowsRejected(Rejected):
    """Rows that were refused; nothing was written. `rejects` is the whole table: row, column, code, value."""

    def __init__(self, diagnostics: Sequence[Diagnostic], rejects: pl.DataFrame) -> None:
        super().__init__(diagnostics)
        self.rejects = rejects


@dataclass(frozen=True)
class Imported:
    """What an import did. `rows` are those with any value, `kept` those that became something; `rejected` is
    the file that holds the others, if there are any."""

    receipt: Receipt
    sha256: str
    rows: int
    kept: int
    blank: int
    facts: int
    grids: int
    subjects: int
    encoding: str
    rejected: Path | None = None


def import_file(
    path: Path,
    domain: Domain,
    known: Known,
    zone: str,
    append: Append,
    seen: Callable[[str], bool],
    now: int,
    *,
    mapping: MappingFile | None = None,
    fact: str | None = None,
    again: bool = False,
    keep_good: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Read a file and record what its rows say, in one append.

    Without a mapping, `fact` names the type, and columns are named like its fields. `seen` tells whether a file
    of that SHA-256 was imported before; `now` is the present, microseconds UTC. With `keep_good` the bad rows
    go into `<file>.rejected.csv`, which is written before anything is recorded.

    Raises WD409 (this file was imported before, and `again` is false), `RowsRejected`, and the errors of
    `read_table` and `check_names`.
    """
    options = mapping.mapping if mapping else None
    table = read_table(path, options.encoding if options else None, options.delimiter if options else None)
    if not again and seen(table.sha256):
        raise WudingError("WD409", path=path, sha256=table.sha256[:12])
    file = mapping or _by_name(fact, table, domain)
    check_names(file, table.frame.columns, domain)
    made = prepare(table, file.mapping, domain, known, zone, progress)
    bad = made.rejects.height > 0 or bool(table.ragged)
    kept = int(made.good.sum())
    if bad and not (keep_good and kept):
        raise RowsRejected(diagnose(table, made), made.rejects)
    rows = table.frame.height + len(table.ragged)
    told = {"file": path.name, "sha256": table.sha256, "rows": rows, "kept": kept}
    parts: list[Part] = [_registry_facts(made, domain, now), *made.facts, [NewFact(CORE, "import", now, fields=told)]]
    beside = write_rejected(table, made) if bad else None
    try:
        receipt = append(parts)
    except BaseException:
        if beside:
            beside.unlink(missing_ok=True)
        raise
    return Imported(
        receipt=receipt,
        sha256=table.sha256,
        rows=rows,
        kept=kept,
        blank=table.blank,
        facts=sum(map(len, made.facts)),
        grids=len(made.grids),
        subjects=len(made.subjects),
        encoding=table.encoding,
        rejected=beside,
    )


def _registry_facts(made: Prepared, domain: Domain, now: int) -> list[NewFact]:
    """What makes the new grids and subjects; a subject's private fields are kept apart."""
    return [grid_fact(grid, now) for grid in made.grids] + [_subject_fact(one, domain, now) for one in made.subjects]


def _subject_fact(subject: Subject, domain: Domain, now: int) -> NewFact:
    public, private = apart(subject, [domain])
    return subject_fact(public, now, private)


def _by_name(fact: str | None, table: Table, domain: Domain) -> MappingFile:
    name = fact_name(fact or "", domain)
    if name not in importable(domain):
        raise Rejected(
            [
                Diagnostic(
                    "WD412", Span(str(table.path)), {"name": name, "allowed": near_first(name, importable(domain))}
                )
            ]
        )
    return default_mapping(name, table.frame.columns, str(table.path))


def diagnose(table: Table, made: Prepared) -> list[Diagnostic]:
    """How many rows are bad and for which reasons, then the first of them, each at its row."""
    path = str(table.path)
    counts = dict(made.rejects.group_by("code").len().sort("len", "code", descending=[True, False]).iter_rows())
    if table.ragged:
        counts["WD428"] = len(table.ragged)
    bad = int((~made.good).sum()) + len(table.ragged)
    reasons = ", ".join(f"{code} × {count}" for code, count in counts.items())
    total = table.frame.height + len(table.ragged)
    single = [Diagnostic(row["code"], table.span(row["row"]), _args(row)) for row in _rows(made.rejects.head(SHOWN))]
    single += ragged_rows(table)
    first = sorted(single, key=lambda d: d.sort_key)[:SHOWN]
    return [
        Diagnostic("WD445", Span(path), {"bad": bad, "rows": total, "reasons": reasons, "shown": len(first)}),
        *first,
    ]


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return list(frame.iter_rows(named=True))


def _args(row: dict[str, Any]) -> dict[str, object]:
    return {"column": row["column"], "value": row["value"] if row["value"] is not None else ""}


def write_rejected(table: Table, made: Prepared) -> Path:
    """Write the bad rows beside the file: their own columns, then their number there and every reason, in
    Chinese and English. A line whose cells could not be told apart stands whole in the first column."""
    from wuding.catalogue import text

    def say(row: dict[str, Any], lang: str) -> str:
        return f"{row['code']} {text(row['code'], lang, **_args(row))}"

    reasons: dict[int, list[dict[str, Any]]] = {}
    for row in _rows(made.rejects):
        reasons.setdefault(row["row"], []).append(row)
    frame = table.frame.filter(~made.good)
    numbers = table.rows.filter(~made.good).to_list()
    frame = frame.drop([name for name in frame.columns if name.startswith(REJECTED)])
    columns = [pl.Series(f"{REJECTED}row", numbers, dtype=pl.Int64)]
    for lang in ("zh", "en"):
        said = ["; ".join(say(row, lang) for row in reasons.get(number, [])) for number in numbers]
        columns.append(pl.Series(f"{REJECTED}{lang}", said, dtype=pl.String))
    whole = frame.with_columns(columns)
    broken = [
        {whole.columns[0]: line, f"{REJECTED}row": d.span.line}
        | {f"{REJECTED}{lang}": f"{d.code} {text(d.code, lang, **d.args)}" for lang in ("zh", "en")}
        for d, line in zip(ragged_rows(table), (r.text for r in table.ragged), strict=True)
    ]
    if broken:
        whole = pl.concat([whole, pl.DataFrame(broken, schema_overrides=whole.schema)], how="diagonal")
    path = table.path.with_name(f"{table.path.name}.rejected.csv")
    path.write_text(whole.sort(f"{REJECTED}row").write_csv(), encoding="utf-8-sig")
    return path
