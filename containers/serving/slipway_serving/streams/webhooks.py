"""Calls addresses of the device owner's, each from a thread of its own: one that is slow holds up
neither the streams nor the others."""

import http.client
import json
import queue
import random
import threading
from typing import Any, Final

from slipway_serving.streams.counts import Counts
from slipway_serving.streams.rules import Webhook

_WAITING: Final = 100  # calls of one rule
_FIRST_PAUSE: Final = 0.5  # seconds between two tries; doubled each time, with jitter
_LONGEST_PAUSE: Final = 30.0
_ANSWER: Final = 65536  # bytes of an answer that are read


class Caller:
    """Makes one rule's calls, in turn."""

    def __init__(self, rule: str, webhook: Webhook, counts: Counts) -> None:
        self._rule = rule
        self._webhook = webhook
        self._counts = counts
        self._calls: queue.Queue[Any] = queue.Queue(_WAITING)
        self._leaving = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def call(self, document: Any) -> None:
        """Make a call when those before it are done; one too many is dropped and counted."""
        try:
            self._calls.put_nowait(document)
        except queue.Full:
            self._counts.trouble("dropped", "webhooks", f"{self._rule}: too many wait")

    def leave(self) -> None:
        """End with the call under way and those that wait, without another try for any."""
        self._leaving.set()
        try:
            self._calls.put_nowait(None)
        except queue.Full:
            return

    def _run(self) -> None:
        while (document := self._next()) is not None:
            self._make(json.dumps(document).encode())

    def _next(self) -> Any:
        if self._leaving.is_set() and self._calls.empty():
            return None
        return self._calls.get()

    def _make(self, body: bytes) -> None:
        pause = _FIRST_PAUSE
        for left in range(self._webhook.retries, -1, -1):
            problem, again = self._once(body)
            if not problem:
                self._counts.add("actions", "webhooks")
                return
            jitter = random.uniform(0.5, 1.5)  # noqa: S311
            if not (again and left) or self._leaving.wait(pause * jitter):
                break
            pause = min(2 * pause, _LONGEST_PAUSE)
        self._counts.trouble("dropped", "webhooks", f"{self._rule}: {problem}")

    def _once(self, body: bytes) -> tuple[str, bool]:
        """What went wrong, and whether another try may help. Redirections are not followed."""
        parts = self._webhook.parts
        kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        connection = kind[parts.scheme](
            parts.hostname or "", parts.port, timeout=self._webhook.timeout
        )
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read(_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}", True
        finally:
            connection.close()
        if 200 <= response.status < 300:
            return "", False
        again = response.status in (408, 429) or response.status >= 500
        return f"it answers {response.status}", again
