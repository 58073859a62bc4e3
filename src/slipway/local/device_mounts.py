"""The file system of a local device: this machine's, with some places of its own.

- /opt/slipway is the device's disk; in it /opt/slipway/bucket is the deploy bucket, read-only, and
  /opt/slipway/reports the reports bucket;
- /run is empty after every start, as on every machine;
- /var and /opt are this machine's, but what is written there stays in the device, in memory;
- /etc/hosts knows the device and this machine, and nothing else;
- the kernel settings that a kubelet insists on look as it wants them, and stay as they are.

All of it lives in the mount namespace of the device's first process and ends with it.
"""

import os
from pathlib import Path

from slipway.local.device_boot import ROOT, Boot
from slipway.local.namespaces import Mount, mount, unmount

_RUN = Path("/run")
_SCRATCH = _RUN / "slipway" / "scratch"

# What kubelets set, each for the whole machine (pkg/kubelet/cm, setupKernelTunables).
_KERNEL_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


def arrange(disk: Path, boot: Boot) -> None:
    """Mount everything; OSError when the kernel or the disk's file system refuses."""
    mount("none", "/", flags=Mount.RECURSIVE | Mount.PRIVATE)
    mount("proc", "/proc", "proc", Mount.NO_SUID | Mount.NO_DEV | Mount.NO_EXEC)
    resolver = _read("/etc/resolv.conf")
    # Held open, because what is mounted next may cover the paths.
    held = {ROOT: os.open(disk, os.O_PATH), f"{ROOT}/bin/kubelet": os.open(boot.kubelet, os.O_PATH)}
    for name, folder in (("bucket", boot.bucket), ("reports", boot.reports)):
        if folder:
            held[f"{ROOT}/{name}"] = os.open(folder, os.O_PATH)

    mount("tmpfs", str(_RUN), "tmpfs", Mount.NO_SUID | Mount.NO_DEV, "mode=0755")
    for folder in ("/var", "/opt"):
        _keep_changes_in_memory(Path(folder))
    Path(ROOT).mkdir(exist_ok=True)
    for target, source in held.items():
        mount(f"/proc/self/fd/{source}", target, flags=Mount.BIND)
        os.close(source)
    if boot.bucket:
        mount("", f"{ROOT}/bucket", flags=Mount.REMOUNT | Mount.BIND | Mount.READ_ONLY)
    Path("/var/log/pods").mkdir(parents=True, exist_ok=True)
    mount(f"{ROOT}/log/pods", "/var/log/pods", flags=Mount.BIND)
    _try_overlay(Path(ROOT) / ".overlay")
    _restore_resolver(resolver)
    _name_hosts(boot)
    _show_kernel_settings()
    # As systemd leaves it: containers are started by processes that expect it.
    mount("none", "/", flags=Mount.RECURSIVE | Mount.SHARED)


def _keep_changes_in_memory(folder: Path) -> None:
    upper, work = _SCRATCH / folder.name / "upper", _SCRATCH / folder.name / "work"
    upper.mkdir(parents=True)
    upper.chmod(0o755)
    work.mkdir()
    options = f"lowerdir={folder},upperdir={upper},workdir={work}"
    mount("overlay", str(folder), "overlay", data=options)


def _try_overlay(probe: Path) -> None:
    """Layers of images are stacked with overlayfs: find out now whether this disk can."""
    layers = {name: probe / name for name in ("lower", "upper", "work", "merged")}
    for layer in layers.values():
        layer.mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={layers['lower']},upperdir={layers['upper']},workdir={layers['work']}"
    try:
        mount("overlay", str(layers["merged"]), "overlay", data=options)
    except OSError as error:
        raise OSError(
            error.errno,
            "overlayfs does not work on the disk's file system; move SLIPWAY_HOME to ext4",
        ) from error
    unmount(str(layers["merged"]))


def _read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def _restore_resolver(content: bytes | None) -> None:
    """/etc/resolv.conf is often a link to a file below /run, which is empty now."""
    target = Path("/etc/resolv.conf").resolve()
    if content is not None and target.is_relative_to(_RUN):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _name_hosts(boot: Boot) -> None:
    """The kubelet looks its own address up by its name; there is no other name service here."""
    hosts = _SCRATCH / "hosts"
    hosts.write_text(
        f"127.0.0.1 localhost\n{boot.address} {boot.name.lower()}\n{boot.gateway} slipway-host\n"
    )
    mount(str(hosts), "/etc/hosts", flags=Mount.BIND)


def _show_kernel_settings() -> None:
    folder = _SCRATCH / "sysctl"
    folder.mkdir()
    for name, value in _KERNEL_SETTINGS.items():
        setting = Path("/proc/sys") / name
        if setting.exists():
            shown = folder / name.replace("/", ".")
            shown.write_text(value + "\n")
            mount(str(shown), str(setting), flags=Mount.BIND)
