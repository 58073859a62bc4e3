"""Reports and ships in a thread of its own: a network that hangs must hold up no rollout."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from slipway_agent.disk import Disk
from slipway_agent.errors import AgentError
from slipway_agent.log import Log
from slipway_agent.report import HEARTBEAT, Identity, document, instance_of, pods, trust
from slipway_agent.shipping import backlog, ship
from slipway_agent.sinks import Sink
from slipway_agent.slot_state import SlotState
from slipway_agent.status import ChannelState

_SHIP = 15.0  # seconds between two looks into the spool
_AGAIN = (2.0, 60.0)  # seconds after a failure, at first and at most
_SOON = 0.5  # seconds in which changes come together into one report


class Reporter:
    """Told of every round, sends a report after a change and at each heartbeat."""

    def __init__(
        self,
        open_sink: Callable[[], Sink],
        identity: Identity,
        *,
        state: Path,
        spool: Path,
        disk: Disk,
        log: Log,
    ) -> None:
        """`open_sink` is called in the thread: what it needs may take seconds to import."""
        self._open_sink = open_sink
        self._identity = identity
        self._state = state
        self._spool = spool
        self._disk = disk
        self._log = log
        self._news = threading.Event()
        self._lock = threading.Lock()
        self._said: dict[str, object] = {}
        self._signed = 0
        self._sink: Sink | None = None

    def start(self) -> None:
        """Begin; the thread ends with the process, wherever it stands."""
        threading.Thread(target=self._run, daemon=True, name="reporter").start()

    def tell(
        self, slots: tuple[SlotState, ...], channel: ChannelState, error: AgentError | None
    ) -> None:
        """A round has ended."""
        said: dict[str, object] = {"pods": pods(slots, channel), "trust": trust(channel, error)}
        with self._lock:
            if channel.wanted:
                self._signed = channel.wanted.signed
            if said != self._said:
                self._said = said
                self._news.set()

    def rest(self) -> None:
        """Another agent acts from now on: be silent until told of a round."""
        with self._lock:
            self._said = {}

    def _run(self) -> None:
        reported = shipped = float("-inf")
        wait, failures = _SHIP, 0
        while True:
            news = self._news.wait(wait)
            if news:
                time.sleep(_SOON)
            try:
                if self._said and (news or time.monotonic() - reported >= HEARTBEAT):
                    self._news.clear()
                    self.report()
                    reported = time.monotonic()
                if self._said and time.monotonic() - shipped >= _SHIP:
                    self.ship()
                    shipped = time.monotonic()
                wait, failures = _SHIP, 0
            except (AgentError, OSError) as error:
                self._news.clear()  # it is told with the report that goes
                reported = float("-inf")
                self._log.once("no-report", level="warning", reason=error)
                pause = min(_AGAIN[0] * 2.0**failures, _AGAIN[1])
                time.sleep(max(pause, getattr(error, "retry_after", 0.0)))
                wait, failures = 0.0, min(failures + 1, 10)

    def report(self) -> None:
        """Send one report; AgentError, OSError."""
        with self._lock:
            said, signed = dict(self._said), self._signed
        instance = instance_of(self._state, self._disk)
        said["spool"] = backlog(self._spool)._asdict()
        now = max(time.time(), signed)
        told = document(self._identity, instance, said, now=now, state=self._state)
        data = json.dumps(told, indent=1).encode() + b"\n"
        self._to().write(f"devices/{self._identity.device}/{instance}.json", data)

    def ship(self) -> None:
        """Send the predictions that are complete; AgentError, OSError."""
        with suppress(FileNotFoundError):
            ship(self._spool, self._to(), self._identity.device)

    def _to(self) -> Sink:
        if self._sink is None:
            self._sink = self._open_sink()
        return self._sink
