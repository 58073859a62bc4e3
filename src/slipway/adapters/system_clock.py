"""The machine's own clock."""

import time


class SystemClock:
    """Clock over the operating system."""

    def now(self) -> int:
        """Unix seconds."""
        return int(time.time())
