"""Judges what a device needs that no other machine does."""

import re

from slipway.domain.machine import DeviceFacts
from slipway.services.doctor.check import Check, missing, ok, warn

_OLDEST, _NEWEST = (1, 20), (1, 34)  # kubelets that edge-agent/device is written for
_INSTALL = "edge-agent/device/install.sh installs it: docs/device.md"


def device(facts: DeviceFacts, containerd: str) -> list[Check]:
    """The device's own parts; `containerd` is the version of Debian's package, or empty."""
    return [_kubelet(facts.kubelet), _containerd(containerd), _trust(facts), _migration(facts)]


def _kubelet(version: str) -> Check:
    if not version:
        return missing("kubelet", "none in /opt/slipway/bin", _INSTALL)
    numbers = _numbers(version)
    if _OLDEST <= numbers <= _NEWEST:
        return ok("kubelet", version)
    return missing(
        "kubelet",
        f"{version} is not one that the configuration is for",
        f"Take one from {_dotted(_OLDEST)} to {_dotted(_NEWEST)}: install.sh --kubelet FILE",
    )


def _containerd(version: str) -> Check:
    if not version:
        return missing("containerd's version", "not installed", _INSTALL)
    if _numbers(version) >= (1, 6):
        return ok("containerd's version", "1.6 or later")
    return missing("containerd's version", f"{version} is too old", "Debian 12 has 1.6")


def _trust(facts: DeviceFacts) -> Check:
    if facts.trusted:
        return ok("trust", "root.json is there")
    return missing("trust", "no /opt/slipway/trust/root.json, so nothing is believed", _INSTALL)


def _migration(facts: DeviceFacts) -> Check:
    if facts.migrates:
        return ok("tcp_migrate_req", "connections go over to the new version")
    if facts.migrates is None:
        return warn(
            "tcp_migrate_req",
            "this kernel is older than 5.14",
            "An update may reset a connection that comes just then; a newer kernel does not",
        )
    return warn(
        "tcp_migrate_req",
        "off: an update may reset a connection that comes just then",
        "sysctl -w net.ipv4.tcp_migrate_req=1; install.sh makes it last",
    )


def _numbers(version: str) -> tuple[int, int]:
    """The first two numbers of `v1.33.8` or `1.6.20~ds1-1`."""
    match = re.search(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _dotted(numbers: tuple[int, int]) -> str:
    return ".".join(map(str, numbers))
