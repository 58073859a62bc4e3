"""A bound on the time that reading from a bucket may take in all.

A timeout for each answer does not stop a server that sends one byte now and then; an alarm does,
in whatever library the process waits.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from slipway_agent.errors import Unavailable


@contextmanager
def deadline(seconds: float, what: str) -> Iterator[None]:
    """Raise Unavailable in the block when it takes longer. Main thread only."""
    reading = True

    def ring(_number: int, _frame: object) -> None:
        if reading:  # the last ring may come when the block has just ended
            raise Unavailable(f"{what} was not read in {seconds:g} seconds")

    started = time.monotonic()
    handler = signal.signal(signal.SIGALRM, ring)
    # It rings again each second, in case a library swallows the exception.
    before, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        reading = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if before:
            rest = max(before - (time.monotonic() - started), 0.001)
            signal.setitimer(signal.ITIMER_REAL, rest, interval)
