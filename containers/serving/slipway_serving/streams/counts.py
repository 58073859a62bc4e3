"""What the streams count, and tell the log about at a bounded rate."""

import sys
import threading
import time
from collections import Counter
from typing import Final

_PAUSE: Final = 60.0  # seconds between two lines about one thing


class Counts:
    """Counters in groups: `rejected` has one for each reason."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._told: dict[tuple[str, str], float] = {}

    def add(self, group: str, name: str, number: int = 1) -> int:
        """Count; returns how many there are now."""
        with self._lock:
            self._numbers[group, name] += number
            return self._numbers[group, name]

    def trouble(self, group: str, name: str, detail: str, number: int = 1) -> None:
        """Count what should not be; the log has the first one, then one a minute at most."""
        total = self.add(group, name, number)
        now = time.monotonic()
        with self._lock:
            if now - self._told.get((group, name), -_PAUSE) < _PAUSE:
                return
            self._told[group, name] = now
        say(f"{group} {name}: {detail} ({total} so far)")

    def document(self) -> dict[str, dict[str, int]]:
        """{group: {name: number}}."""
        with self._lock:
            found: dict[str, dict[str, int]] = {}
            for (group, name), number in sorted(self._numbers.items()):
                found.setdefault(group, {})[name] = number
            return found


def say(line: str) -> None:
    """One short line in the log, whatever characters a sensor sent."""
    plain = "".join(character if character.isprintable() else "?" for character in line)
    sys.stderr.write(f"streams: {plain[:300]}\n")
    sys.stderr.flush()
