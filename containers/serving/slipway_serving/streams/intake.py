"""Readings from the broker: by one process of the device at a time, each of them once.

All versions of a model on a device subscribe as the same client, so that the broker keeps what
comes while one gives way to the next. The one that gives way tells the broker what it has taken
before it disconnects; what it has not taken the broker sends to the next one.
"""

import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any, Final

from slipway_serving.streams.counts import Counts, say
from slipway_serving.streams.inbox import Inbox
from slipway_serving.streams.line import Line
from slipway_serving.streams.settings import Broker, Settings, is_name
from slipway_serving.streams.turn import Turn

_KEPT: Final = 300  # seconds for which the broker keeps readings while nobody is there
_LOOK: Final = 0.1  # seconds
_DRAIN: Final = 3.0  # seconds in which what was taken has to be done


class Intake:
    """Fills an inbox while it has the turn."""

    def __init__(
        self,
        broker: Broker,
        settings: Settings,
        model: str,
        inbox: Inbox,
        counts: Counts,
        *,
        begin: Callable[[bytes], None],
        state: Callable[[], list[dict[str, Any]]],
    ) -> None:
        """`begin`: called with what the one before has left; `state`: what is left to the next."""
        self._broker = broker
        self._settings = settings
        self._inbox = inbox
        self._counts = counts
        self._begin, self._state = begin, state
        self._leaving = threading.Event()
        topic = hashlib.sha256(settings.topics.readings.encode()).hexdigest()[:8]
        self._client_id = f"slipway-{model}-{settings.device}-{topic}"
        self._turn = Turn(self._client_id, self._leaving)
        self._line: Line | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def problem(self) -> str:
        """Why no readings come; empty when all is well."""
        line = self._line
        return line.problem if line else "another version has the streams"

    def start(self) -> None:
        """Ask for the turn, and take readings when it has come."""
        self._thread.start()

    def leave(self) -> None:
        """Give way; does not wait for it."""
        self._leaving.set()

    def join(self, patience: float) -> None:
        """Wait until that is done, so many seconds at most."""
        self._thread.join(patience)

    def _run(self) -> None:
        left = self._turn.ask()
        while left is not None:
            self._begin(left)
            self._take_part()
            left = self._turn.wait()

    def _take_part(self) -> None:
        """Take readings until another one wants to, or until the end."""
        line = Line(
            self._broker,
            self._client_id,
            kept=_KEPT,
            on_up=lambda line: line.subscribe(self._settings.topics.readings),
            on_message=lambda topic, body, number: line.taking(
                number, lambda: self._put(topic, body)
            ),
        )
        self._line = line
        line.start()
        say(f"this version has the streams, as {self._client_id}")
        while not (self._leaving.is_set() or self._turn.look(_LOOK)):
            pass
        line.leave()
        if not self._inbox.drained(_DRAIN):
            self._counts.trouble("dropped", "readings", "they were not done in time")
        self._line = None
        if not self._leaving.is_set():
            say("another version has asked for the streams")
        self._turn.give(json.dumps(self._state()).encode())

    def _put(self, topic: str, body: bytes) -> None:
        sensor = self._settings.topics.sensor(topic)
        if not is_name(sensor):
            self._counts.trouble("rejected", "bad-sensor", f"a message on {topic}")
        elif not self._inbox.put(sensor, body):
            self._counts.trouble("rejected", "flood", f"{sensor}: too much waits already")
