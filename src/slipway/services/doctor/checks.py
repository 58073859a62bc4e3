"""Judges what every role needs of a machine."""

from collections.abc import Iterable, Sequence

from slipway.domain.machine import Machine, PortState
from slipway.services.doctor.check import Check, missing, ok, warn

_OLDEST_PYTHON = (3, 11)
_DEBIAN = {"debian bookworm", "raspbian bookworm"}


def system(machine: Machine) -> Check:
    """Debian 12, which alone is tried."""
    if machine.system in _DEBIAN:
        return ok("system", f"{machine.system}, {machine.arch}")
    return warn(
        "system",
        f"{machine.system or 'unknown'}, {machine.arch}",
        "Debian 12 is what Slipway is tried on; relatives may do",
    )


def python(machine: Machine) -> Check:
    """The interpreter."""
    found = ".".join(map(str, machine.python))
    if machine.python >= _OLDEST_PYTHON:
        return ok("python", found)
    return missing("python", found, "Install Python 3.11 and set PYTHON to it for scripts/setup")


def distributions(machine: Machine, wanted: Sequence[str], extra: str) -> Check:
    """The Python packages of an extra of Slipway."""
    lacking = [name for name in wanted if name not in machine.distributions]
    what = f"python packages: {extra}"
    if not lacking:
        return ok(what, f"all {len(wanted)}")
    return missing(
        what,
        f"no {', '.join(lacking)}",
        f"In a checkout scripts/setup; else pip install 'slipway[{extra}]'",
    )


def packages(machine: Machine, wanted: Sequence[str]) -> list[Check]:
    """Debian packages, each with its version; those that lack get one command."""
    if machine.packages is None:
        return [
            missing(
                "debian packages",
                "this is no Debian system",
                f"Find what gives it: {', '.join(wanted)}",
            )
        ]
    there = {name: machine.packages[name] for name in wanted if name in machine.packages}
    lacking = [name for name in wanted if name not in there]
    sudo = "" if machine.root else "sudo "
    install = f"{sudo}apt-get install --no-install-recommends"
    return [ok(name, version) for name, version in there.items()] + [
        missing(name, "not installed", f"{install} {name}") for name in lacking
    ]


def privileges(machine: Machine, why: str) -> Check:
    """Root, or a way to it."""
    if machine.root:
        return ok("root", "this is root")
    if machine.sudo:
        return ok("root", "by sudo, without a password")
    return missing(
        "root",
        f"neither root nor sudo: {why}",
        "Run it as root, or let sudo ask no password (sudo -v before)",
    )


def builds_without_root(machine: Machine) -> Check:
    """A builder may do without root where the kernel lets everybody make namespaces."""
    if machine.root or machine.sudo:
        return privileges(machine, "")
    if machine.user_namespaces:
        return warn("root", "none, but user namespaces", "buildah then works; only root is tried")
    return missing(
        "root",
        "neither root nor user namespaces",
        "As root: sysctl kernel.unprivileged_userns_clone=1",
    )


def namespaces(machine: Machine) -> Check:
    """What local devices are made of."""
    if machine.namespaces:
        return ok("namespaces", "mount, pid, network, host name, ipc")
    return missing(
        "namespaces",
        "the kernel does not give them out",
        "Run on a machine or in a container that may make namespaces (privileged)",
    )


def memory_cgroup(machine: Machine) -> Check:
    """What the kubelet limits pods with."""
    if machine.memory_cgroup:
        return ok("memory cgroup", "there")
    return missing(
        "memory cgroup",
        "the kernel's memory control group is off, a kubelet needs it",
        "Raspberry Pi: add cgroup_enable=memory to /boot/firmware/cmdline.txt and reboot",
    )


def emulation(machine: Machine, archs: Iterable[str]) -> list[Check]:
    """Programs of the archs that images are built for: each image is tried before it is tagged."""
    return [
        ok(f"runs {arch}", "this machine's own" if arch == machine.arch else "by qemu-user")
        if machine.emulated.get(arch)
        else missing(
            f"runs {arch}",
            "its images could not be tried, so not be released",
            "Install qemu-user-static, as root; or take the arch out of builder.archs",
        )
        for arch in archs
    ]


def memory(machine: Machine, least: int) -> Check:
    """Enough to work in."""
    found = f"{machine.memory / 1e9:.1f} GB"
    if machine.memory >= least:
        return ok("memory", found)
    return warn("memory", found, f"Less than {least / 1e9:g} GB has not been tried")


def disk(machine: Machine, least: int) -> Check:
    """Enough to begin with."""
    found = f"{machine.free / 1e9:.1f} GB free in {machine.folder}"
    if machine.free >= least:
        return ok("disk", found)
    return missing("disk", found, f"Free {least / 1e9:g} GB, or move the state with SLIPWAY_HOME")


def clock(machine: Machine) -> Check:
    """Signatures expire by it, and versions are numbered by it."""
    if machine.clock:
        return ok("clock", "synchronised")
    return warn(
        "clock",
        "the kernel does not know that it is synchronised",
        "Run a time service (apt-get install systemd-timesyncd); a clock that is off by days makes"
        " devices refuse what is signed",
    )


def ports(machine: Machine) -> list[Check]:
    """Those that `slipway up` listens on."""
    return [
        missing(
            f"port {number}",
            "in use by another process",
            f"Find it: ss -ltnp 'sport = :{number}'; or set another {setting}",
        )
        if state is PortState.TAKEN
        else ok(f"port {number}", f"{state}, {setting}")
        for setting, (number, state) in machine.ports.items()
    ]


def cached_kubelet(machine: Machine) -> Check:
    """The kubelet of local devices."""
    if machine.kubelet:
        return ok("kubelet", f"{machine.kubelet} in the cache")
    return warn(
        "kubelet",
        "not there yet",
        "make demo gets it; by itself: scripts/kubelet, which builds one in about four minutes"
        " where it cannot download it",
    )


def keys(machine: Machine) -> Check:
    """Private keys are their owner's alone."""
    if not machine.open_keys:
        return ok("keys", "no private key is open to others")
    return missing(
        "keys",
        f"others may read {', '.join(path.name for path in machine.open_keys)}",
        f"chmod 600 {' '.join(map(str, machine.open_keys))}; and put a new key in the place of one"
        " that may have been read: docs/trust.md",
    )
