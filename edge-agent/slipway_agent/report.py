"""The device report: one JSON document in which a device says what it runs.

    {"schema": 1, "device": "press-7", "instance": "1f0c2d3e", "arch": "armv7l",
     "channel": "stable", "agent": {"version": "0.1.0", "pod": "slipway-agent-1a2b3c4d"},
     "time": 1501089026, "heartbeat": 300,
     "pods": [{"slot", "wanted": {"version", "digest"}, "running": {"version", "digest"},
               "state", "reason", "restarts", "since"}, …],
     "trust": {"state": "fresh", "reason": "", "version", "signed", "expires"},
     "disk": {"total", "free"}, "memory": {"total", "available"}, "temperature": 41.5 | null,
     "spool": {"pending", "dropped"}}

Times are unix seconds, never before the newest signed time that the device knows. `state` of the
trust is fresh, stale, untrusted or unreachable; bytes and degrees Celsius. The instance is a random
number that a device keeps: two of them under one name are two devices.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import slipway_agent
from slipway_agent.disk import Disk, replace_file
from slipway_agent.errors import AgentError, Stale, Untrusted
from slipway_agent.memory import memory
from slipway_agent.slot_state import SlotState
from slipway_agent.status import ChannelState

HEARTBEAT = 300  # seconds between two reports of which the second says nothing new
_THERMAL = Path("/sys/class/thermal")


class Identity(NamedTuple):
    """What does not change while the agent runs."""

    device: str
    arch: str
    channel: str
    pod: str


def pods(slots: tuple[SlotState, ...], channel: ChannelState) -> list[dict[str, object]]:
    """What the report says of each slot."""
    wanted = channel.wanted.manifests if channel.wanted else {}
    told: list[dict[str, object]] = []
    for slot in slots:
        manifest = wanted.get(slot.slot)
        image = manifest.images[0] if manifest and manifest.images else ""
        told.append(
            {
                "slot": slot.slot,
                "wanted": {"version": slot.wanted_version, "digest": image.rpartition("@")[2]},
                "running": {"version": slot.version, "digest": slot.digest},
                "state": slot.state,
                "reason": slot.reason,
                "restarts": slot.restarts,
                "since": slot.since,
            }
        )
    return told


def trust(channel: ChannelState, error: AgentError | None) -> dict[str, object]:
    """What the report says of the signed metadata and of the last poll."""
    states = {Stale: "stale", Untrusted: "untrusted", type(None): "fresh"}
    signed = channel.wanted
    return {
        "state": states.get(type(channel.error), "unreachable"),
        "reason": error.message if error else "",
        "version": signed.version if signed else 0,
        "signed": signed.signed if signed else 0,
        "expires": signed.expires if signed else 0,
    }


def document(
    identity: Identity, instance: str, said: Mapping[str, object], *, now: float, state: Path
) -> dict[str, object]:
    """The whole report; `said`: `pods`, `trust` and `spool`, `state`: a folder on the disk."""
    total, available = memory()
    disk = shutil.disk_usage(state)
    return {
        "schema": 1,
        "device": identity.device,
        "instance": instance,
        "arch": identity.arch,
        "channel": identity.channel,
        "agent": {"version": slipway_agent.__version__, "pod": identity.pod},
        "time": int(now),
        "heartbeat": HEARTBEAT,
        **said,
        "disk": {"total": disk.total, "free": disk.free},
        "memory": {"total": total, "available": available},
        "temperature": temperature(),
    }


def instance_of(state: Path, disk: Disk) -> str:
    """Eight hexadecimal digits, made once and kept in the state folder; OSError."""
    file = state / "instance"
    if file.exists() and (kept := file.read_text().strip()).isalnum():
        return kept
    made = os.urandom(4).hex()
    disk.make_folder(state)
    replace_file(disk, file, f"{made}\n".encode())
    return made


def temperature() -> float | None:
    """Of the warmest zone that the kernel knows, in degrees Celsius; None if it knows none."""
    found = []
    for zone in sorted(_THERMAL.glob("thermal_zone*/temp")):
        try:
            found.append(int(zone.read_text()) / 1000)
        except (OSError, ValueError):
            continue
    return max(found, default=None)
