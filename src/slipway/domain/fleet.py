"""The fleet at a glance: devices beside what stands in their channels, and what changed when."""

from dataclasses import dataclass
from enum import StrEnum

from slipway.domain.device_report import Health, PodReport


class Outcome(StrEnum):
    """How far a device is with what stands in its channel, for one model; the first that
    applies."""

    HAS = "has"  # it runs, at the last report at least
    ROLLED_BACK = "rolled-back"
    QUARANTINED = "quarantined"
    REFUSED = "refused"
    FAILING = "failing"
    SILENT = "silent"  # it has not got it, and is not heard of
    COMING = "coming"  # it is being tried
    UNSEEN = "unseen"  # the device does not know of it yet


TAKEN_BACK = (Outcome.ROLLED_BACK, Outcome.QUARANTINED, Outcome.REFUSED, Outcome.FAILING)


@dataclass(frozen=True)
class Device:
    """One device as its newest report has it; under a taken name there is one for each
    instance."""

    name: str
    instance: str
    arch: str
    channel: str
    health: Health
    reason: str
    reported: int  # unix seconds
    silent_at: int  # unix seconds from which it counts as silent
    in_pod: bool  # its agent runs in a pod of its own
    pods: tuple[PodReport, ...]


@dataclass(frozen=True)
class Target:
    """What stands in a channel for one arch: what a device there should run."""

    slot: str  # the image repository
    channel: str
    arch: str
    model: str
    version: str
    index: str  # digest of the version
    digest: str  # digest of this arch's image
    since: int | None  # unix seconds when the tag monitor saw it first; None: not yet
    published: bool  # the deploy bucket shows it
    signatures: int  # that it has, of a threshold that it waits for
    threshold: int  # 0: it waits for none


class ChangeKind(StrEnum):
    """What of a device changed."""

    SEEN = "seen"  # it reported for the first time
    HEALTH = "health"
    CHANNEL = "channel"
    VERSION = "version"  # that runs
    STATE = "state"  # of a pod
    GONE = "gone"  # its reports were removed


@dataclass(frozen=True)
class Change:
    """One line of a device's history."""

    device: str
    at: int  # unix seconds, by the device's clock where it told of it
    kind: ChangeKind
    slot: str  # for versions and states
    before: str
    after: str
    reason: str


class Sort(StrEnum):
    """What devices are sorted by."""

    NAME = "name"
    HEALTH = "health"  # worst first
    CHANNEL = "channel"
    ARCH = "arch"
    REPORTED = "reported"  # newest first


@dataclass(frozen=True)
class DeviceQuery:
    """Which devices to show; empty: all."""

    text: str = ""  # in the name or in the reason of the health
    health: Health | None = None
    channel: str = ""
    arch: str = ""
    slot: str = ""  # a model's image repository
    version: str = ""  # runs, or is wanted
    behind: bool = False  # does not run what stands in its channel
    outcome: Outcome | None = None  # of the model of `slot`, or of any
    sort: Sort = Sort.NAME
    descending: bool = False


@dataclass(frozen=True)
class DeviceLine:
    """A device in a list: with the models that it is behind in."""

    device: Device
    behind: tuple[str, ...]


@dataclass(frozen=True)
class OutcomeCount:
    """How many devices are how far with what stands in a channel."""

    slot: str
    channel: str
    arch: str
    outcome: Outcome
    health: Health
    devices: int


@dataclass(frozen=True)
class VersionCount:
    """How many devices run a version."""

    slot: str
    channel: str
    arch: str
    version: str
    state: str
    devices: int


@dataclass(frozen=True)
class ReachCount:
    """How many devices follow a channel, by what they run of a model."""

    arch: str
    health: Health
    running: str  # version, empty when none
    digest: str
    devices: int


@dataclass(frozen=True)
class ProgressLine:
    """A device on its way to what stands in its channel."""

    device: str
    arch: str
    health: Health
    outcome: Outcome
    running: str  # version
    reason: str
