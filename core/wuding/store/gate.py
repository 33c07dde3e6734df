"""A gate before one SQLite file: many users through Python's own library, or one through ADBC, never both.

ADBC brings an SQLite library of its own. An operating system drops every lock that a process holds on a file
as soon as the process closes that file anywhere, so when ADBC is done, the locks of Python's connections are
gone without their knowing: another process may then take itself for the last user, remove the write-ahead
log, and what this process commits afterwards is lost (seen, not feared). Hence before ADBC opens the file,
every connection of this process to it is closed, and none is opened until ADBC has closed it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakSet, WeakValueDictionary

from sqlalchemy import Engine


class Gate:
    def __init__(self) -> None:
        self._free = threading.Condition()
        self._inside: dict[int, int] = {}  # thread: how deep
        self._closed = False
        self._waiting = 0
        self.engines: WeakSet[Engine] = WeakSet()

    @property
    def inside(self) -> bool:
        """Whether this thread is inside: it must not ask to be alone."""
        return threading.get_ident() in self._inside

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Be inside together with others; waits while somebody is alone. May be nested."""
        me = threading.get_ident()
        with self._free:
            while me not in self._inside and (self._closed or self._waiting):
                self._free.wait()
            self._inside[me] = self._inside.get(me, 0) + 1
        try:
            yield
        finally:
            with self._free:
                self._inside[me] -= 1
                if not self._inside[me]:
                    del self._inside[me]
                    self._free.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be inside alone, with every pooled connection closed; waits until the others have left."""
        with self._free:
            self._waiting += 1
            try:
                self._free.wait_for(lambda: not self._inside and not self._closed)
            finally:
                self._waiting -= 1
            self._closed = True
        try:
            for engine in list(self.engines):
                engine.dispose()
            yield
        finally:
            with self._free:
                self._closed = False
                self._free.notify_all()


# Locks belong to the process, so what guards them must too: every ledger opened on one file shares one gate.
_gates: WeakValueDictionary[str, Gate] = WeakValueDictionary()
_making = threading.Lock()


def gate_of(path: str, make: Callable[[], Gate] = Gate) -> Gate:
    """The gate of the file at the resolved `path`, the same for all who ask in this process."""
    with _making:
        return _gates.setdefault(path, make())
