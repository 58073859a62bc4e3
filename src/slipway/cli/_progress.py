"""Progress on a terminal, in one line that is written over: how far, how fast, how long still.

Where standard error is no terminal nothing is said: logs keep results and errors.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from slipway.domain.names import Arch

_EVERY = 0.5  # seconds
_CLEAR = "\r\033[K"


def note(text: str) -> None:
    """A line of its own about what goes on."""
    if sys.stderr.isatty():
        click.echo(text, err=True)


@contextmanager
def line(text: Callable[[], str]) -> Iterator[None]:
    """Show what `text` says twice a second, until the block ends."""
    if not sys.stderr.isatty():
        yield
        return
    over = Event()

    def show() -> None:
        while not over.wait(_EVERY):
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"{_CLEAR}{text()[:width]}")
            sys.stderr.flush()

    thread = Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        sys.stderr.write(_CLEAR)
        sys.stderr.flush()


class Count:
    """How many of `total` are done; 0 where nobody knows how many there are."""

    def __init__(self, what: str, unit: str, total: int, done: Callable[[], int]) -> None:
        self._done = done
        self._what = what
        self._unit = unit
        self._total = total
        self._begun = time.monotonic()

    def __str__(self) -> str:
        seconds = time.monotonic() - self._begun
        done = self._done()
        rate = done / seconds if seconds > 0 else 0.0
        of = f"/{self._total}" if self._total else ""
        left = ""
        if self._total and rate:
            left = f", {duration(max(0, self._total - done) / rate)} left"
        return f"{self._what}: {done}{of} {self._unit}, {rate:.1f} {self._unit}/s{left}"


class Stages:
    """The stages of building images: what goes on, how many are done, and how long it will take if
    it takes as long as the last time, which is kept in `memory`.

    Called as `slipway.services.progress.Progress` is.
    """

    def __init__(self, memory: Path, what: str) -> None:
        self._memory = memory
        self._what = what
        self._begun = time.monotonic()
        self._running: dict[tuple[str, str], float] = {}
        self._done = 0
        self._lock = Lock()
        self._last = self._read().get(what, {})

    def __call__(self, stage: str, arch: "Arch | None", seconds: float | None) -> None:
        """A stage begins, or has ended after `seconds`."""
        key = (stage, str(arch or ""))
        with self._lock:
            if seconds is None:
                self._running[key] = time.monotonic()
                return
            self._running.pop(key, None)
            self._done += 1
        note(f"{_CLEAR}  {stage:<15}{key[1]:<9}{seconds:7.1f} s")

    @classmethod
    @contextmanager
    def shown(cls, cache: Path, what: str) -> "Iterator[Stages]":
        """Stages of `what`, shown while the block lasts; how long it took is remembered in the
        folder `cache` when it ends well."""
        stages = cls(cache / "durations.json", what)
        with line(stages.__str__):
            yield stages
        stages._remember()

    def _remember(self) -> None:
        known = self._read()
        known[self._what] = {"seconds": time.monotonic() - self._begun, "stages": self._done}
        from slipway.domain.errors import SlipwayError
        from slipway.local.whole_file import write_whole

        with suppress(SlipwayError):  # the next time nobody knows how long it will take
            write_whole(self._memory, json.dumps(known))

    def __str__(self) -> str:
        now = time.monotonic()
        with self._lock:
            running = [
                f"{stage}{arch and ' '}{arch} {now - began:.0f} s"
                for (stage, arch), began in self._running.items()
            ]
        spent = now - self._begun
        of = f" of {self._last['stages']:.0f}" if self._last else ""
        left = ""
        if self._last:
            left = f", about {duration(max(0.0, self._last['seconds'] - spent))} left"
        return f"{self._done}{of} done in {duration(spent)}{left}: {', '.join(running)}"

    def _read(self) -> dict[str, dict[str, float]]:
        with suppress(OSError, ValueError):
            known = json.loads(self._memory.read_text())
            if isinstance(known, dict):
                return known
        return {}


def duration(seconds: float) -> str:
    """As people say it."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
