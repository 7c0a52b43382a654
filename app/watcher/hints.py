"""Hints that there may be something to read: a node's own stream of ledgers, as they close.

A ledger closes every few seconds whether or not it concerns us, so silence means that the stream is dead. It is only
a hint: a stream that lies, stalls or breaks costs latency, never an operation.
"""

import logging
import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from app.errors import Unavailable
from app.stellar import horizon
from app.stellar.nodes import Pool

log = logging.getLogger(__name__)

PAUSE_SECONDS_MAX = 30
GLANCE_SECONDS = 0.2  # how soon a waiting watcher sees that it is to stop


class Hints:
    """Listens to one of ``pool`` in a thread of its own, from the first ``wait`` until ``stop`` is set."""

    def __init__(self, pool: Pool, silence_seconds: int, stop: threading.Event):
        self.pool, self.silence_seconds, self.stop = pool, silence_seconds, stop
        self.closed = threading.Event()
        self.thread = threading.Thread(target=self._listen, name="hints", daemon=True)

    def wait(self) -> None:
        """Return when a ledger has closed, when none was heard of for ``silence_seconds``, or when it is to stop."""
        if self.thread.ident is None:
            self.thread.start()
        patience = time.monotonic() + self.silence_seconds
        while not (self.closed.wait(GLANCE_SECONDS) or self.stop.is_set() or time.monotonic() > patience):
            pass
        self.closed.clear()

    def _listen(self) -> None:
        pauses = growing_pauses()
        while not self.stop.is_set():
            with suppress(Unavailable):
                for _ in horizon.closings(self.pool.one().url, self.silence_seconds):
                    self.closed.set()
                    pauses = growing_pauses()
                    if self.stop.is_set():
                        return
            self.stop.wait(next(pauses))


def growing_pauses() -> Iterator[float]:
    """Yield how many seconds to wait before each new attempt: longer each time, and never in step with others."""
    most = 0.5
    while True:
        yield random.uniform(0, most)
        most = min(most * 2, PAUSE_SECONDS_MAX)
