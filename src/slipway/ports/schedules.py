"""Port: what keeps schedules of pipeline runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from slipway.ports.pipeline_backend import Argument


@dataclass(frozen=True)
class Schedule:
    """A pipeline that is run at set times. Times are unix seconds, 0 when there was none."""

    name: str
    pipeline: str
    cron: str  # five fields, in UTC
    given: Mapping[str, str] = field(default_factory=dict)  # parameters as they were typed
    actor: str = ""  # who made it
    paused: bool = False
    since: float = 0.0  # the times after this one are due
    last_run: str = ""
    problem: str = ""  # why the last run could not be started


class Schedules(Protocol):
    """Keeps schedules by name. NotFound for one that there is not; Unavailable, Denied, DiskFull
    as the name says."""

    def add(self, schedule: Schedule, arguments: Mapping[str, Argument]) -> None:
        """Keep a new one; `arguments`: what its runs are given now. AlreadyExists."""

    def schedules(self) -> Sequence[Schedule]:
        """All, by name."""

    def remove(self, name: str) -> None:
        """Forget one; runs that it started go on."""

    def pause(self, name: str, *, paused: bool) -> None:
        """Let no time of it count, or let those after now count again."""
