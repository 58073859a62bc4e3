"""Messages that wait for the broker: bounded, the oldest go first, and what goes is counted."""

import threading
import time
from collections import deque
from typing import Final

from slipway_serving.streams.counts import Counts
from slipway_serving.streams.line import IN_FLIGHT, Line
from slipway_serving.streams.settings import Broker

_STEP: Final = 0.2  # seconds


class Outbox:
    """Sends with a thread of its own, actions before predictions."""

    def __init__(self, broker: Broker, client_id: str, most: int, counts: Counts) -> None:
        """`most`: predictions that may wait, and as many actions; SettingsError as of `Line`."""
        self._counts = counts
        self._predictions: deque[tuple[str, bytes]] = deque(maxlen=most)
        self._actions: deque[tuple[str, bytes]] = deque(maxlen=most)
        self._status: deque[tuple[str, bytes]] = deque(maxlen=1)
        self._changed = threading.Condition()
        self._slots = threading.Semaphore(IN_FLIGHT)
        self._unsent = 0  # messages that are waiting or under way
        self._left = False
        self._line = Line(broker, client_id, on_sent=self._sent)

    @property
    def problem(self) -> str:
        """Why nothing is sent; empty when all is well."""
        return self._line.problem

    @property
    def waiting(self) -> int:
        """Messages that the broker has not acknowledged."""
        return self._unsent

    def start(self) -> None:
        """Connect, and send."""
        self._line.start()
        threading.Thread(target=self._run, daemon=True).start()

    def predict(self, topic: str, payload: bytes) -> None:
        """Send a prediction."""
        self._put(self._predictions, "predictions", topic, payload)

    def act(self, topic: str, payload: bytes) -> None:
        """Send what a rule says."""
        self._put(self._actions, "actions", topic, payload)

    def tell(self, topic: str, payload: bytes) -> None:
        """Send how things stand, in the place of what has not been sent of that."""
        with self._changed:
            self._unsent += not self._status
            self._status.append((topic, payload))
            self._changed.notify_all()

    def leave(self, patience: float) -> None:
        """Wait until all is sent, so many seconds at most, and disconnect."""
        end = time.monotonic() + patience
        with self._changed:
            self._changed.wait_for(lambda: self._unsent == 0, max(0.0, end - time.monotonic()))
            self._left = True
            if self._unsent:
                lost = "the broker could not be reached at the end"
                self._counts.trouble("dropped", "at the end", lost, self._unsent)
            self._changed.notify_all()
        self._line.leave()

    def _put(self, queue: deque[tuple[str, bytes]], name: str, topic: str, payload: bytes) -> None:
        with self._changed:
            if len(queue) == queue.maxlen:
                self._counts.trouble("dropped", name, "the broker has not taken them in time")
            else:
                self._unsent += 1
            queue.append((topic, payload))
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            if not self._slots.acquire(timeout=_STEP):
                if self._left:
                    return
                continue
            with self._changed:
                self._changed.wait_for(lambda: self._next() or self._left)
                if self._left:
                    return
                topic, payload = self._next().popleft()
            self._line.publish(topic, payload)

    def _next(self) -> deque[tuple[str, bytes]]:
        """Where the next message is; empty when there is none."""
        return self._status or self._actions or self._predictions

    def _sent(self, refusal: str) -> None:
        """The broker has it, or will not have it."""
        if refusal:
            self._counts.trouble("dropped", "refused", f"the broker: {refusal}")
        self._slots.release()
        with self._changed:
            self._unsent -= 1
            self._changed.notify_all()
