"""The kernel calls that make a host of its own: unshare, setns and mount (glibc by ctypes).

Standard library only and light: the first process of every device lives with it.
"""

import ctypes
import os
from enum import IntFlag
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)


class Namespace(IntFlag):
    """CLONE_NEW… of linux/sched.h."""

    MOUNT = 0x00020000
    UTS = 0x04000000
    IPC = 0x08000000
    PID = 0x20000000
    NET = 0x40000000


class Mount(IntFlag):
    """MS_… of linux/mount.h."""

    NONE = 0
    READ_ONLY = 1
    NO_SUID = 2
    NO_DEV = 4
    NO_EXEC = 8
    REMOUNT = 32
    BIND = 4096
    RECURSIVE = 16384
    PRIVATE = 1 << 18
    SHARED = 1 << 20


def unshare(namespaces: Namespace) -> None:
    """Give the calling process new namespaces (PID: its children); OSError."""
    if _libc.unshare(int(namespaces)):
        _fail("unshare")


def join_network(pid: int) -> None:
    """Move the calling thread into the network of the process `pid`; OSError."""
    with Path(f"/proc/{pid}/ns/net").open("rb") as namespace:
        if _libc.setns(namespace.fileno(), int(Namespace.NET)):
            _fail(f"setns to the network of {pid}")


def mount(
    source: str, target: str, kind: str = "", flags: Mount = Mount.NONE, data: str = ""
) -> None:
    """mount(2); OSError names the target."""
    arguments = (os.fsencode(part) if part else None for part in (source, target, kind))
    if _libc.mount(*arguments, ctypes.c_ulong(int(flags)), data.encode() if data else None):
        _fail(f"mount {kind or source} on {target}")


def unmount(target: str) -> None:
    """umount(2); OSError."""
    if _libc.umount2(os.fsencode(target), 0):
        _fail(f"unmount {target}")


def _fail(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")
