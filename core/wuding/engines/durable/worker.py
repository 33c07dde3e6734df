"""The worker process: runs rule sets that come in on its standard input and answers on its standard output.

`python -m wuding.engines.durable.worker`. A request and an answer are JSON, each after its length in four bytes. The
process remembers nothing between requests and ends when its input does: it may be killed at any time.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import BinaryIO

from wuding.engines.durable.library import fired

LENGTH = 4


def send(pipe: BinaryIO, content: object) -> None:
    """Writes one message."""
    told = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    pipe.write(len(told).to_bytes(LENGTH, "big") + told)
    pipe.flush()


def receive(pipe: BinaryIO) -> object:
    """The next message. Raises EOFError when there is none, or only a part of one."""
    size = pipe.read(LENGTH)
    if len(size) < LENGTH:
        raise EOFError
    told = pipe.read(int.from_bytes(size, "big"))
    if len(told) < int.from_bytes(size, "big"):
        raise EOFError
    return json.loads(told)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers requests until there are no more: lists of rule sets with their messages, by what fired or `error`."""
    while True:
        try:
            jobs = receive(requests)
        except EOFError:
            return
        try:
            answer: object = {"fired": [fired(definition, messages) for definition, messages in jobs]}  # type: ignore[attr-defined]
        except (RuntimeError, MemoryError) as error:
            answer = {"error": str(error)}
        send(answers, answer)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when this ends
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the library may print is no answer
    serve(requests, answers)


if __name__ == "__main__":
    main()
