"""What a device says of itself, and how it is: the rules, without any I/O.

Reports come from machines in the field, so nothing in one is taken for granted: what is no report
raises ValueError, and says why.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from slipway.domain.choice import choose

FOLDER = "devices/"  # in the reports bucket: devices/NAME/INSTANCE.json
LARGEST = 256 * 1024  # bytes of one report
_SILENT_AFTER = 3  # heartbeats
_LAST = 253_402_300_800  # unix seconds: the year 10000
_LARGEST_NUMBER = 1 << 53


class Health(StrEnum):
    """How a device is, as its owner should see it; the first that applies, worst first."""

    TAKEN = "taken"  # two devices report under one name
    SILENT = "silent"  # it has missed three heartbeats
    UNTRUSTED = "untrusted"  # the bucket that it sees is not what the owner signed
    STALE = "stale"  # the bucket that it sees has expired: frozen
    TROUBLE = "trouble"  # a pod failed, was taken back, quarantined or refused
    UNREACHABLE = "unreachable"  # it reports, but does not reach the deploy bucket
    UPDATING = "updating"
    OK = "ok"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check `text`; raises InvalidInput."""
        return choose(cls, text, f"{text[:80]!r} is no health of a device")


@dataclass(frozen=True)
class PodReport:
    """One pod of a device."""

    slot: str
    wanted: str  # version, empty when none
    running: str  # version, empty when none
    wanted_digest: str
    running_digest: str
    state: str
    reason: str
    restarts: int
    since: int  # unix seconds


@dataclass(frozen=True)
class Facts:
    """What a device says besides; None for what it does not say. Sizes are in bytes, times in unix
    seconds."""

    agent: str
    metadata: int | None  # version of the signed metadata that it has seen
    signed: int | None
    expires: int | None
    disk_total: int | None
    disk_free: int | None
    memory_total: int | None
    memory_available: int | None
    temperature: float | None  # degrees Celsius
    spool_pending: int | None
    spool_dropped: int | None


@dataclass(frozen=True)
class DeviceReport:
    """One report; `document` is all that the device wrote."""

    device: str
    instance: str
    arch: str
    channel: str
    time: int  # unix seconds, by the device's clock
    silent_at: int  # unix seconds from which it counts as silent
    health: Health
    reason: str
    pods: tuple[PodReport, ...]
    trust: str  # fresh, stale, untrusted or unreachable
    agent_pod: str  # empty: the agent runs in no pod
    document: Mapping[str, Any]

    @property
    def facts(self) -> Facts:
        """What it says besides."""
        trust, spool = self._part("trust"), self._part("spool")
        disk, memory = self._part("disk"), self._part("memory")
        warm = self.document.get("temperature")
        return Facts(
            agent=str(self._part("agent").get("version", "")),
            metadata=_number(trust, "version"),
            signed=_number(trust, "signed", _LAST),
            expires=_number(trust, "expires", _LAST),
            disk_total=_number(disk, "total"),
            disk_free=_number(disk, "free"),
            memory_total=_number(memory, "total"),
            memory_available=_number(memory, "available"),
            temperature=float(warm) if isinstance(warm, int | float) else None,
            spool_pending=_number(spool, "pending"),
            spool_dropped=_number(spool, "dropped"),
        )

    def _part(self, name: str) -> Mapping[str, Any]:
        part = self.document.get(name)
        return part if isinstance(part, dict) else {}


def parse_report(key: str, data: bytes, now: float) -> DeviceReport:
    """Read the object `devices/NAME/INSTANCE.json`; ValueError for what is no report."""
    if len(data) > LARGEST:
        raise ValueError(f"it has {len(data)} bytes")
    try:
        return _parse(key, json.loads(data), now)
    except (TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def newest(reports: Iterable[DeviceReport]) -> list[DeviceReport]:
    """The newest instance of each name, and every one that still talks under a taken name; by name
    and instance."""
    by_name: dict[str, list[DeviceReport]] = {}
    for report in sorted(reports, key=lambda report: -report.time):
        by_name.setdefault(report.device, []).append(report)
    kept = []
    for same in by_name.values():
        live = [report for report in same if report.health is not Health.SILENT]
        if len(live) > 1:
            others = ", ".join(report.instance for report in live)
            reason = f"several devices report as this one: {others}; give each its own name"
            kept += [replace(report, health=Health.TAKEN, reason=reason) for report in live]
        else:
            kept.append(same[0])
    return sorted(kept, key=lambda report: (report.device, report.instance))


def _parse(key: str, document: Mapping[str, Any], now: float) -> DeviceReport:
    _, device, instance = key.removesuffix(".json").split("/")
    if document["schema"] != 1 or (device, instance) != (document["device"], document["instance"]):
        raise ValueError("its name is another than in the document, or its schema is not 1")
    time = _whole(document["time"], _LAST)
    report = DeviceReport(
        device=device,
        instance=instance,
        arch=_text(document["arch"]),
        channel=_text(document["channel"]),
        time=time,
        silent_at=time + _SILENT_AFTER * _whole(document["heartbeat"]),
        health=Health.OK,
        reason="",
        pods=tuple({pod["slot"]: _pod(pod) for pod in document["pods"]}.values()),
        trust=_text(document["trust"]["state"]),
        agent_pod=_text(document.get("agent", {}).get("pod", "")),
        document=document,
    )
    health, reason = _health(report, _text(document["trust"]["reason"]), now)
    return replace(report, health=health, reason=reason)


def _pod(pod: Mapping[str, Any]) -> PodReport:
    return PodReport(
        slot=_text(pod["slot"]),
        wanted=_text(pod["wanted"]["version"]),
        running=_text(pod["running"]["version"]),
        wanted_digest=_text(pod["wanted"]["digest"]),
        running_digest=_text(pod["running"]["digest"]),
        state=_text(pod["state"]),
        reason=_text(pod["reason"]),
        restarts=_whole(pod["restarts"]),
        since=_whole(pod["since"], _LAST),
    )


def _health(report: DeviceReport, doubt: str, now: float) -> tuple[Health, str]:
    if now > report.silent_at:
        return Health.SILENT, "it has missed three heartbeats"
    if report.trust in (Health.UNTRUSTED, Health.STALE):
        return Health(report.trust), doubt
    for pod in report.pods:
        if pod.state not in ("running", "starting", "removed"):
            return Health.TROUBLE, f"{pod.slot} {pod.state}: {pod.reason}"
    if report.trust != "fresh":
        return Health.UNREACHABLE, doubt
    for pod in report.pods:
        if pod.state == "starting":
            return Health.UPDATING, f"{pod.slot}: {pod.reason or pod.wanted}"
    return Health.OK, ""


def _text(value: object) -> str:
    text = str(value)
    text.encode()  # UnicodeEncodeError, which is a ValueError, for half a character
    return text


def _whole(value: Any, limit: int = _LARGEST_NUMBER) -> int:
    number = int(value)
    if not 0 <= number < limit:
        raise ValueError(f"{number} is no time, and no number of anything")
    return number


def _number(part: Mapping[str, Any], name: str, limit: int = _LARGEST_NUMBER) -> int | None:
    value = part.get(name)
    return int(value) if isinstance(value, int | float) and 0 <= value < limit else None
