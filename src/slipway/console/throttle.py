"""Guessing passwords takes long: after some failures each further one makes a name, and an address,
wait twice as long as the one before."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

FREE = 5  # failures that cost nothing
LONGEST = 900.0  # seconds to wait
_FORGOTTEN = 3600.0  # seconds after which failures no longer count
_MOST = 10_000  # names and addresses that are remembered


@dataclass
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

    def wait(self, *keys: str) -> float:
        """Seconds until a try with these keys is welcome; 0 for now."""
        with self._lock:
            now = self._clock()
            until = [known.until for key in keys if (known := self._failures.get(key))]
            return max(0.0, max(until, default=0.0) - now)

    def failed(self, *keys: str) -> None:
        """Count a failure for each key."""
        with self._lock:
            now = self._clock()
            for key in keys:
                known = self._failures.pop(key, None)  # to the end: the oldest stands first
                if known is None or now - known.last > _FORGOTTEN:
                    known = _Failures()
                known.count += 1
                known.last = now
                self._failures[key] = known
            while len(self._failures) > _MOST:
                del self._failures[next(iter(self._failures))]

    def succeeded(self, *keys: str) -> None:
        """Forget the failures of these keys."""
        with self._lock:
            for key in keys:
                self._failures.pop(key, None)
