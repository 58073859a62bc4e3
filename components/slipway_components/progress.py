"""Progress of a task: a bar on a terminal, otherwise a line every few seconds for the log."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 5.0
_between = ContextVar("_between", default=SECONDS_BETWEEN_LINES)


@contextmanager
def quiet() -> Iterator[None]:
    """Tell only the end in this block where there is no terminal: nobody reads a log meanwhile."""
    before = _between.set(float("inf"))
    try:
        yield
    finally:
        _between.reset(before)


def track(items: Iterable[Item], what: str, *, total: int, unit: str = "it") -> Iterator[Item]:
    """Hand `items` on, telling on standard error how many of `total` are done, how fast, and how
    long it will take; the last line says how long it took."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=what, total=total, unit=f" {unit}", dynamic_ncols=True)
        return
    start = told = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - told >= _between.get() and done < total:
            told = now
            rate = done / (now - start)
            left = _duration((total - done) / rate)
            say(f"{what}: {done}/{total} {unit}, {rate:.1f} {unit}/s, {left} left")
    took = time.monotonic() - start
    speed = f", {done / took:.1f} {unit}/s" if took >= 0.1 else ""
    say(f"{what}: {done}/{total} {unit} in {_duration(took)}{speed}")


def say(line: str) -> None:
    """One line on standard error, at once."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
