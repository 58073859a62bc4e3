"""Switches local devices on and off, and removes what they leave on this machine."""

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from slipway.domain.errors import DeviceFailed, DiskFull, InvalidSetting, NotFound
from slipway.domain.system_errors import system_error
from slipway.local import (
    cgroups,
    device_disk,
    device_trust,
    kubelet_cache,
    leases,
    network,
    registry,
)
from slipway.local.device_agent import AgentPod
from slipway.local.device_boot import PODS_OWNER, Boot, cgroup_of
from slipway.local.device_disk import Profile
from slipway.local.device_pods import kubelet_answers
from slipway.local.leases import Lease
from slipway.local.process import Identity
from slipway.settings import Settings

Progress = Callable[[str], None]

_START = 60.0  # seconds until containerd and kubelet answer
_STOP = 30.0  # seconds for a device to go down by itself
_LEAST_SPACE = 128 << 20  # bytes; evictionHard in kubelet.yaml is a little less


def switch_on(
    settings: Settings, disk: Path, profile: Profile, agent: AgentPod | None, progress: Progress
) -> None:
    """Start a device that is off and wait until its kubelet answers.

    `agent` is the pod to place first, None to keep the one on the disk. DeviceFailed, DiskFull,
    MissingTool, PortInUse, InvalidSetting, NotFound; then, and on ctrl-C, the device is off again,
    and a new one is not made.
    """
    kubelet = kubelet_cache.find(settings)
    host, port = _registry(settings)
    _require_space(disk)
    sweep(disk)
    with _off_again_on_failure(disk):
        with leases.locked():
            address = leases.choose_address(disk)
            boot = Boot(
                name=disk.name,
                kubelet=str(kubelet),
                bucket=_folder(settings.deploy_url),
                reports=_reports(settings),
                address=address,
                prefix=leases.NETWORK.prefixlen,
                gateway=leases.GATEWAY,
                cgroup=cgroup_of(disk),
            )
            device_disk.prepare(disk, boot, f"{host}:{port}")
            device_trust.pin(settings, disk)
            if agent is not None:
                agent.place(disk)
            device_disk.write(disk, profile)
            lease = Lease(str(disk), disk.name, address, port)
            leases.write(lease)  # from here on there is something to sweep
            network.open_bridge()
            open_relay(settings)
            cgroups.create(boot.cgroup)
            init = _start_init(disk, profile.plugged, lease)
        progress(f"{disk.name} boots: containerd, kubelet")
        _wait_answers(disk, init)


def switch_off(disk: Path) -> bool:
    """End a device gently and sweep; whether it was on."""
    init = leases.init_of(disk)
    if init:
        _signal(init, signal.SIGTERM)
        _wait_gone(init)
    sweep(disk)
    return init is not None


def cut(disk: Path) -> bool:
    """Take the power away, and leave what that leaves; whether it was on."""
    init = leases.init_of(disk)
    if init:
        _signal(init, signal.SIGKILL)
        _wait_gone(init)
    return init is not None


def sweep(disk: Path) -> None:
    """Remove what a device that is off leaves on this machine: control groups, cable and lease,
    and with the last device the relays and the bridge. Its namespaces went with its processes."""
    cgroups.remove(cgroup_of(disk))
    with leases.locked():
        network.disconnect(disk)
        leases.give_back(disk)
        network.close_unused()


def open_relay(settings: Settings) -> None:
    """Let devices reach the registry; the caller holds `leases.locked()`."""
    network.open_relay(*_registry(settings))


def failed(disk: Path, what: str) -> DeviceFailed:
    """The error for a device that does not do what it should, with the ends of its logs."""
    return DeviceFailed(
        f"device {disk.name!r}: {what}\n{device_disk.last_words(disk)}",
        hint=f"Its logs are in {disk / 'log'}",
    )


@contextmanager
def _off_again_on_failure(disk: Path) -> Iterator[None]:
    """A new device is not made either, unless its logs tell what went wrong."""
    new = device_disk.read(disk) is None
    try:
        yield
    except BaseException as error:
        cut(disk)
        sweep(disk)
        problem = error
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            problem = system_error(error, str(disk))
        elif isinstance(error, OSError):
            problem = failed(disk, f"this machine refuses: {error}")
        if new and not isinstance(problem, DeviceFailed):
            shutil.rmtree(disk, ignore_errors=True)
        if problem is error:
            raise
        raise problem from error


def _require_space(disk: Path) -> None:
    """A kubelet that finds less starts no pod, or does not start itself."""
    free = shutil.disk_usage(disk.parent).free
    if free < _LEAST_SPACE:
        raise DiskFull(
            f"no space left for device {disk.name!r}: {free >> 20} MiB are free in {disk.parent},"
            f" it needs {_LEAST_SPACE >> 20}",
            hint="Free some, or move SLIPWAY_HOME",
        )


def _start_init(disk: Path, plugged: bool, lease: Lease) -> Identity:
    """Start the first process, lay its cable, and let it go on."""
    with (disk / "log" / "init.log").open("ab") as log:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "slipway.local.device_init", str(disk)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    with launcher:
        answer, gate = launcher.stdout, launcher.stdin
        if answer is None or gate is None:
            raise AssertionError("pipes were asked for")
        pid = answer.readline().strip()
        init = Identity.of(int(pid)) if pid else None
        if init is None:
            raise failed(disk, "its first process does not start")
        leases.write(replace(lease, pid=init.pid, started=init.started))
        network.connect(disk, init.pid, plugged)
        gate.write(b"go\n")
    return init


def _wait_answers(disk: Path, init: Identity) -> None:
    deadline = time.monotonic() + _START
    while True:
        if not init.alive:
            raise failed(disk, "it went down again")
        with contextlib.suppress(NotFound):  # ended between two looks: the next one says so
            if kubelet_answers(init.pid):
                return
        if time.monotonic() > deadline:
            raise failed(disk, f"its kubelet does not answer after {_START:.0f} s")
        time.sleep(0.05)


def _wait_gone(init: Identity) -> None:
    """Wait for its end, by force when it takes too long."""
    deadline = time.monotonic() + _STOP
    while init.alive:
        if time.monotonic() > deadline:
            _signal(init, signal.SIGKILL)
        time.sleep(0.02)


def _signal(init: Identity, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(init.pid, number)


def _folder(url: str) -> str:
    """The folder behind a file:// bucket, empty for a bucket elsewhere."""
    return url.removeprefix("file://") if url.startswith("file://") else ""


def _reports(settings: Settings) -> str:
    """The folder of the reports bucket, empty for one elsewhere; agents are to write in that of the
    embedded default."""
    folder = _folder(settings.reports_url)
    if not settings.buckets.reports:
        Path(folder).mkdir(parents=True, exist_ok=True)
        os.chown(folder, PODS_OWNER, PODS_OWNER)
    return folder


def _registry(settings: Settings) -> tuple[str, int]:
    """Host and port of the registry; InvalidSetting when devices cannot reach it."""
    address = settings.registry.address.partition("/")[0]
    host, _, port = address.rpartition(":")
    if not registry.is_local(settings) or not port.isdigit():
        raise InvalidSetting(
            f"registry.address {settings.registry.address!r} is not a port of this machine's"
            " loopback, and local devices reach no other place",
            hint="Set it to 127.0.0.1:5000 or the like; docs/device.md has the device for the rest",
        )
    return host, int(port)
