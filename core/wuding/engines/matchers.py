"""Which engine matches facts as they arrive."""

from __future__ import annotations

import sys

from wuding.engines.base import Matcher
from wuding.errors import WudingError


def open_matcher(engine: str | None = None) -> Matcher:
    """The engine called `durable` or `columnar`; by default durable where its library is installed, else columnar.

    Whoever opens it closes it. Raises WudingError WD894 where `durable` is asked for and is not there, and ValueError
    for another name."""
    from wuding.engines.durable.library import available

    if engine not in (None, "durable", "columnar"):
        raise ValueError(engine)
    if engine == "durable" and not available():
        raise WudingError("WD894", version=".".join(map(str, sys.version_info[:2])))
    if engine == "columnar" or not available():
        from wuding.engines.columnar.matches import Columnar

        return Columnar()
    from wuding.engines.durable.supervise import DurableWorker

    return DurableWorker()
