"""Where notices go: a stream, a file of JSON lines, a webhook.

A sink takes a notice or raises. What it took is never given to it again once that was noted; a process that dies in
between gives it once more, with the same `id`. A receiver drops what it has seen by that.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO

from wuding.errors import WudingError

Body = Mapping[str, Any]
WAIT = 10.0  # seconds for a webhook to answer


class Sink(Protocol):
    """Something that takes notices. `name` tells it from others for ever: what was taken is noted by it."""

    @property
    def name(self) -> str: ...

    def send(self, body: Body) -> None:
        """Takes a notice for good, or raises: OSError or WudingError WD897."""
        ...

    def close(self) -> None: ...


def line(body: Body) -> str:
    """A notice as one line of JSON."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True)


class Stream:
    """Writes a line for each notice to a stream, by default standard output."""

    name = "stdout"

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def send(self, body: Body) -> None:
        print(line(body), file=self._stream or sys.stdout, flush=True)

    def close(self) -> None:
        """The stream is somebody else's."""


class Lines:
    """Appends a line for each notice to a file, on the disk before it counts as taken."""

    def __init__(self, path: Path) -> None:
        self.name = f"file:{path.resolve()}"
        self._path = path

    def send(self, body: Body) -> None:
        told = (line(body) + "\n").encode()
        with self._path.open("ab+") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # who wrote before died in the middle of a line
                    told = b"\n" + told
            file.write(told)
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """The file is closed after each line."""


class Webhook:
    """Posts each notice as JSON, with its id as `Idempotency-Key`; any answer of 2xx means that it was taken."""

    def __init__(self, url: str, wait: float = WAIT) -> None:
        try:
            import httpx
        except ImportError as error:
            raise WudingError("WD896") from error
        self.name = url
        self._errors = httpx.HTTPError
        self._client = httpx.Client(timeout=wait)

    def send(self, body: Body) -> None:
        try:
            answer = self._client.post(
                self.name, content=line(body).encode(),
                headers={"Content-Type": "application/json", "Idempotency-Key": _ascii(str(body["id"]))},
            )  # fmt: skip
        except self._errors as error:
            raise WudingError("WD897", sink=self.name, reason=str(error) or type(error).__name__) from error
        if not answer.is_success:
            raise WudingError("WD897", sink=self.name, reason=f"HTTP {answer.status_code}")

    def close(self) -> None:
        self._client.close()


def _ascii(text: str) -> str:
    """An id as a header carries it: percent-encoded beyond ASCII."""
    from urllib.parse import quote

    return quote(text, safe="!#$%&'*+-.^_`|~/@:,;=[]() ")


def open_sinks(names: Sequence[str]) -> list[Sink]:
    """The sinks of these names: `-` for standard output, an address (`https://...`), else the path of a file.
    Raises WD896 where the library for webhooks is not installed."""
    return [_sink(name) for name in dict.fromkeys(names)]


def _sink(name: str) -> Sink:
    if name == "-":
        return Stream()
    return Webhook(name) if name.startswith(("http://", "https://")) else Lines(Path(name))
