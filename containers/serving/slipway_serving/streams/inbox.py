"""Messages that wait for the model: bounded in all, and for each sensor, so that one that sends a
flood takes nothing from the others."""

import threading
from collections import Counter, deque
from typing import Final, NamedTuple

SHARE: Final = 4  # of all bytes, one sensor's messages may have one part in so many
_BROKEN: Final = 10_000  # sensors that lost messages, of which that is remembered


class Message(NamedTuple):
    """One that waited; `follows` unless one before it was lost."""

    sensor: str
    body: bytes
    follows: bool


class Inbox:
    """One thread takes out what others put in."""

    def __init__(self, most: int) -> None:
        """`most`: bytes."""
        self._most = most
        self._messages: deque[Message] = deque()
        self._waiting: Counter[str] = Counter()  # bytes
        self._broken: set[str] = set()
        self._busy = False
        self._changed = threading.Condition()

    def put(self, sensor: str, body: bytes) -> bool:
        """Whether there was room."""
        size = len(body) + len(sensor)
        with self._changed:
            full = self._waiting.total() + size > self._most
            if full or self._waiting[sensor] + size > self._most // SHARE:
                if len(self._broken) < _BROKEN:
                    self._broken.add(sensor)
                return False
            self._messages.append(Message(sensor, body, sensor not in self._broken))
            self._broken.discard(sensor)
            self._waiting[sensor] += size
            self._changed.notify_all()
            return True

    def take(self, patience: float) -> Message | None:
        """The oldest one; None when none came in so many seconds. What was taken before is done."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._messages, patience):
                return None
            message = self._messages.popleft()
            self._busy = True
            self._waiting[message.sensor] -= len(message.body) + len(message.sensor)
            if not self._waiting[message.sensor]:
                del self._waiting[message.sensor]
            return message

    def drained(self, patience: float) -> bool:
        """Wait until all is done, so many seconds at most."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._messages or self._busy), patience)
