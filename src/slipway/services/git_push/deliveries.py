"""Which deliveries were taken already."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.domain.git import Delivery
from slipway.domain.system_errors import os_errors

_REMEMBERED = 4000  # keys, of the newest deliveries


class Deliveries:
    """The newest deliveries' keys in one file, which processes share."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self, delivery: Delivery) -> bool:
        """Remember a delivery; False when it, or its twin under another id, was taken before."""
        with self._keys() as keys:
            new = not set(delivery.keys) & set(keys)
            if new:
                keys.extend(delivery.keys)
                del keys[:-_REMEMBERED]
            return new

    def give_back(self, delivery: Delivery) -> None:
        """Forget a delivery that nothing came of, so that it may be sent again."""
        with self._keys() as keys:
            keys[:] = [key for key in keys if key not in delivery.keys]

    @contextmanager
    def _keys(self) -> Iterator[list[str]]:
        """The keys, oldest first, to read and change while no one else does."""
        with os_errors(str(self._path)):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._path.with_suffix(".lock").open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                text = self._path.read_text() if self._path.exists() else "[]"
                keys: list[str] = json.loads(text)
                yield keys
                if (after := json.dumps(keys, indent=0)) != text:
                    part = self._path.with_suffix(".part")
                    with part.open("w") as file:
                        file.write(after)
                        file.flush()
                        os.fsync(file.fileno())
                    part.replace(self._path)
