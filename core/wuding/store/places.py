"""Folders that are there whole or not at all: written beside their place, and put there by renaming."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wuding.errors import WudingError


@contextmanager
def replacing(folder: Path, marker: str) -> Iterator[Path]:
    """A folder to write in, which takes the place of `folder` when all went well. What was there is replaced if it has
    the file `marker`; raises WD888 when the folder holds something else."""
    if folder.exists() and any(folder.iterdir()) and not (folder / marker).is_file():
        raise WudingError("WD888", folder=str(folder))
    new = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.tmp")
    new.mkdir(parents=True)
    try:
        yield new
        old = folder.with_name(f"{new.name}.old")
        if folder.exists():
            folder.replace(old)
        new.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)
