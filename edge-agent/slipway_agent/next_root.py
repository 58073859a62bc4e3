"""Looks for a root that no timestamp has announced.

python-tuf looks for the next root in every refresh, and the agent refreshes when the timestamp is a
new one. Who holds that back would hold back a change of keys as well, so it is asked for now and
then by itself: one small answer, "not there".
"""

import time

from slipway_agent.errors import Denied, NotFound
from slipway_agent.signed_time import LARGEST_ROOT
from slipway_agent.sources.base import Source

PAUSE = 300.0  # seconds between two looks


class NextRoot:
    """Of one bucket."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._version = 0
        self._due = 0.0  # by the monotonic clock

    def comes_after(self, version: int) -> None:
        """Up to here roots are known and taken."""
        self._version = version
        self._due = time.monotonic() + PAUSE

    def is_there(self) -> bool:
        """Whether there is another one; while there is, at every call."""
        if time.monotonic() < self._due:
            return False
        try:
            self._source.read(f"metadata/{self._version + 1}.root.json", LARGEST_ROOT)
        except (NotFound, Denied):  # buckets that may not be listed deny what is not there
            self._due = time.monotonic() + PAUSE
            return False
        return True
