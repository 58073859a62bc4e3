"""Keeps the index of the fleet in step with the reports bucket and with the channels.

Of the reports only those are read whose tag in the listing is another one than at the last look. A
device whose report has changed, or which has become silent, is judged again by the rules of
`domain/device_report.py`; what that changes is written into its history.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from slipway.domain.device_report import FOLDER, DeviceReport, newest, parse_report
from slipway.domain.errors import NotFound, SlipwayError
from slipway.domain.fleet import Change, ChangeKind, Device, Target
from slipway.ports.bucket import Bucket, ObjectInfo
from slipway.ports.clock import Clock
from slipway.ports.fleet_index import FleetIndex, StoredReport, Update
from slipway.services.device_reports import read_report

_BATCH = 500  # reports taken in at once
_PAUSE = 2.0  # seconds between two looks
_SHARE = 9  # a pause is as many times as long as the look before it, at least


class FleetFollower:
    """Looks again and again in a thread of its own; other threads may look, too, when they have
    just changed something."""

    def __init__(
        self,
        bucket: Bucket,
        index: FleetIndex,
        targets: Callable[[], Sequence[Target]],
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        """`targets` tells what stands in the channels; `say` is told of what keeps it from
        looking, once."""
        self._bucket = bucket
        self._index = index
        self._read_targets = targets
        self._clock = clock
        self._say = say
        self._tags: dict[str, str] | None = None  # by key
        self._targets: Sequence[Target] | None = None
        self._said: dict[str, str] = {}
        self._looking = {"channels": threading.Lock(), "devices": threading.Lock()}

    @property
    def problems(self) -> Sequence[str]:
        """What keeps it from looking, now."""
        return list(self._said.values())

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop."""
        while not stop.is_set():
            began = time.monotonic()
            self.try_to_look()
            stop.wait(max(_PAUSE, _SHARE * (time.monotonic() - began)))

    def try_to_look(self) -> None:
        """Look, and say what keeps it from that."""
        for what, look in (("channels", self.look_at_channels), ("devices", self.look_at_devices)):
            try:
                look()
                self._said.pop(what, None)
            except SlipwayError as error:
                if self._said.get(what) != error.message:
                    self._say(f"{what}: {error.message}")
                self._said[what] = error.message

    def look_at_channels(self) -> None:
        """Take in what stands in the channels, where it has changed."""
        with self._looking["channels"]:
            targets = list(self._read_targets())
            if self._targets is None:
                self._targets = self._index.targets()
            if targets != self._targets:
                self._index.set_targets(targets)
                self._targets = targets

    def look_at_devices(self) -> None:
        """Take in the reports that have changed since the last look, and who has become silent."""
        with self._looking["devices"]:
            self._look_at_devices()

    def _look_at_devices(self) -> None:
        tags = dict(self._index.tags()) if self._tags is None else self._tags
        self._tags = None  # read again when this look fails
        listed = {info.key: info for info in self._bucket.objects(FOLDER)}
        changed = [info for info in listed.values() if tags.get(info.key) != info.tag]
        for start in range(0, len(changed), _BATCH):
            batch = changed[start : start + _BATCH]
            self._take_in(self._read(batch), [])
            tags |= {info.key: info.tag for info in batch}
        gone = [key for key in tags if key not in listed]
        late = self._index.overdue(self._clock.now())
        if gone or late:
            self._take_in([], gone, late)
        self._tags = {key: tag for key, tag in tags.items() if key in listed}

    def _read(self, listed: Iterable[ObjectInfo]) -> list[StoredReport]:
        read = []
        for info in listed:
            data, device, problem = b"", _device(info.key), ""
            try:
                data = read_report(self._bucket, info)
                parse_report(info.key, data, self._clock.now())
            except NotFound:
                continue  # replaced or removed just now
            except ValueError as error:
                data, problem = b"", str(error)
            read.append(StoredReport(info.key, info.tag, device, data, problem))
        return read

    def _take_in(
        self, read: Sequence[StoredReport], gone: Sequence[str], late: Collection[str] = ()
    ) -> None:
        now = self._clock.now()
        names = {*late, *(report.device for report in read), *map(_device, gone)} - {""}
        documents = dict(self._index.reports(names))
        documents |= {report.key: report.data for report in read}
        refused = {report.key for report in read if report.problem}
        kept = [
            parse_report(key, data, now)
            for key, data in documents.items()
            if key not in refused and key not in gone
        ]
        there: dict[str, list[Device]] = {name: [] for name in names}
        for report in newest(kept):
            there[report.device].append(device(report))
        before = self._index.devices(names)
        changes = [
            change
            for name, devices in there.items()
            for change in changes_between(name, before.get(name, ()), devices, now)
        ]
        self._index.update(Update(read, gone, there, changes))


def device(report: DeviceReport) -> Device:
    """A report as the index keeps it."""
    return Device(
        name=report.device,
        instance=report.instance,
        arch=report.arch,
        channel=report.channel,
        health=report.health,
        reason=report.reason,
        reported=report.time,
        silent_at=report.silent_at,
        in_pod=bool(report.agent_pod),
        pods=report.pods,
    )


def changes_between(
    name: str, before: Sequence[Device], after: Sequence[Device], now: int
) -> list[Change]:
    """What a device's owner wants to know of later. Where several report under one name, the first
    of them is compared, and the health says so."""
    if not after:
        return [Change(name, now, ChangeKind.GONE, "", "", "", "")] if before else []
    new = after[0]
    at = min(new.silent_at, now) if new.health == "silent" else min(new.reported, now)
    seen = Change(name, at, ChangeKind.SEEN, "", "", "", "")
    if not before:
        return [
            replace(seen, after=new.health, reason=new.reason),
            *(
                replace(seen, kind=ChangeKind.VERSION, slot=pod.slot, after=pod.running)
                for pod in new.pods
                if pod.running
            ),
        ]
    old = next((each for each in before if each.instance == new.instance), before[0])
    changes = _pod_changes(seen, old, new)
    if old.channel != new.channel:
        changes.append(
            replace(seen, kind=ChangeKind.CHANNEL, before=old.channel, after=new.channel)
        )
    if old.health != new.health:
        told = replace(seen, kind=ChangeKind.HEALTH, before=old.health, after=new.health)
        changes.append(replace(told, reason=new.reason))
    return changes


def _pod_changes(seen: Change, old: Device, new: Device) -> list[Change]:
    found = []
    pods: Mapping[str, tuple[str, str, str]] = {
        pod.slot: (pod.running, pod.running_digest, pod.state) for pod in old.pods
    }
    for pod in new.pods:
        running, digest, state = pods.get(pod.slot, ("", "", ""))
        told = replace(seen, slot=pod.slot)
        if (running, digest) != (pod.running, pod.running_digest):
            found.append(replace(told, kind=ChangeKind.VERSION, before=running, after=pod.running))
        if state != pod.state:
            found.append(
                replace(
                    told, kind=ChangeKind.STATE, before=state, after=pod.state, reason=pod.reason
                )
            )
    gone = pods.keys() - {pod.slot for pod in new.pods}
    found += [
        replace(seen, kind=ChangeKind.VERSION, slot=slot, before=pods[slot][0])
        for slot in sorted(gone)
    ]
    return found


def _device(key: str) -> str:
    """The device that an object should be of, empty when its name has no such part."""
    parts = key.split("/")
    return parts[1] if len(parts) == 3 else ""
