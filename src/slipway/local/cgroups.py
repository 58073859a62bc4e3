"""Control groups of a local device, on machines with cgroup v1, v2 or both.

A device has the group `slipway/NAME-ID` in every hierarchy: `host` below it for the device's own
processes, `kubepods`, made by the kubelet, for the pods'.
"""

import contextlib
import os
import time
from pathlib import Path

_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "pids", "hugetlb")
HOST = "host"


def hierarchies() -> list[tuple[Path, bool]]:
    """Where control groups are mounted, and whether as v2; [] where they are not."""
    found = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, target, kind, *_ = line.split()
        if kind in ("cgroup", "cgroup2"):
            found[Path(target)] = kind == "cgroup2"
    return list(found.items())


def create(group: str) -> None:
    """Make a device's groups, with every controller that there is; OSError."""
    for root, v2 in hierarchies():
        folder = root
        for part in (*Path(group).parts, HOST):
            if v2:
                _delegate(folder)
            folder = folder / part
            folder.mkdir(exist_ok=True)
            for setting in ("cpuset.cpus", "cpuset.mems"):  # a new v1 cpuset is empty and unusable
                if not v2 and (folder / setting).exists():
                    (folder / setting).write_text((folder.parent / setting).read_text())


def join(group: str) -> None:
    """Move the calling process into a device's `host` group; OSError."""
    for root, _ in hierarchies():
        (root / group / HOST / "cgroup.procs").write_text("0")


def processes(group: str) -> set[int]:
    """The pids, as the caller sees them, of all processes in a group and below it."""
    found: set[int] = set()
    for folder in _below(group):
        found |= _in(folder)
    return found


def pod_processes(group: str, uid: str) -> set[int]:
    """The same for one pod of the device, whatever its class."""
    found: set[int] = set()
    for folder in _below(group):
        if f"pod{uid}" in folder.parts:
            found |= _in(folder)
    return found


def remove(group: str, seconds: float = 5) -> None:
    """Remove a group whose processes have ended, and what is below it; OSError."""
    deadline = time.monotonic() + seconds
    for root, _ in hierarchies():
        folders = [Path(folder) for folder, *_ in os.walk(root / group, topdown=False)]
        for folder in folders:
            while True:
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    pass
                except OSError:  # the kernel is still busy with a process that has just ended
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
                    continue
                break
        with contextlib.suppress(OSError):  # other devices are in it
            (root / group).parent.rmdir()


def _below(group: str) -> list[Path]:
    """A group and all below it, in every hierarchy; those that go while we look are left out."""
    return [Path(folder) for root, _ in hierarchies() for folder, *_ in os.walk(root / group)]


def _in(folder: Path) -> set[int]:
    try:
        return set(map(int, (folder / "cgroup.procs").read_text().split())) - {0}
    except OSError:  # gone while we look
        return set()


def _delegate(folder: Path) -> None:
    """Let groups below `folder` have its controllers (cgroup v2)."""
    there = (folder / "cgroup.controllers").read_text().split()
    wanted = [name for name in _CONTROLLERS if name in there]
    if wanted:
        control = " ".join(f"+{name}" for name in wanted)
        (folder / "cgroup.subtree_control").write_text(control)
