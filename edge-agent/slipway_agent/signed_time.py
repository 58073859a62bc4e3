"""What the device has seen signed: the newest time, and the newest version of each role.

Expiry is judged with a trusted now: the newest of the system's clock and the newest signed time
that was ever seen (`x-slipway-signed` of a verified timestamp), carried on by the monotonic
clock. So a clock that is behind, 1970 included, makes nothing look fresh that is not, and a
bucket that is frozen is noticed on such a device as well. How long it has been carried on is kept
too, for a device that starts again and again: with the first minute, then each time that what is
not kept is as much as what is, or an hour. So a power cut takes half of it at most.

The versions back up those in the metadata that lies beside: where a power cut has damaged that,
an older repository is refused all the same.

Both hold for the keys of timestamp and snapshot that they were seen under. New keys begin anew:
whoever had the old ones may have signed a time or a version far ahead, and the owner must be able
to come back from that.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from slipway_agent.disk import Disk, replace_file

TIMESTAMP = "metadata/timestamp.json"
LARGEST_TIMESTAMP = 16 * 1024  # bytes
LARGEST_ROOT = 64 * 1024  # bytes

_SCHEMA = 1
_FIRST, _LONGEST = 60.0, 3600.0  # seconds of the monotonic clock that may go by unkept


class Seen(NamedTuple):
    """The newest that was seen under some keys."""

    keys: tuple[str, ...]  # identifiers, sorted
    signed: int = 0  # unix seconds
    carried: int = 0  # seconds that have passed since then, as far as a process was there to count
    timestamp: int = 0  # versions
    snapshot: int = 0
    roles: Mapping[str, int] = {}

    def encode(self) -> bytes:
        """The file's bytes."""
        document = {"schema": _SCHEMA, **self._asdict(), "roles": dict(self.roles)}
        return json.dumps(document, indent=1).encode() + b"\n"

    @classmethod
    def decode(cls, data: bytes) -> "Seen":
        """Read a file; ValueError if it is none, or damaged."""
        document = json.loads(data)
        if not isinstance(document, dict) or document.pop("schema", None) != _SCHEMA:
            raise ValueError("not of this schema")
        try:
            seen = cls(**{**document, "keys": tuple(document["keys"])})
            numbers = (
                seen.signed,
                seen.carried,
                seen.timestamp,
                seen.snapshot,
                *seen.roles.values(),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not what was seen") from error
        if not all(type(number) is int for number in numbers):
            raise ValueError("not numbers")
        return seen


class SignedTime:
    """Keeps `seen.json`, and tells the trusted now."""

    def __init__(self, path: Path, disk: Disk, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._disk = disk
        self._clock = clock
        self._begun = self._since = time.monotonic()
        self._kept = self._load()
        self.seen = self._kept

    def under(self, keys: tuple[str, ...]) -> None:
        """Forget what was seen if it was seen under other keys."""
        if self.seen.keys != keys:
            self.seen = Seen(keys)

    def saw(self, signed: int) -> None:
        """A time was signed by the right keys."""
        if signed > self.seen.signed:
            self.seen = self.seen._replace(signed=signed, carried=0)
            self._since = time.monotonic()

    def saw_versions(self, timestamp: int, snapshot: int, roles: Mapping[str, int]) -> None:
        """Versions were signed by the right keys, none of them older than one that was seen."""
        self.seen = self.seen._replace(timestamp=timestamp, snapshot=snapshot, roles=dict(roles))

    def keep(self) -> None:
        """Write what was seen if it is new, and how long ago that is if it is time; OSError."""
        passed = int(time.monotonic() - self._since)
        due = min(max(_FIRST, self._since - self._begun), _LONGEST)
        if self.seen != self._kept or (self.seen.signed and passed >= due):
            seen = self.seen._replace(carried=self.seen.carried + passed)
            replace_file(self._disk, self._path, seen.encode())
            self._kept = self.seen = seen
            self._since += passed

    def now(self) -> float:
        """The trusted now, unix seconds."""
        passed = time.monotonic() - self._since
        return max(self._clock(), self.seen.signed + self.seen.carried + passed)

    def system(self) -> float:
        """What the system's clock says, unix seconds."""
        return self._clock()

    def _load(self) -> Seen:
        try:
            return Seen.decode(self._path.read_bytes())
        except (OSError, ValueError):
            return Seen(())  # a new device, or damaged: the metadata beside it still counts
