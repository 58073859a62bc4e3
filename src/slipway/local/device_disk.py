"""A local device's disk: the folder `devices/NAME` below SLIPWAY_HOME."""

import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

from slipway.domain.errors import Conflict, DeviceFailed, DiskFull, InvalidName
from slipway.domain.names import Channel
from slipway.local import leases
from slipway.local.device_boot import PODS_OWNER, ROOT, Boot, disk_folders
from slipway.settings import Settings

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
_CAP_SYS_RESOURCE = 24  # linux/capability.h


@dataclass(frozen=True)
class Profile:
    """The disk's `device.json`: what the device is, whether up or down."""

    channel: Channel
    plugged: bool = True  # whether its network cable is in


def disk_of(settings: Settings, name: str) -> Path:
    """Where a device's disk is; InvalidName."""
    if not _NAME.fullmatch(name):
        raise InvalidName(
            f"{name!r} is not a device name",
            hint="Use letters, digits, hyphens inside; at most 32 characters",
        )
    return settings.home / "devices" / name


def read(disk: Path) -> Profile | None:
    """What the device is, None when there is no such device."""
    try:
        document = json.loads((disk / "device.json").read_text())
        return Profile(Channel.parse(document["channel"]), bool(document["plugged"]))
    except FileNotFoundError:
        return None


def write(disk: Path, identity: Profile) -> None:
    """Remember what the device is."""
    replace_file(disk / "device.json", json.dumps(asdict(identity), indent=2).encode() + b"\n")


def set_plugged(disk: Path, plugged: bool) -> None:
    """Remember whether the cable is in."""
    if identity := read(disk):
        write(disk, replace(identity, plugged=plugged))


@contextmanager
def held(disk: Path) -> Iterator[None]:
    """One command at a time for one device; Conflict while another is at it."""
    disk.parent.mkdir(parents=True, exist_ok=True)
    with (disk.parent / f".{disk.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                f"another command is working on device {disk.name!r}", hint="Wait for it to end"
            ) from error
        yield


def prepare(disk: Path, boot: Boot, registry: str) -> None:
    """Lay out the disk, new or as it was left, and write the configuration afresh.

    `registry` is the HOST:PORT of the registry on this machine's loopback, which the bridge
    relays.
    """
    for folder in disk_folders(disk):
        folder.mkdir(parents=True, exist_ok=True)
    for folder in (disk / "pods", disk / "agent", disk / "spool"):
        os.chown(folder, PODS_OWNER, PODS_OWNER)
    (disk / "bin" / "kubelet").touch()
    etc = disk / "etc"
    values = {
        "ROOT": ROOT,
        "CGROUP_DRIVER": "cgroupfs",
        "CGROUP_ROOT": f"/{boot.cgroup}",
        "SYSTEMD_CGROUP": "false",
        "RESTRICT_OOM_SCORE_ADJ": "false" if _may_raise_limits() else "true",
    }
    for name in ("kubelet.yaml", "containerd.toml"):
        replace_file(etc / name, _fill(_shipped(name), values).encode())
    (etc / "cni").mkdir(exist_ok=True)
    replace_file(etc / "cni" / "10-slipway.conflist", _shipped("cni.conflist").encode())
    start = disk / "lib" / "start-kubelet"
    replace_file(start, _shipped("start-kubelet").encode())
    start.chmod(0o755)
    shutil.rmtree(etc / "certs.d", ignore_errors=True)
    relay = f"http://{leases.GATEWAY}:{registry.rpartition(':')[2]}"
    (etc / "certs.d" / registry).mkdir(parents=True)
    hosts = f'server = "{relay}"\n[host."{relay}"]\n  capabilities = ["pull", "resolve"]\n'
    replace_file(etc / "certs.d" / registry / "hosts.toml", hosts.encode())
    if not (disk / "lib" / "pause.tar").exists():
        _make_pause_image(disk / "lib" / "pause.tar")
    boot.write(disk)


def last_words(disk: Path) -> str:
    """The ends of the device's logs that have one, each on a line."""
    ends = []
    for log in ("init", "containerd", "kubelet"):
        path = disk / "log" / f"{log}.log"
        if path.exists() and (lines := path.read_text(errors="replace").splitlines()):
            ends.append(f"{log}: {lines[-1][:400]}")
    return "\n".join(ends)


def _make_pause_image(output: Path) -> None:
    with as_file(files("slipway_device") / "make-pause-image") as script:
        done = subprocess.run(
            ["sh", str(script), str(output)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        message = f"the pause image cannot be made: {done.stderr.strip()}"
        if "No space left" in done.stderr:
            raise DiskFull(message, hint="Free some space and try again")
        raise DeviceFailed(message, hint="It is made of Debian's catatonit")


def _shipped(name: str) -> str:
    return (files("slipway_device") / name).read_text()


def _fill(template: str, values: dict[str, str]) -> str:
    for key, value in values.items():
        template = template.replace(f"@{key}@", value)
    return template


def _may_raise_limits() -> bool:
    """Whether CAP_SYS_RESOURCE is there, without which no process may be made less killable."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_SYS_RESOURCE & 1)
    return False


def replace_file(path: Path, data: bytes, owner: int = 0) -> None:
    """Write a file so that it is whole or as before, whenever we are killed. The kubelet passes
    over names that begin with a dot."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        os.fchown(file.fileno(), owner, owner)
        os.fchmod(file.fileno(), 0o644)
    temporary.replace(path)
