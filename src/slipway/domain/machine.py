"""A machine as it was found: what `slipway doctor` judges. Sizes are in bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Role(StrEnum):
    """What a machine is to be used for."""

    WORKSTATION = "workstation"  # everything on one machine, local devices included
    BUILDER = "builder"  # trains, and builds images for another registry and bucket
    DEVICE = "device"  # runs models


class PortState(StrEnum):
    """Who listens on a port."""

    FREE = "free"
    OURS = "ours"
    TAKEN = "taken"


@dataclass(frozen=True)
class DeviceFacts:
    """What is special to a device."""

    kubelet: str  # its version; empty where there is none
    trusted: bool  # there is a root.json to start from
    migrates: bool | None  # the setting tcp_migrate_req; None: a kernel without it


@dataclass(frozen=True)
class Machine:
    """The facts, as they are seen without changing anything."""

    system: str  # ID and VERSION_CODENAME of os-release
    arch: str  # as `uname -m`
    python: tuple[int, int]
    distributions: Mapping[str, str] = field(default_factory=dict)  # Python: name → version
    packages: Mapping[str, str] | None = None  # Debian: name → version; None: no dpkg
    root: bool = False
    sudo: bool = False  # without a password
    namespaces: bool = False  # the kernel has those that devices are made of
    user_namespaces: bool = False  # for everybody
    memory_cgroup: bool = False
    emulated: Mapping[str, bool] = field(default_factory=dict)  # arch → its programs run, or may
    memory: int = 0
    folder: Path = Path()  # where the state lies, or will
    free: int = 0  # on its file system
    clock: bool = False  # the kernel says that it is synchronised
    ports: Mapping[str, tuple[int, PortState]] = field(default_factory=dict)  # by setting
    kubelet: str = ""  # version of the newest in the cache
    open_keys: tuple[Path, ...] = ()  # private, and readable by others
    device: DeviceFacts | None = None
