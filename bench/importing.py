"""Import of a CSV file, validated and chained, against the bare inserts of the same rows, side by side.

    python bench/importing.py --rows 1000000
    python bench/importing.py --rows 1000000 --postgresql postgresql://postgres@127.0.0.1/test

Bare inserts put rows that are ready in memory (the very facts that the import made, with their bytes and hashes) into
a table with the same columns, constraints and indexes, in one durable transaction: on SQLite by `executemany`, on
PostgreSQL by COPY of its own text format, ready in memory too. Nothing is read, checked, encoded or hashed there. The
import begins with the file. The memory told is what the import had at most beyond what it began with.
"""

from __future__ import annotations

import argparse
import csv
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from wuding import Grid, Wuding

GRIDS = 1_000
COLUMNS = ("at", "grid", "actor", "filed")
FACT = "seq, batch, domain, type, grid, subject, actor, occurred_at, recorded_at, body, hash"


def write(path: Path, rows: int) -> None:
    """A seeded file of inspections."""
    chance = random.Random(2024)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for _ in range(rows):
            day, minute = chance.randrange(1, 29), chance.randrange(480, 1080)
            at = f"2024-{chance.randrange(1, 13):02}-{day:02}T{minute // 60:02}:{minute % 60:02}"
            place = chance.randrange(GRIDS)
            out.writerow((at, f"G{place}", f"p{place}", chance.choice(("true", "false"))))


def new_ledger(url: str) -> Wuding:
    """A ledger that knows its tree."""
    found = Wuding.open(url, books=["fire/base"])
    tree = [Grid("361021", "county", None, "county"), *(Grid(f"G{n}", "", "361021", "cell") for n in range(GRIDS))]
    found.add_grids(tree)
    return found


def imported(path: Path, url: str) -> float:
    """How long the import takes into a new ledger, in seconds."""
    with new_ledger(url) as w:
        begin = time.perf_counter()
        done = w.import_facts(path, fact="fire/inspection")
        spent = time.perf_counter() - begin
    assert done.rejected is None
    return spent


def connected(path: Path) -> sqlite3.Connection:
    """A ledger's file, with the settings of the ledger itself."""
    con = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        con.execute(f"PRAGMA {setting}")
    return con


class OnSqlite:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self) -> str:
        return f"sqlite:///{self.folder}/{uuid4().hex}.db"

    def ready(self, path: Path) -> list[tuple[object, ...]]:
        url = self.url()
        imported(path, url)
        con = connected(Path(url.removeprefix("sqlite:///")))
        rows = con.execute(f"SELECT {FACT} FROM fact WHERE domain <> 'core' ORDER BY seq").fetchall()
        con.close()
        return rows

    def bare(self, rows: list[tuple[object, ...]]) -> float:
        url = self.url()
        new_ledger(url).close()
        con = connected(Path(url.removeprefix("sqlite:///")))
        begin = time.perf_counter()
        con.execute("BEGIN IMMEDIATE")
        con.executemany(f"INSERT INTO fact ({FACT}) VALUES ({', '.join('?' * 11)})", rows)
        con.execute("COMMIT")
        spent = time.perf_counter() - begin
        con.close()
        return spent

    def ours(self, path: Path) -> float:
        return imported(path, self.url())

    def clear(self) -> None:
        """The disk need not hold all rounds."""
        for file in self.folder.glob("*.db*"):
            if file.is_file():
                file.unlink()


class OnPostgresql:
    def __init__(self, url: str) -> None:
        self.given = url
        self.schemas: list[str] = []

    def url(self) -> str:
        import psycopg

        schema = f"bench_{uuid4().hex[:8]}"
        with psycopg.connect(self.given, autocommit=True) as con:
            con.execute(f"CREATE SCHEMA {schema}")
        self.schemas.append(schema)
        return f"{self.given}?options=-csearch_path%3D{schema}"

    def ready(self, path: Path) -> list[bytes]:
        import psycopg

        url = self.url()
        imported(path, url)
        asked = f"COPY (SELECT {FACT} FROM fact WHERE domain <> 'core' ORDER BY seq) TO STDOUT"
        with psycopg.connect(url) as con, con.cursor() as cursor, cursor.copy(asked) as copy:
            whole = b"".join(copy)
        return [whole[n : n + (1 << 24)] for n in range(0, len(whole), 1 << 24)]

    def bare(self, blocks: list[bytes]) -> float:
        import psycopg

        url = self.url()
        new_ledger(url).close()
        with psycopg.connect(url) as con, con.cursor() as cursor:
            begin = time.perf_counter()
            with cursor.copy(f"COPY fact ({FACT}) FROM STDIN") as copy:
                for block in blocks:
                    copy.write(block)
            con.commit()
            return time.perf_counter() - begin

    def ours(self, path: Path) -> float:
        return imported(path, self.url())

    def clear(self) -> None:
        import psycopg

        with psycopg.connect(self.given, autocommit=True) as con:
            for schema in self.schemas:
                con.execute(f"DROP SCHEMA {schema} CASCADE")
        self.schemas.clear()


def alone(work: Callable[[], object]) -> int:
    """What a piece of work needs in memory beyond what the process had before it, in bytes."""
    before = peak()
    work()
    return peak() - before


def peak() -> int:
    """The most memory that this process ever had, in bytes. On Linux as the kernel counts it of the program that runs:
    `ru_maxrss` would begin with what the process had that started it."""
    import resource

    status = Path("/proc/self/status")
    if status.exists():
        told = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(told.split()[1]) * 1024

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def memory(path: Path, url: str) -> int:
    """The same of an import in a process of its own."""
    told = "import sys; from importing import alone, imported; from pathlib import Path;"
    told += "print(alone(lambda: imported(Path(sys.argv[1]), sys.argv[2])))"
    command = [sys.executable, "-c", told, str(path), url]
    ran = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    return int(ran.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgresql", metavar="URL", help="a database in which a schema may be made and dropped")
    given = parser.parse_args()
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "inspections.csv"
        write(path, given.rows)
        place = OnPostgresql(given.postgresql) if given.postgresql else OnSqlite(folder)
        try:
            most = memory(path, place.url())
            rows = place.ready(path)
            for n in range(given.rounds):
                for turn in (0, 1) if n % 2 else (1, 0):
                    if turn:
                        theirs.append(place.bare(rows))  # type: ignore[arg-type]
                    else:
                        ours.append(place.ours(path))
                place.clear()
        finally:
            place.clear()
    a, b = statistics.median(ours), statistics.median(theirs)
    where, how = ("PostgreSQL", "bare COPY") if given.postgresql else ("SQLite", "bare inserts")
    print(f"{given.rows:,} rows of CSV into {where}, median of {given.rounds}")
    print(f"import {a:.2f} s ({most / 2**20:,.0f} MiB)   {how} {b:.2f} s   ratio {a / b:.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
