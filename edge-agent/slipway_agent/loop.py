"""The loop: poll, and between two polls step on with what is under way; on failure wait longer."""

import random
import time
from collections.abc import Callable

from slipway_agent.channel import Channel
from slipway_agent.disk import Disk
from slipway_agent.errors import AgentError, Busy, Unavailable, from_disk
from slipway_agent.lock import FolderLock
from slipway_agent.log import Log
from slipway_agent.rollout import Rollout
from slipway_agent.slot_state import SlotState
from slipway_agent.standby import Standby
from slipway_agent.status import ChannelState
from slipway_agent.waiting import Waiter

LONGEST_BACKOFF = 60.0  # seconds; less than the time in which somebody would come and look
_JITTER = 0.2  # a fleet that was switched on together must not poll together
_LOCK_RETRY = 0.5  # seconds
_STEP = 0.3  # seconds between two looks at what is under way
_QUICK = 300.0  # seconds after a change, or after the start, in which it is looked at that often

Tell = Callable[[tuple[SlotState, ...], ChannelState, AgentError | None], None]


def delay(interval: float, failures: int, chance: float) -> float:
    """Seconds to the next poll after `failures` in a row; `chance` is in [0, 1)."""
    base = interval
    if failures:
        base = min(interval * 2.0 ** min(failures, 32), max(interval, LONGEST_BACKOFF))
    return base * (1 - _JITTER + 2 * _JITTER * chance)


class Loop:
    """Drives the rollout on one pods folder, or stands by while another agent does."""

    def __init__(
        self,
        channel: Channel,
        rollout: Rollout,
        standby: Standby | None,
        *,
        lock: FolderLock,
        tell: Tell,
        rest: Callable[[], None],
        disk: Disk,
        log: Log,
    ) -> None:
        self._channel = channel
        self._rollout = rollout
        self._standby = standby
        self._lock = lock
        self._tell = tell
        self._rest = rest
        self._disk = disk
        self._log = log
        self._acting = False
        self._state = ChannelState(None, None)
        self._slots: tuple[SlotState, ...] = ()
        self._changed = time.monotonic()
        self._failures = 0
        self._complaint = ""

    def run(self, waiter: Waiter, interval: float) -> None:
        """Poll every `interval` seconds; returns never, `waiter` raises Stopped."""
        due = 0.0
        while True:
            poll, acting = time.monotonic() >= due, self._acting
            error = self._round(poll=poll)
            if poll:
                due = time.monotonic() + delay(interval, self._failures, random.random())  # noqa: S311  jitter
                if isinstance(error, Unavailable) and error.retry_after:
                    due = max(due, time.monotonic() + error.retry_after)
            if self._acting and not acting:
                due = 0.0  # what another agent has seen is not known here
            rest = max(due - time.monotonic(), 0.0)
            if waiter.wait(min(rest, self._pause())):
                due = 0.0

    def once(self) -> None:
        """One poll and one step; AgentError when one of them failed."""
        if not self._take():
            raise Busy(f"another agent acts on {self._lock.folder}")
        error = self._act(poll=True)
        if error:
            raise error

    def _round(self, *, poll: bool) -> AgentError | None:
        try:
            error = self._turn(poll=poll)
        except AgentError as problem:
            error = problem
        if error:
            self._complain(error)
        elif poll and self._complaint:
            self._log.event("in-sync-again", failures=self._failures)
            self._complaint = ""
        if poll:
            self._failures = self._failures + 1 if error else 0
        return error

    def _turn(self, *, poll: bool) -> AgentError | None:
        if self._take():
            return self._act(poll=poll)
        self._log.once("standing-by", reason=f"another agent acts on {self._lock.folder}")
        if poll and self._standby:
            self._standby.poll()
        return None

    def _take(self) -> bool:
        """Whether this agent acts now."""
        try:
            self._disk.make_folder(self._lock.folder)
            may = self._acting or not self._standby or self._standby.may_act(self._lock)
            held = may and self._lock.acquire()
        except OSError as error:
            raise from_disk(error, self._lock.folder) from error
        if held and not self._acting:
            self._rollout.enter()
        self._acting = held
        return held

    def _act(self, *, poll: bool) -> AgentError | None:
        """A poll, if one is due, and a step; what went wrong in the first of them that failed."""
        if poll:
            self._state = self._ask()
        error = self._state.error
        try:
            slots = self._rollout.step(self._state.wanted, synced=error is None)
        except AgentError as problem:
            slots, error = self._slots, error or problem
        if slots != self._slots:
            self._slots, self._changed = slots, time.monotonic()
        self._tell(slots, self._state, error)
        if self._rollout.successor:
            self._log.event("gives-way", to=self._rollout.successor)
            self._rest()
            self._lock.release()
            self._acting = False
        return error

    def _ask(self) -> ChannelState:
        try:
            return ChannelState(self._channel.poll(), None)
        except AgentError as error:
            return ChannelState(self._state.wanted, error)

    def _pause(self) -> float:
        if not self._acting:
            return _LOCK_RETRY
        quick = time.monotonic() - self._changed < _QUICK
        return _STEP if self._rollout.under_way and quick else float("inf")

    def _complain(self, error: AgentError) -> None:
        """Say what is wrong once, not at every poll."""
        if error.message != self._complaint:
            self._complaint = error.message
            self._log.event(
                "failed", level="error", code=error.code, message=error.message, hint=error.hint
            )
