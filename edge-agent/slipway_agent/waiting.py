"""Waiting between polls, signals included.

SIGTERM and SIGINT end the process where it stands: nothing that it may be doing needs an end.
SIGUSR1, SIGHUP and a touch of `poke` in the state folder ask for a poll at once.
"""

import os
import select
import signal
import time
from pathlib import Path

POKE = "poke"
_LOOK = 1.0  # seconds between looks at the poke file


class Stopped(BaseException):
    """SIGTERM or SIGINT arrived; no Exception, so that no handler of errors takes it for one."""


class Waiter:
    """Waits until it is time, or somebody pokes, or the process is to end."""

    def __init__(self, state: Path) -> None:
        self._poke = state / POKE
        self._touched = self._look()
        self._poked = False
        self._stopped = False
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def listen(self) -> None:
        """Take the signals over. Main thread only."""
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in (signal.SIGUSR1, signal.SIGHUP):
            signal.signal(number, self._on_poke)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)

    def wait(self, seconds: float) -> bool:
        """Return after `seconds`, or when poked since the last wait: True; raises Stopped."""
        end = time.monotonic() + seconds
        while not self._is_poked():
            if self._stopped:  # the exception was lost in a library
                raise Stopped
            rest = end - time.monotonic()
            if rest <= 0:
                return False
            if select.select([self._reader], [], [], min(rest, _LOOK))[0]:
                os.read(self._reader, 512)
        self._poked = False
        return True

    def _is_poked(self) -> bool:
        touched = self._look()
        if touched != self._touched:
            self._touched = touched
            self._poked = touched != 0
        return self._poked

    def _look(self) -> int:
        try:
            return self._poke.stat().st_mtime_ns
        except OSError:
            return 0

    def _on_poke(self, _number: int, _frame: object) -> None:
        self._poked = True

    def _on_stop(self, _number: int, _frame: object) -> None:
        self._stopped = True
        raise Stopped
