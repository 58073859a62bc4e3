"""What is looked up once for all who ask within a short time."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

_Found = TypeVar("_Found")


class Recent(Generic[_Found]):
    """The result of `make`, made again when it is older than `seconds` or out of date."""

    def __init__(self, make: Callable[[], _Found], seconds: float) -> None:
        self._make = make
        self._seconds = seconds
        self._lock = threading.Lock()
        self._kept: tuple[float, _Found] | None = None

    def get(self) -> _Found:
        """The result; raises what `make` raises."""
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] > self._seconds:
                found = self._make()
                self._kept = time.monotonic(), found
            return self._kept[1]

    def forget(self) -> None:
        """Something was changed: look again."""
        with self._lock:
            self._kept = None
