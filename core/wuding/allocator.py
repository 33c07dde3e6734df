"""What the allocator inside Polars is told; it listens only before Polars is loaded."""

from __future__ import annotations

import os

NAME, FRUGAL = "_RJEM_MALLOC_CONF", "dirty_decay_ms:500,muzzy_decay_ms:0"


def be_frugal() -> None:
    """Memory that is no longer used goes back to the system. By default the allocator (jemalloc, on Linux and macOS)
    leaves it to the system to take it, which then looks like memory in use: a sixth of a large check's, measured, at
    no cost in time. What the user has set stays."""
    os.environ.setdefault(NAME, FRUGAL)
