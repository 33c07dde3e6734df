"""Import of a CSV file, validated and chained, against the bare inserts of the same rows, side by side.

    python bench/importing.py --rows 1000000
    python bench/importing.py --rows 1000000 --postgresql postgresql://postgres@127.0.0.1/test

Bare inserts read the file with the standard library, and insert its cells unread into one table without any
constraint, in one durable transaction: `executemany` on SQLite, COPY on PostgreSQL.
"""

from __future__ import annotations

import argparse
import csv
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from wuding import Grid, Wuding

GRIDS = 1_000
COLUMNS = ("at", "grid", "actor", "filed", "scope")


def write(path: Path, rows: int) -> None:
    """A seeded file of inspections."""
    chance = random.Random(2024)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS[:4])
        for _ in range(rows):
            day, minute = chance.randrange(1, 29), chance.randrange(480, 1080)
            at = f"2024-{chance.randrange(1, 13):02}-{day:02}T{minute // 60:02}:{minute % 60:02}"
            place = chance.randrange(GRIDS)
            out.writerow((at, f"G{place}", f"p{place}", chance.choice(("true", "false"))))


def rows_of(path: Path) -> Iterator[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        found = csv.reader(file)
        next(found)
        yield from found


def bare_sqlite(path: Path, folder: Path) -> None:
    con = sqlite3.connect(folder / f"{uuid4().hex}.db")
    con.execute("PRAGMA journal_mode = WAL")
    con.execute("PRAGMA synchronous = FULL")
    con.execute("CREATE TABLE bare (at TEXT, grid TEXT, actor TEXT, filed TEXT)")
    with con:
        con.executemany("INSERT INTO bare VALUES (?, ?, ?, ?)", rows_of(path))
    con.close()


def bare_postgresql(path: Path, url: str) -> None:
    import psycopg

    with psycopg.connect(url) as con, con.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS wuding_bare")
        cursor.execute("CREATE TABLE wuding_bare (at TEXT, grid TEXT, actor TEXT, filed TEXT)")
        with cursor.copy("COPY wuding_bare FROM STDIN") as copy:
            for row in rows_of(path):
                copy.write_row(row)
    with psycopg.connect(url) as con:
        con.execute("DROP TABLE wuding_bare")


def imported(path: Path, url: str) -> float:
    """How long the import takes into a new ledger that knows its tree, in seconds."""
    with Wuding.open(url, books=["fire/base"]) as w:
        w.add_grids(
            [Grid("361021", "county", None, "county"), *(Grid(f"G{n}", "", "361021", "cell") for n in range(GRIDS))]
        )
        begin = time.perf_counter()
        done = w.import_facts(path, fact="fire/inspection")
        spent = time.perf_counter() - begin
    assert done.rejected is None
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgresql", metavar="URL", help="a database in which a schema may be made and dropped")
    given = parser.parse_args()
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "inspections.csv"
        write(path, given.rows)
        for n in range(given.rounds):
            begin = time.perf_counter()
            if given.postgresql:
                bare_postgresql(path, given.postgresql)
            else:
                bare_sqlite(path, folder)
            theirs.append(time.perf_counter() - begin)
            ours.append(
                _in_schema(path, given.postgresql) if given.postgresql else imported(path, f"sqlite:///{folder}/{n}.db")
            )
    a, b = statistics.median(ours), statistics.median(theirs)
    where = "PostgreSQL" if given.postgresql else "SQLite"
    print(f"{given.rows:,} rows of CSV into {where}, median of {given.rounds}")
    print(f"import {a:.2f} s   bare inserts {b:.2f} s   ratio {a / b:.2f}")


def _in_schema(path: Path, url: str) -> float:
    import psycopg

    schema = f"bench_{uuid4().hex[:8]}"
    with psycopg.connect(url, autocommit=True) as con:
        con.execute(f"CREATE SCHEMA {schema}")
        try:
            return imported(path, f"{url}?options=-csearch_path%3D{schema}")
        finally:
            con.execute(f"DROP SCHEMA {schema} CASCADE")


if __name__ == "__main__":
    main()
