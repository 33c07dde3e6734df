"""Delivery from the outbox: at least once to every sink, never again to one that has taken a notice."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from wuding.errors import WudingError
from wuding.notify.sinks import Sink
from wuding.store.ledger import Ledger
from wuding.store.outbox import Notice, claim, settle

LOG = logging.getLogger("wuding.notify")
SECOND = 1_000_000
LEASE = 60 * SECOND  # so long a notice belongs to who is delivering it
FIRST_REST, LONGEST_REST = 5 * SECOND, 3_600 * SECOND  # after a failure, doubled each time


def deliver(ledger: Ledger, sinks: Sequence[Sink], *, limit: int = 100) -> list[Notice]:
    """Give what waits in the outbox to every sink that has not taken it; answers with those that all have taken now.

    What a sink took is noted before the next is asked. One that fails is asked again later, after a rest that
    doubles; the others are not held up. Several processes may deliver at once."""
    if not sinks:
        return []
    done: list[Notice] = []
    while notices := claim(ledger, ledger.clock(), LEASE, limit):
        done += [notice for notice in notices if _deliver(ledger, notice, sinks)]
    return done


def _deliver(ledger: Ledger, notice: Notice, sinks: Sequence[Sink]) -> bool:
    acked = dict(notice.acked or {})
    left = [sink for sink in sinks if sink.name not in acked]
    error = None
    for sink in left:
        try:
            sink.send(notice.body)
        except (OSError, WudingError) as failed:
            error = str(failed)
            LOG.warning("%s: %s", sink.name, failed)
            continue
        acked[sink.name] = ledger.clock()
        settle(ledger, notice, acked, None, ledger.clock() + LEASE, done=all(one.name in acked for one in sinks))
    if all(sink.name in acked for sink in sinks):
        if not left:  # all had taken it, and the process that noted that died before it noted the end
            settle(ledger, notice, acked, None, 0, done=True)
        return True
    rest = min(FIRST_REST * 2 ** min(notice.tries, 20), LONGEST_REST)
    settle(ledger, notice, acked, error, ledger.clock() + rest, done=False)
    return False
