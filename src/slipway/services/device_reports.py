"""What the devices of a fleet say of themselves, from the reports bucket.

A device writes `devices/NAME/INSTANCE.json`. What is there comes from machines in the field, so
nothing in it is taken for granted: a document that is no report is named and passed over.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from slipway.domain.errors import NotFound
from slipway.ports.bucket import Bucket

FOLDER = "devices/"
LARGEST = 256 * 1024  # bytes of one report
_SILENT_AFTER = 3  # heartbeats


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
class DeviceReport:
    """One report; `document` is all that the device wrote."""

    device: str
    instance: str
    arch: str
    channel: str
    time: int  # unix seconds, by the device's clock
    health: Health
    reason: str
    pods: tuple[PodReport, ...]
    document: Mapping[str, Any]


def device_reports(
    bucket: Bucket, now: float, say: Callable[[str], None], name: str = ""
) -> list[DeviceReport]:
    """The newest report of every device, or of the one called `name`, by name. `say` is told of
    objects that are no report. NotFound when there is no report of `name`."""
    found = []
    for each in bucket.objects(f"{FOLDER}{name}/" if name else FOLDER):
        try:
            if each.size > LARGEST:
                raise ValueError(f"it has {each.size} bytes")
            found.append(_parse(each.key, json.loads(bucket.read(each.key)), now))
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            say(f"{bucket.url}/{each.key} is no device report: {error}")
        except NotFound:
            continue  # replaced or removed just now
    if name and not found:
        raise NotFound(
            f"no device {name!r} has reported to {bucket.url}",
            hint="See: slipway devices",
        )
    return sorted(_marked(found), key=lambda report: (report.device, report.instance))


def _parse(key: str, document: Mapping[str, Any], now: float) -> DeviceReport:
    _, device, instance = key.removesuffix(".json").split("/")
    if document["schema"] != 1 or (device, instance) != (document["device"], document["instance"]):
        raise ValueError("its name is another than in the document, or its schema is not 1")
    pods = tuple(_pod(pod) for pod in document["pods"])
    report = DeviceReport(
        device=device,
        instance=instance,
        arch=str(document["arch"]),
        channel=str(document["channel"]),
        time=int(document["time"]),
        health=Health.OK,
        reason="",
        pods=pods,
        document=document,
    )
    health, reason = _health(report, now)
    return replace(report, health=health, reason=reason)


def _pod(pod: Mapping[str, Any]) -> PodReport:
    return PodReport(
        slot=str(pod["slot"]),
        wanted=str(pod["wanted"]["version"]),
        running=str(pod["running"]["version"]),
        wanted_digest=str(pod["wanted"]["digest"]),
        running_digest=str(pod["running"]["digest"]),
        state=str(pod["state"]),
        reason=str(pod["reason"]),
        restarts=int(pod["restarts"]),
        since=int(pod["since"]),
    )


def _health(report: DeviceReport, now: float) -> tuple[Health, str]:
    trust = report.document["trust"]
    if now - report.time > _SILENT_AFTER * int(report.document["heartbeat"]):
        return Health.SILENT, "it has missed three heartbeats"
    if trust["state"] in (Health.UNTRUSTED, Health.STALE):
        return Health(trust["state"]), str(trust["reason"])
    for pod in report.pods:
        if pod.state not in ("running", "starting", "removed"):
            return Health.TROUBLE, f"{pod.slot} {pod.state}: {pod.reason}"
    if trust["state"] != "fresh":
        return Health.UNREACHABLE, str(trust["reason"])
    for pod in report.pods:
        if pod.state == "starting":
            return Health.UPDATING, f"{pod.slot}: {pod.reason or pod.wanted}"
    return Health.OK, ""


def _marked(reports: Sequence[DeviceReport]) -> list[DeviceReport]:
    """Keep the newest instance of each name, and every one that still talks under a taken name."""
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
    return kept
