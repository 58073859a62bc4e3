"""Port: the time of day."""

from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; tests bring their own."""

    def now(self) -> int:
        """Unix seconds."""
