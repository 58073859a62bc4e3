"""Guessing passwords takes long: after some failures each further one makes a name, and an address,
wait twice as long as the one before."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

FREE = 5  # failures that cost nothing
LONGEST = 900.0  # seconds to wait
_FORGOTTEN = 3600.0  # seconds after which failures no longer count
_MOST = 10_000  # names and addresses that are remembered


@dataclass(frozen=True)
class _Failures:
    count: int = 0
    last: float = 0.0

    @property
    def until(self) -> float:
        """When the next try is welcome."""
        over = self.count - FREE
        return self.last + min(2.0 ** min(over, 20), LONGEST) if over >= 0 else 0.0


class Throttle:
    """The failures of this process's life, by any kind of key."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, _Failures] = {}
        self._lock = threading.Lock()

    def attempt(self, *keys: str) -> float:
        """Seconds until a try with these keys is welcome. 0: it is, and counts as a failure until
        `succeeded` takes it back, so that many at once get no further than one after another."""
        with self._lock:
            now = self._clock()
            until = [known.until for key in keys if (known := self._failures.get(key))]
            if (wait := max(until, default=0.0) - now) > 0:
                return wait
            for key in keys:
                known = self._failures.pop(key, None)  # to the end: the oldest stands first
                if known is None or now - known.last > _FORGOTTEN:
                    known = _Failures()
                self._failures[key] = _Failures(known.count + 1, now)
            while len(self._failures) > _MOST:
                del self._failures[next(iter(self._failures))]
            return 0.0

    def succeeded(self, *keys: str) -> None:
        """The last try with these keys was no failure; the ones before it were."""
        with self._lock:
            for key in keys:
                if known := self._failures.get(key):
                    self._failures[key] = replace(known, count=known.count - 1)
