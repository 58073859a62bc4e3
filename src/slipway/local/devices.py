"""Local devices: hosts of their own on this machine, made of namespaces, a disk and a cable.

A device has its own network, processes, host name and mounts; its disk is a folder, bound at
/opt/slipway inside. It runs the containerd and the kubelet that a real device runs, with the same
configuration. Its first process is its power: killing that one is a power cut.
"""

import contextlib
import os
import platform
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from slipway.domain.errors import Denied, MissingTool, NotFound
from slipway.domain.names import Arch, Channel
from slipway.local import (
    cgroups,
    device_agent,
    device_disk,
    device_power,
    device_trust,
    leases,
    network,
)
from slipway.local.device_agent import AgentPod
from slipway.local.device_boot import cgroup_of
from slipway.local.device_disk import Profile, disk_of
from slipway.local.device_power import Progress
from slipway.ports.bucket import Bucket
from slipway.settings import Settings

_TOOLS = {
    "catatonit": "catatonit",
    "containerd": "containerd",
    "ctr": "containerd",
    "ip": "iproute2",
    "runc": "runc",
    "socat": "socat",
}


@dataclass(frozen=True)
class Device:
    """One local device."""

    name: str
    channel: Channel
    up: bool
    plugged: bool  # whether its network cable is in
    disk: Path
    address: str  # on the bridge; empty while it is not up


def list_devices(settings: Settings) -> tuple[Device, ...]:
    """All devices of this installation, up or not, in order of their names."""
    folder = settings.home / "devices"
    if not folder.is_dir():
        return ()
    names = sorted(path.name for path in folder.iterdir() if (path / "device.json").exists())
    return tuple(_device(settings, name) for name in names)


def device_up(
    settings: Settings,
    deploy: Bucket,
    name: str,
    channel: Channel | None = None,
    progress: Progress = lambda _: None,
) -> Device:
    """Switch a device on, or make it; on one that is up, change its channel.

    Without a channel it keeps its own, a new one gets `latest`. `deploy` is the bucket of
    `settings.deploy_url`, asked only when an agent pod has to be placed. Returns when the kubelet
    answers; pods come by themselves. Raises InvalidName, Denied, MissingTool, Conflict, PortInUse,
    NotFound when there is no root to trust or the channel has no agent pod, Refused when that is
    not what the root's owner has signed, DeviceFailed; then the device is as before, or off.
    """
    disk = disk_of(settings, name)
    _require_root_and_tools()
    root = device_trust.root_of(settings, disk)
    with device_disk.held(disk):
        known = device_disk.read(disk)
        profile = known or Profile(channel or Channel.LATEST)
        profile = replace(profile, channel=channel or profile.channel)
        agent = None
        if profile != known or not device_agent.placed(disk):
            arch = Arch.parse(platform.machine())
            agent = AgentPod.fetch(root, deploy, arch, profile.channel)
        if leases.init_of(disk) is None:
            device_power.switch_on(settings, disk, profile, agent, progress)
        else:
            with leases.locked():
                device_power.open_relay(settings)
            if agent is not None:
                progress(f"{name} moves to {profile.channel}")
                _exchange_agent(settings, disk, profile, agent)
    return _device(settings, name)


def device_down(settings: Settings, name: str, *, erase: bool = False) -> bool:
    """Switch a device off gently; its pods are told to end first. Returns whether it was up.

    Nothing of it is left but its disk, and with `erase` not that either. What a power cut left is
    swept as well. NotFound when there is no such device.
    """
    disk = _existing(settings, name)
    if leases.find(disk) is None and not erase:
        return False  # needs no root
    _require_root_and_tools()
    with device_disk.held(disk):
        was_up = device_power.switch_off(disk)
        if erase:
            shutil.rmtree(disk)
    return was_up


def power_cut(settings: Settings, name: str) -> None:
    """Take the power away: every process of the device ends at once. NotFound when it is not up."""
    if not device_power.cut(_existing(settings, name)):
        raise NotFound(f"device {name!r} is not up", hint=f"slipway device up {name}")


def set_plugged(settings: Settings, name: str, plugged: bool) -> Device:
    """Plug the device's network cable in or out; it stays so over a restart. NotFound."""
    disk = _existing(settings, name)
    _require_root_and_tools()
    with device_disk.held(disk):
        device_disk.set_plugged(disk, plugged)
        if leases.init_of(disk):
            network.set_cable(disk, plugged)
    return _device(settings, name)


def resident_memory(settings: Settings, name: str) -> dict[str, int]:
    """Bytes resident per program of a device that is up; what programs share counts in each."""
    found: dict[str, int] = {}
    for pid in cgroups.processes(cgroup_of(disk_of(settings, name))):
        with contextlib.suppress(OSError, KeyError):  # ended while we look
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            size = int(fields["VmRSS"].split()[0]) * 1024
            found[fields["Name"]] = found.get(fields["Name"], 0) + size
    return found


def _device(settings: Settings, name: str) -> Device:
    disk = disk_of(settings, name)
    profile = device_disk.read(disk) or Profile(Channel.LATEST)
    lease = leases.find(disk)
    up = bool(lease and lease.init)
    address = lease.address if lease and up else ""
    return Device(name, profile.channel, up, profile.plugged, disk, address)


def _existing(settings: Settings, name: str) -> Path:
    disk = disk_of(settings, name)
    if not disk.exists():
        raise NotFound(f"device {name!r} does not exist", hint="See: slipway device list")
    return disk


def _exchange_agent(settings: Settings, disk: Path, profile: Profile, agent: AgentPod) -> None:
    """Take the old channel's agent away before the new one comes; when that fails, and on ctrl-C,
    the device has its old one again."""
    old, before = device_disk.read(disk), device_agent.newest(disk)
    try:
        if not device_agent.take_away(settings, disk):
            raise device_power.failed(disk, "the old channel's agent does not leave")
        device_disk.write(disk, profile)
        agent.place(disk)
    except BaseException:
        if old and before:
            device_disk.write(disk, old)
            before.place(disk)
        raise


def _require_root_and_tools() -> None:
    if os.geteuid() != 0:
        raise Denied("local devices need root: namespaces, mounts, a bridge", hint="Use sudo")
    for tool, package in _TOOLS.items():
        if shutil.which(tool) is None:
            raise MissingTool(f"{tool} is not installed", hint=f"Install Debian's {package}")
