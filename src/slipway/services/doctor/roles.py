"""What is asked of which role."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slipway.domain.machine import Machine, Role
from slipway.services.doctor import checks
from slipway.services.doctor.check import Check
from slipway.services.doctor.device import device

# Of `make demo` from nothing: virtual environment 3 GB, kubelet and base file systems 1 GB, state
# 1 GB; what images are built in is as much again.
_WORKSTATION_DISK = 10 * 10**9
_BUILDER_DISK = 8 * 10**9
_DEVICE_DISK = 10**9  # two versions, their layers and those being pulled
_TRAINING_MEMORY = 4 * 10**9
_DEVICE_MEMORY = 450 * 10**6  # kubelet 120, containerd 49, agent and two models of 50 MB, Linux


@dataclass(frozen=True)
class Needs:
    """What the settings and the installed distribution ask for."""

    packages: Sequence[str]  # Debian's
    extras: Mapping[str, Sequence[str]]  # extra of Slipway → Python packages
    archs: Sequence[str]  # that images are built for


def examine(role: Role, machine: Machine, needs: Needs) -> list[Check]:
    """Everything that the machine itself has to have."""
    found = [checks.system(machine)]
    if role is Role.DEVICE:
        found += [
            checks.privileges(machine, "only root installs a device"),
            *checks.packages(machine, needs.packages),
            checks.memory_cgroup(machine),
            checks.memory(machine, _DEVICE_MEMORY),
            checks.disk(machine, _DEVICE_DISK),
            checks.clock(machine),
        ]
        containerd = (machine.packages or {}).get("containerd", "")
        return found + (device(machine.device, containerd) if machine.device else [])
    found += [
        checks.python(machine),
        *(checks.distributions(machine, names, extra) for extra, names in needs.extras.items()),
        *checks.packages(machine, needs.packages),
        *checks.emulation(machine, needs.archs),
        checks.memory(machine, _TRAINING_MEMORY),
        checks.clock(machine),
        checks.keys(machine),
    ]
    if role is Role.BUILDER:
        return [*found, checks.builds_without_root(machine), checks.disk(machine, _BUILDER_DISK)]
    return [
        *found,
        checks.privileges(machine, "local devices are made of namespaces, mounts and a bridge"),
        checks.namespaces(machine),
        checks.memory_cgroup(machine),
        checks.disk(machine, _WORKSTATION_DISK),
        *checks.ports(machine),
        checks.cached_kubelet(machine),
    ]
