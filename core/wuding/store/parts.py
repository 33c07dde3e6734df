"""The files of the columns: Parquet parts that are never changed, and a manifest that names those in use.

Any number of processes may write at once: parts have names of their own, and files come into being whole, by
renaming. Whoever writes the manifest last wins; what it does not name is swept away once nobody can still
be reading it.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import polars as pl

MANIFEST = "manifest.json"
FORMAT = 1
MANY = 12  # parts of one type, beyond which the youngest are made into one
LINGER = 3600  # seconds that a file which is no longer named stays for those who still read it


@dataclass(frozen=True)
class Part:
    """The facts of one type among the sequences `first` to `last`, in the order of sequence."""

    file: str
    first: int
    last: int
    rows: int


@dataclass(frozen=True)
class State:
    """How far the columns of a type go (`upto`), and by which schema (a digest) they were decoded."""

    schema: str
    upto: int
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """Whose columns these are: the ledger's id, and its link (hex) at sequence `seq`."""

    ledger: str
    seq: int
    link: str
    types: Mapping[str, State]


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in `folder`; None when there is none that this code can read. A type of which a file is
    missing is left out."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            return None
        types = {
            name: State(one["schema"], one["upto"], tuple(Part(**part) for part in one["parts"]))
            for name, one in told["types"].items()
        }
        whole = {n: one for n, one in types.items() if all((folder / n / part.file).is_file() for part in one.parts)}
        return Manifest(told["ledger"], told["seq"], told["link"], whole)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # a cache that cannot be read is as good as none


def write_manifest(folder: Path, manifest: Manifest) -> None:
    told = {"format": FORMAT, **asdict(manifest)}
    with _whole(folder, MANIFEST) as file:
        file.write(json.dumps(told, indent=1).encode())


def write_part(folder: Path, type_: str, frame: pl.DataFrame) -> Part:
    """Write the rows of a type (not none) as a part."""
    first, last = frame["seq"][0], frame["seq"][-1]
    name = f"{first}-{last}.{uuid.uuid4().hex[:8]}.parquet"
    with _whole(folder / type_, name) as file:
        frame.write_parquet(file)
    return Part(name, first, last, frame.height)


def scan_parts(folder: Path, type_: str, parts: Sequence[Part]) -> pl.LazyFrame:
    return pl.scan_parquet([folder / type_ / part.file for part in parts])


def compacted(folder: Path, type_: str, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts, the youngest made into one when they are many: as many as keeps each row from being written
    more than a few times (a part joins when it is at most twice what follows it)."""
    if len(parts) <= MANY:
        return parts
    cut, rows = len(parts) - 1, parts[-1].rows
    while cut and parts[cut - 1].rows <= 2 * rows:
        cut -= 1
        rows += parts[cut].rows
    if cut == len(parts) - 1:
        return parts
    joined = write_part(folder, type_, scan_parts(folder, type_, parts[cut:]).collect())
    retire(folder, type_, parts[cut:])
    return (*parts[:cut], joined)


def retire(folder: Path, type_: str, parts: Sequence[Part]) -> None:
    """Start the time after which these files, no longer named, may go."""
    for part in parts:
        with suppress(OSError):
            os.utime(folder / type_ / part.file)


def sweep(folder: Path, manifest: Manifest, linger: float = LINGER) -> None:
    """Remove the files that the manifest does not name and that nobody can still be reading: those that have
    not been named for `linger` seconds."""
    named = {folder / name / part.file for name, state in manifest.types.items() for part in state.parts}
    oldest = time.time() - linger
    for file in [*folder.glob("*/*.parquet"), *folder.glob("*/.*.tmp"), *folder.glob(".*.tmp")]:
        with suppress(OSError):
            if file not in named and file.stat().st_mtime <= oldest:
                file.unlink()


class _whole:
    """A file that appears under its name only when all of it is written and safe on disk."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._name = folder / name
        self._temporary = folder / f".{uuid.uuid4().hex}.tmp"

    def __enter__(self) -> IO[bytes]:
        self._file = self._temporary.open("wb")
        return self._file

    def __exit__(self, failed: object, *_: object) -> None:
        with self._file:
            if failed is None:
                self._file.flush()
                os.fsync(self._file.fileno())
        if failed is None:
            self._temporary.replace(self._name)
        else:
            self._temporary.unlink()
