"""`status.json` in the state folder: what the agent last did, for people and for tools.

    {"schema": 1, "agent": "0.1.0", "pod": "slipway-agent-1a2b3c4d", "arch": "armv7l",
     "channel": "stable", "bucket": "https://…", "last_success": 1501089026,
     "last_change": 1501089026, "error": null | {"code", "message", "hint"},
     "trust": null | {"version", "signed", "expires"},
     "slots": [{"slot", "state", "reason", "wanted", "running", "version", …}, …]}

Times are the device's unix seconds, null before the first. The file is written when something in
it changed, and otherwise once a minute to move `last_success` on: an SD card wears.
"""

import json
import time
from pathlib import Path
from typing import NamedTuple

import slipway_agent
from slipway_agent.channel import Wanted
from slipway_agent.disk import Disk, replace_file
from slipway_agent.errors import AgentError
from slipway_agent.log import Log
from slipway_agent.slot_state import SlotState

STATUS = "status.json"
_HEARTBEAT = 60.0  # seconds


class ChannelState(NamedTuple):
    """What the agent knows of its channel."""

    wanted: Wanted | None  # as last verified; None: not since the agent runs
    error: AgentError | None  # why the last poll failed


class Status:
    """Keeps the document and writes it; a state folder that is not writable stops nothing."""

    def __init__(self, folder: Path, disk: Disk, log: Log, **fixed: str) -> None:
        self._folder = folder
        self._disk = disk
        self._log = log
        self._fixed = {"schema": 1, "agent": slipway_agent.__version__, **fixed}
        self._last_success: int | None = None
        self._last_change: int | None = None
        self._slots: tuple[SlotState, ...] = ()
        self._written_at = 0.0  # monotonic
        self._written: object = None  # what the file says, its times aside

    def tell(
        self, slots: tuple[SlotState, ...], channel: ChannelState, error: AgentError | None
    ) -> None:
        """A round has ended, well or with an error."""
        now = int(time.time())
        if error is None:
            self._last_success = now
        if slots != self._slots:
            self._last_change = now
        self._slots = slots
        trust = channel.wanted and dict(zip(_TRUST, channel.wanted[2:], strict=True))
        problem = error and {"code": error.code, "message": error.message, "hint": error.hint}
        told = (slots, trust, problem)
        if told == self._written and time.monotonic() - self._written_at < _HEARTBEAT:
            return
        self._write(
            {
                **self._fixed,
                "last_success": self._last_success,
                "last_change": self._last_change,
                "error": problem,
                "trust": trust,
                "slots": [slot._asdict() for slot in slots],
            }
        )
        self._written, self._written_at = told, time.monotonic()

    def _write(self, document: dict[str, object]) -> None:
        try:
            self._disk.make_folder(self._folder)
            data = json.dumps(document, indent=1).encode() + b"\n"
            replace_file(self._disk, self._folder / STATUS, data)
        except OSError as problem:
            self._log.once(
                "no-status", level="warning", folder=self._folder, reason=problem.strerror
            )


_TRUST = ("version", "signed", "expires")
