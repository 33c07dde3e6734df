"""Work on many machines: the parts of a check as tasks of a Spark cluster, each by the columnar engine.

Spark is asked for what it is good at: to keep machines, to hand out parts, to try again what was lost. What a rule
means is never written a second time in its language: a task runs the same code as a check at home. Nothing of this is
imported before somebody asks for it.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from wuding.errors import WudingError

JAVA = 17  # the least that PySpark 4 runs on
PATIENCE = 5  # seconds to wait for a master's answer
PORT = 7077
MASTERS = re.compile(r"local(\[(\d+|\*)(,\d+)?\])?|spark://.+|k8s://.+|yarn")


class Spark:
    """A Spark session on a master: `local[2]` (this machine, so many tasks at once), `spark://host:7077`, `yarn`,
    `k8s://...`. Use it as a context manager. A session that this process already has is used, and left running.

    Raises, before anything is started, WD880 (PySpark is not installed), WD881 (no Java 17), WD882 (nobody answers
    there) and WD885 (no such kind of master)."""

    def __init__(self, master: str) -> None:
        check_ready(master)
        from pyspark.sql import SparkSession

        running = SparkSession.getActiveSession()
        self._ours = running is None
        if self._ours:
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        self.session = running or _started(master)

    def __enter__(self) -> Spark:
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours:
            self.session.stop()

    @property
    def slots(self) -> int:
        """How many tasks run at once."""
        return int(self.session.sparkContext.defaultParallelism)

    def run(self, work: Callable[[int], pl.DataFrame], parts: int) -> list[pl.DataFrame]:
        """`work` of each part (0, 1, ...), each a task, and their frames in that order. `work` is sent out once,
        pickled; frames come back as compressed Arrow. Raises what the work raises if that is a WudingError; WD884
        when tasks fail otherwise."""
        context = self.session.sparkContext
        shared = context.broadcast(work)
        try:
            done = context.parallelize(range(parts), parts).map(partial(_task, shared)).collect()
        except Exception as error:  # py4j and PySpark each have their own
            if not type(error).__module__.startswith(("py4j.", "pyspark.")):
                raise
            raise WudingError("WD884", reason=_last_line(str(error))) from error
        finally:
            shared.unpersist()
        for fault, _ in done:
            if fault is not None:
                raise WudingError(fault[0], **fault[1])
        return [pl.read_ipc_stream(BytesIO(frame)) for _, frame in done]


def _task(shared: Any, part: int) -> tuple[tuple[str, dict[str, object]] | None, bytes]:
    """What a task does, on an executor: what was wrong with its input, or its frame."""
    try:
        frame: pl.DataFrame = shared.value(part)
    except WudingError as error:
        return (error.code, error.args_), b""
    told = BytesIO()
    frame.write_ipc_stream(told, compression="zstd")
    return None, told.getvalue()


# ── is everything there? ─────────────────────────────────────────────────────────────────────────
def check_ready(master: str) -> None:
    """Raises WD885, WD880, WD881 or WD882 when checks cannot be made on this master."""
    if not MASTERS.fullmatch(master):
        raise WudingError("WD885", master=master)
    if find_spec("pyspark") is None:
        raise WudingError("WD880")
    version = java_version()
    if version is None or version < JAVA:
        raise WudingError("WD881", found="" if version is None else version, needed=JAVA)
    if master.startswith("spark://"):
        _answers(master)


def java_version() -> int | None:
    """The main version of the Java that Spark would start; None where there is none."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(str(Path(home) / "bin" / "java")) if home else shutil.which("java")
    if java is None:
        return None
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    except OSError:
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else None


def _answers(master: str) -> None:
    """Does one of the masters (`spark://one:7077,two:7077`) answer?"""
    reasons = []
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.partition(":")
        try:
            socket.create_connection((host, int(port or PORT)), PATIENCE).close()
        except (OSError, ValueError) as error:
            reasons.append(str(error))
        else:
            return
    raise WudingError("WD882", master=master, reason="; ".join(reasons))


def _started(master: str) -> Any:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    made = SparkSession.builder.master(master).appName("wuding").config("spark.ui.enabled", "false")
    made = made.config("spark.driver.maxResultSize", "0").config("spark.ui.showConsoleProgress", "false")
    made = made.config("spark.python.worker.reuse", "true").config("spark.log.level", "FATAL")
    if master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")  # else Spark warns of a host that it cannot name
        made = made.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
    try:
        return made.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise WudingError("WD882", master=master, reason=_last_line(str(error))) from error


def _last_line(said: str) -> str:
    """The line in which a failure of Python on an executor says what it was, else the first."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]+(Error|Exception): ", line)]
    return (named or lines or [""])[-1 if named else 0][:300]
