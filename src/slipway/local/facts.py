"""Looks at this machine for `slipway doctor`, and changes nothing."""

import ctypes
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata, resources
from pathlib import Path

from slipway.domain.errors import MissingTool, PortInUse
from slipway.domain.machine import DeviceFacts, Machine, PortState
from slipway.local import disk_space, kubelet_cache, stack, tcp
from slipway.local.process import LocalProcess
from slipway.settings import Settings

DEVICE_ROOT = Path("/opt/slipway")
_NAMESPACES = ("mnt", "pid", "net", "uts", "ipc")
_MIGRATE = Path("/proc/sys/net/ipv4/tcp_migrate_req")
_SECONDS = 20.0  # for a program that only tells its version
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised


def look(settings: Settings, emulated: Mapping[str, bool], *, device: bool) -> Machine:
    """The facts; with `device` those of a device, too. `emulated`: see `Machine`."""
    folder = DEVICE_ROOT if device else settings.home
    return Machine(
        system=_system(Path("/etc/os-release").read_text()),
        arch=platform.machine(),
        python=sys.version_info[:2],
        distributions=_distributions(),
        packages=_packages(),
        root=os.geteuid() == 0,
        sudo=_succeeds("sudo", "-n", "true"),
        namespaces=all(Path(f"/proc/self/ns/{name}").exists() for name in _NAMESPACES),
        user_namespaces=_user_namespaces(),
        memory_cgroup=_memory_cgroup(),
        emulated=emulated,
        memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        folder=folder,
        free=disk_space.space(folder).free,
        clock=_clock(),
        ports=_ports(settings),
        kubelet=_cached_kubelet(settings),
        open_keys=_open_keys(settings.keys),
        device=_device() if device else None,
    )


def debian_packages(package: str) -> dict[str, str]:
    """What stands in `debian-packages.txt` of one of our Python packages: each name with the word
    that it is marked with, or none."""
    text = (resources.files(package) / "debian-packages.txt").read_text()
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {words[0]: words[1] if words[1:] else "" for words in lines}


def _system(os_release: str) -> str:
    lines = (line.partition("=") for line in os_release.splitlines())
    fields = {name: value.strip('"') for name, _, value in lines}
    return f"{fields.get('ID', '')} {fields.get('VERSION_CODENAME', '')}".strip()


def _distributions() -> dict[str, str]:
    return {each.name.lower().replace("_", "-"): each.version for each in metadata.distributions()}


def _packages() -> dict[str, str] | None:
    form = "${db:Status-Status} ${Package} ${Version}\n"
    try:
        done = subprocess.run(
            ["dpkg-query", "-W", "-f", form],
            capture_output=True, text=True, check=False, timeout=_SECONDS,
        )  # fmt: skip
    except OSError:
        return None
    lines = [line.split() for line in done.stdout.splitlines()]
    return {words[1]: words[2] for words in lines if words[0] == "installed"}


def _succeeds(*command: str) -> bool:
    try:
        return not subprocess.run(
            command, capture_output=True, check=False, timeout=_SECONDS
        ).returncode
    except (OSError, subprocess.TimeoutExpired):  # not there, or in a folder that is closed
        return False


def _user_namespaces() -> bool:
    """Debian's own switch, where the kernel has it, and the kernel's number."""
    switch = Path("/proc/sys/kernel/unprivileged_userns_clone")
    number = Path("/proc/sys/user/max_user_namespaces")
    if switch.exists() and switch.read_text().strip() == "0":
        return False
    return number.exists() and int(number.read_text()) > 0


def _memory_cgroup() -> bool:
    unified = Path("/sys/fs/cgroup/cgroup.controllers")
    if unified.exists() and "memory" in unified.read_text().split():
        return True
    lines = [line.split() for line in Path("/proc/cgroups").read_text().splitlines()]
    return any(words[0] == "memory" and words[3] == "1" for words in lines)


def _clock() -> bool:
    """Whatever program keeps it, the kernel is told."""
    return ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(1024)) not in (-1, _TIME_ERROR)


def _ports(settings: Settings) -> dict[str, tuple[int, PortState]]:
    found = stack.ports(settings).items()
    return {setting: (number, _port(number, process)) for setting, (number, process) in found}


def _port(number: int, process: LocalProcess) -> PortState:
    if process.find():
        return PortState.OURS
    try:
        return PortState.FREE if tcp.is_free("127.0.0.1", number) else PortState.TAKEN
    except PortInUse:
        return PortState.TAKEN


def _cached_kubelet(settings: Settings) -> str:
    try:
        return kubelet_cache.find(settings).parts[-3]
    except MissingTool:
        return ""


def _open_keys(folder: Path) -> tuple[Path, ...]:
    found: Iterable[Path] = sorted(folder.glob("*.pem")) if folder.is_dir() else ()
    return tuple(path for path in found if path.stat().st_mode & 0o077)


def _device() -> DeviceFacts:
    kubelet = DEVICE_ROOT / "bin" / "kubelet"
    version = ""
    if kubelet.exists():
        done = subprocess.run(
            [str(kubelet), "--version"],
            capture_output=True, text=True, check=False, timeout=_SECONDS,
        )  # fmt: skip
        version = done.stdout.strip().removeprefix("Kubernetes ")
    migrates = _MIGRATE.read_text().strip() == "1" if _MIGRATE.exists() else None
    return DeviceFacts(version, (DEVICE_ROOT / "trust" / "root.json").exists(), migrates)
