"""Lets the kernel run programs of foreign archs with qemu-user, by binfmt_misc."""

import os
import platform
import subprocess
from pathlib import Path

from slipway.domain.errors import MissingTool
from slipway.domain.names import Arch

_FORMATS = {Arch.ARMV7L: "qemu-arm", Arch.AARCH64: "qemu-aarch64", Arch.X86_64: "qemu-x86_64"}
# What a Raspberry Pi 4 and a Raspberry Pi 3 say of themselves.
_PROCESSORS = {
    Arch.AARCH64: (
        "Features\t: fp asimd evtstrm crc32 cpuid\n"
        "CPU implementer\t: 0x41\nCPU architecture: 8\n"
        "CPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n"
    ),
    Arch.ARMV7L: (
        "model name\t: ARMv7 Processor rev 4 (v7l)\n"
        "Features\t: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae"
        " evtstrm crc32\n"
        "CPU implementer\t: 0x41\nCPU architecture: 7\n"
        "CPU variant\t: 0x0\nCPU part\t: 0xd03\nCPU revision\t: 4\n"
    ),
}
_MOUNT_POINT = Path("/proc/sys/fs/binfmt_misc")
_DEFINITIONS = Path("/usr/lib/binfmt.d")


def enable(arch: Arch) -> None:
    """See to it that this machine runs programs of `arch`.

    What is registered already stays as it is. Otherwise Debian's definition is registered, whose
    F flag has the kernel open the emulator now, so that it is found inside containers too.
    Raises MissingTool, with what to do, where that is not possible.
    """
    if platform.machine() == arch:
        return
    name = _FORMATS[arch]
    if _is_registered(name):
        return
    definition = _DEFINITIONS / f"{name}.conf"
    if not definition.exists():
        raise MissingTool(
            f"programs for {arch} cannot be run here: there is no {definition}",
            hint="Install the Debian package qemu-user-static",
        )
    try:
        if not (_MOUNT_POINT / "register").exists():
            command = ["mount", "-t", "binfmt_misc", "binfmt_misc", str(_MOUNT_POINT)]
            subprocess.run(command, check=True, capture_output=True)
        (_MOUNT_POINT / "register").write_text(definition.read_text().strip())
    except FileExistsError:  # another process was faster
        return
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingTool(
            f"programs for {arch} cannot be run here: {name} is not registered with the kernel",
            hint="As root: systemctl restart systemd-binfmt, or run this command as root once",
        ) from error


def possible(arch: Arch) -> bool:
    """Whether programs of `arch` run here, or will when `enable` is asked by root."""
    if platform.machine() == arch or _is_registered(_FORMATS[arch]):
        return True
    return (_DEFINITIONS / f"{_FORMATS[arch]}.conf").exists()


def processors(arch: Arch) -> str:
    """What an emulated program is to find in /proc/cpuinfo; empty where nothing is emulated.

    The emulator shows this machine's own, and libraries that look there for ARM's cores die of
    what they find.
    """
    if platform.machine() == arch or arch not in _PROCESSORS:
        return ""
    return "".join(
        f"processor\t: {number}\n{_PROCESSORS[arch]}\n" for number in range(os.cpu_count() or 1)
    )


def _is_registered(name: str) -> bool:
    entry = _MOUNT_POINT / name
    try:
        lines = entry.read_text().splitlines()
    except OSError:
        return False
    return "enabled" in lines and any("F" in x.split(":")[1] for x in lines if "flags" in x)
