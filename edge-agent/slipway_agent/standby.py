"""Standing by: the agent that does not act, before it is its turn or after it gave way.

The lock alone decides who acts. This decides who tries to take it: the agent that the record names,
and another one only when that one is gone, or has left the lock free for too long.
"""

import time
from collections.abc import Callable
from pathlib import Path

from slipway_agent.book import Book
from slipway_agent.channel import Channel
from slipway_agent.disk import Disk
from slipway_agent.errors import from_disk
from slipway_agent.handover import Candidate, tell_candidate
from slipway_agent.kubelet import Kubelet
from slipway_agent.lock import FolderLock
from slipway_agent.manifest import AGENT_SLOT
from slipway_agent.watch import Watch

_LONGEST_FREE = 10.0  # seconds for which the agent whose turn it is may leave the lock free


class Standby:
    """What the agent in `pod` does while another one acts, or should."""

    def __init__(
        self,
        book: Book,
        channel: Channel,
        kubelet: Kubelet,
        state: Path,
        disk: Disk,
        *,
        pod: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book = book
        self._channel = channel
        self._kubelet = kubelet
        self._state = state
        self._disk = disk
        self._pod = pod
        self._watch = Watch(clock)

    def may_act(self, lock: FolderLock) -> bool:
        """Whether this agent is to take the lock; OSError."""
        record = self._book.peek()
        turn = record.handover or self._book.agent(record.slot(AGENT_SLOT).serving)
        agents = {m.pod for m in self._book.lying().values() if m.slot == AGENT_SLOT}
        if turn == self._pod or turn not in agents:
            return True
        pods = self._kubelet.pods()
        self._watch.look(pods)
        if pods is None or (self._watch.has(turn) and self._watch.sight(turn).coming):
            return False
        if not lock.acquire():
            return False
        lock.release()
        return self._watch.seconds("free", turn) >= _LONGEST_FREE

    def poll(self) -> None:
        """Show, if this agent is on trial, that it can do what the acting one does; AgentError."""
        try:
            if self._book.agent(self._book.peek().slot(AGENT_SLOT).trial) != self._pod:
                return
            version = self._channel.poll().version
            tell_candidate(self._state, self._disk, Candidate(self._pod, version, int(time.time())))
        except OSError as error:
            raise from_disk(error, self._state) from error
