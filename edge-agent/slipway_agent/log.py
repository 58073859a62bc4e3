"""One line for each event: `level=info event=applied changed=2`."""

import json
import sys
from contextlib import suppress
from typing import TextIO


class Log:
    """Writes events to a stream; the journal and the container engine add the time.

    What comes from a bucket is quoted, so that it can neither end a line nor forge another field.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._said: set[str] = set()

    def event(self, event: str, *, level: str = "info", **fields: object) -> None:
        """Write one event."""
        pairs = {"level": level, "event": event, **fields}
        line = " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items())
        with suppress(OSError):  # a full disk behind the log must not stop the agent
            print(line, file=self._stream or sys.stderr, flush=True)

    def once(self, event: str, *, level: str = "info", **fields: object) -> None:
        """Write an event unless exactly this one was written before."""
        key = repr((event, fields))
        if key not in self._said:
            self._said.add(key)
            self.event(event, level=level, **fields)


def _quoted(value: object) -> str:
    text = str(value)
    plain = text and all(c.isalnum() or c in "-_./:@%+," for c in text)
    return text if plain else json.dumps(text)
