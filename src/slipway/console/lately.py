"""Something costly to find out, asked for once in a while however many want to know."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")


class Lately(Generic[_Answer]):
    """What `ask` said, at most `seconds` ago; what it raises is raised and not kept."""

    def __init__(self, ask: Callable[[], _Answer], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: tuple[float, _Answer] | None = None

    def get(self) -> _Answer:
        """The answer; who asks while it is looked for waits for the same one."""
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > self._seconds:
                answer = self._ask()
                self._known = time.monotonic(), answer
            return self._known[1]
