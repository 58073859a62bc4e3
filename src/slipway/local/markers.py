"""Which `TRAINER-DONE` markers were not handed over yet, and are due."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from slipway.local.whole_file import write_whole

ATTEMPTS = 3
_LONGEST_PAUSE = 300.0  # seconds


@dataclass
class Watcher:
    """Finds markers that were written since it last handed them over."""

    bucket: Path
    memory: Path  # what was handed over, so that a restart does not package all again
    failures: dict[str, int] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)  # by this process
    due: dict[str, tuple[float, float]] = field(default_factory=dict)  # moment, pause before it

    def pending(self) -> list[tuple[str, str]]:
        """(key, stamp) of each marker not handed over as it stands now."""
        seen = {**self._seen(), **self.taken}
        found = []
        for marker in sorted(self.bucket.glob("*/*/TRAINER-DONE")):
            status = marker.stat()
            stamp = f"{status.st_ino}-{status.st_mtime_ns}"
            key = marker.relative_to(self.bucket).as_posix()
            moment, _ = self.due.get(key + stamp, (0.0, 0.0))
            tries = self.failures.get(key + stamp, 0)
            if seen.get(key) != stamp and tries < ATTEMPTS and moment <= time.monotonic():
                found.append((key, stamp))
        return found

    def handed_over(self, key: str, stamp: str) -> None:
        """Remember that the function took it; DiskFull when that cannot be written down."""
        self.taken[key] = stamp
        seen = {**self._seen(), **self.taken}
        write_whole(self.memory, json.dumps(seen, indent=2, sort_keys=True))

    def put_off(self, key: str, stamp: str) -> float:
        """Leave it for a while, longer each time; the seconds."""
        _, before = self.due.get(key + stamp, (0.0, 0.5))
        pause = min(2 * before, _LONGEST_PAUSE)
        self.due[key + stamp] = (time.monotonic() + pause, pause)
        return pause

    def refused(self, key: str, stamp: str) -> int:
        """Count a failure; how many there were."""
        self.failures[key + stamp] = self.failures.get(key + stamp, 0) + 1
        return self.failures[key + stamp]

    def _seen(self) -> dict[str, str]:
        try:
            seen: dict[str, str] = json.loads(self.memory.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return seen
