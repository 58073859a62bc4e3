"""What a local device is told when it is switched on, and where things lie on its disk."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

ROOT = "/opt/slipway"  # where a device sees its disk
PODS_OWNER = 10001  # the agent and the serving containers run as this user


@dataclass(frozen=True)
class Boot:
    """The disk's `boot.json`, written anew each time the device is switched on."""

    name: str
    kubelet: str  # this machine's path of the binary
    bucket: str  # this machine's folder of the deploy bucket, empty when it is elsewhere
    reports: str  # and of the reports bucket
    address: str  # of the device on the bridge
    prefix: int  # length of the network's prefix
    gateway: str  # this machine on the bridge
    cgroup: str  # below the root of every hierarchy

    def write(self, disk: Path) -> None:
        """Leave it on the disk."""
        (disk / "boot.json").write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, disk: Path) -> Self:
        """Read it in the device's first process."""
        return cls(**json.loads((disk / "boot.json").read_text()))


def identifier(disk: Path) -> str:
    """Eight hexadecimal digits that no other device of this machine has."""
    return hashlib.sha256(str(disk).encode()).hexdigest()[:8]


def cgroup_of(disk: Path) -> str:
    """The device's control group, in every hierarchy."""
    return f"slipway/{disk.name}-{identifier(disk)}"


def disk_folders(disk: Path) -> list[Path]:
    """The folders that every disk has."""
    agents = ("pods", "agent", "images", "streams", "trust", "spool", "bucket", "reports")
    hosts = ("bin", "lib", "etc", "containerd", "kubelet", "log/pods")
    return [disk / name for name in (*agents, *hosts)]
