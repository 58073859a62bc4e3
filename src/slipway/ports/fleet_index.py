"""Port: the index of the fleet, which answers questions about ten thousand devices at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from slipway.domain.device_report import Health
from slipway.domain.fleet import (
    Change,
    Device,
    DeviceLine,
    DeviceQuery,
    OutcomeCount,
    ProgressLine,
    ReachCount,
    Target,
    VersionCount,
)


@dataclass(frozen=True)
class StoredReport:
    """An object of the reports bucket as it was read."""

    key: str
    tag: str  # of the object then
    device: str  # by its key, empty when that has no such part
    data: bytes  # empty when it is no report
    problem: str  # why it is no report, otherwise empty


@dataclass(frozen=True)
class Update:
    """What goes into the index at once: all of it, or nothing."""

    reports: Sequence[StoredReport]  # new or changed
    gone: Sequence[str]  # keys of reports that are no more
    devices: Mapping[str, Sequence[Device]]  # by name: what there is now, empty: nothing
    changes: Sequence[Change]


class FleetIndex(Protocol):
    """Devices, what stands in the channels, and what changed. One process writes; threads may
    share it. Every method raises Failed when the index is damaged and DiskFull."""

    def tags(self) -> Mapping[str, str]:
        """The tag of every report that was read, by key."""

    def reports(self, names: Collection[str]) -> Mapping[str, bytes]:
        """The reports of these devices as they were read, by key."""

    def devices(self, names: Collection[str]) -> Mapping[str, Sequence[Device]]:
        """What the index has of these devices, by name."""

    def overdue(self, now: float) -> Sequence[str]:
        """The names of devices that should count as silent by now and do not."""

    def update(self, update: Update) -> None:
        """Take in what was read; atomic."""

    def targets(self) -> Sequence[Target]:
        """What stands in the channels, in order of slot, channel and arch."""

    def set_targets(self, targets: Sequence[Target]) -> None:
        """Say what stands in the channels now; atomic."""

    def lines(
        self, query: DeviceQuery, offset: int, limit: int
    ) -> tuple[Sequence[DeviceLine], int]:
        """The devices of one page, and how many there are in all."""

    def health_counts(self, query: DeviceQuery) -> Mapping[Health, int]:
        """How many devices are how, whatever health the query asks for."""

    def outcome_counts(self, slot: str = "", channel: str = "") -> Sequence[OutcomeCount]:
        """How many devices are how far with what stands in the channels."""

    def version_counts(self, slot: str = "") -> Sequence[VersionCount]:
        """How many devices run which version."""

    def reach(self, slot: str, channel: str) -> Sequence[ReachCount]:
        """The devices that follow a channel, by what they run of a model."""

    def progress(
        self, slot: str, channel: str, outcomes: Collection[str], limit: int
    ) -> Sequence[ProgressLine]:
        """Devices that are so far with what stands in a channel, by name."""

    def history(self, name: str, limit: int) -> Sequence[Change]:
        """What changed on a device, newest first."""

    def problems(self) -> Mapping[str, str]:
        """Why an object is no report, by key."""
