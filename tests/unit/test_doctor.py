"""The doctor judges facts: what a role needs, what is missing, and how to get it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.domain.machine import DeviceFacts, Machine, PortState, Role
from slipway.services.doctor.check import Check, Verdict, fit
from slipway.services.doctor.roles import Needs, examine

NEEDS = Needs(["buildah", "socat"], {"mlflow": ["mlflow"]}, ["x86_64", "armv7l"])
HEALTHY = Machine(
    system="debian bookworm",
    arch="x86_64",
    python=(3, 11),
    distributions={"mlflow": "3.17.2"},
    packages={"buildah": "1.28", "socat": "1.7", "containerd": "1.6.20~ds1-1"},
    root=True,
    namespaces=True,
    user_namespaces=True,
    memory_cgroup=True,
    emulated={"x86_64": True, "armv7l": True},
    memory=16 * 10**9,
    folder=Path("/home/me/.slipway"),
    free=100 * 10**9,
    clock=True,
    ports={"registry.address": (5050, PortState.FREE)},
    kubelet="1.33.8",
    device=DeviceFacts("v1.33.8", trusted=True, migrates=True),
)


def bad(role: Role, needs: Needs = NEEDS, **facts: Any) -> list[Check]:
    found = examine(role, replace(HEALTHY, **facts), needs)
    return [check for check in found if check.verdict is not Verdict.OK]


@pytest.mark.parametrize("role", Role)
def test_a_healthy_machine_lacks_nothing(role: Role) -> None:
    assert bad(role) == []


@pytest.mark.parametrize("role", Role)
def test_everything_is_said_how_to_get(role: Role) -> None:
    nothing = Machine(
        system="", arch="riscv64", python=(3, 9), device=DeviceFacts("", False, None),
        ports={"registry.address": (5050, PortState.TAKEN)}, open_keys=(Path("/k/root-1.pem"),),
    )  # fmt: skip
    found = examine(role, nothing, NEEDS)
    assert not fit(found)
    assert [check for check in found if not check.found] == []
    assert [check for check in found if not check.remedy and check.verdict is not Verdict.OK] == []


@pytest.mark.parametrize(
    ("facts", "what", "verdict", "remedy"),
    [
        ({"python": (3, 10)}, "python", Verdict.MISSING, "Python 3.11"),
        ({"packages": {"socat": "1"}}, "buildah", Verdict.MISSING, "apt-get install"),
        ({"packages": None}, "debian packages", Verdict.MISSING, "buildah, socat"),
        ({"distributions": {}}, "python packages: mlflow", Verdict.MISSING, "slipway[mlflow]"),
        ({"root": False}, "root", Verdict.MISSING, "sudo"),
        ({"namespaces": False}, "namespaces", Verdict.MISSING, "privileged"),
        ({"memory_cgroup": False}, "memory cgroup", Verdict.MISSING, "cgroup_enable=memory"),
        ({"emulated": {"x86_64": True}}, "runs armv7l", Verdict.MISSING, "qemu-user-static"),
        ({"free": 10**9}, "disk", Verdict.MISSING, "SLIPWAY_HOME"),
        ({"memory": 10**9}, "memory", Verdict.WARN, "4 GB"),
        ({"clock": False}, "clock", Verdict.WARN, "time service"),
        ({"kubelet": ""}, "kubelet", Verdict.WARN, "scripts/kubelet"),
        ({"system": "ubuntu noble"}, "system", Verdict.WARN, "Debian 12"),
        (
            {"ports": {"registry.address": (5050, PortState.TAKEN)}},
            "port 5050", Verdict.MISSING, "registry.address",
        ),
        ({"open_keys": (Path("/k/online.pem"),)}, "keys", Verdict.MISSING, "chmod 600 /k/online"),
    ],
)  # fmt: skip
def test_what_a_workstation_lacks(
    facts: dict[str, Any], what: str, verdict: Verdict, remedy: str
) -> None:
    (check,) = bad(Role.WORKSTATION, **facts)
    assert (check.what, check.verdict) == (what, verdict)
    assert remedy in check.remedy
    assert fit([check]) is (verdict is Verdict.WARN)


def test_without_root_packages_are_installed_by_sudo() -> None:
    root, sudo = (bad(Role.BUILDER, packages={}, root=root, sudo=True)[0] for root in (1, 0))
    assert root.remedy.startswith("apt-get install")
    assert sudo.remedy.startswith("sudo apt-get install")


def test_a_builder_may_do_without_root_and_without_what_devices_need() -> None:
    (root,) = bad(
        Role.BUILDER, root=False, namespaces=False, memory_cgroup=False, kubelet="",
        ports={"registry.address": (5050, PortState.TAKEN)},
    )  # fmt: skip
    assert (root.what, root.verdict) == ("root", Verdict.WARN)
    (root,) = bad(Role.BUILDER, root=False, user_namespaces=False)
    assert root.verdict is Verdict.MISSING


@pytest.mark.parametrize(
    ("device", "verdict", "words"),
    [
        (DeviceFacts("", True, True), Verdict.MISSING, "none in /opt/slipway/bin"),
        (DeviceFacts("v1.19.3", True, True), Verdict.MISSING, "1.20 to 1.34"),
        (DeviceFacts("v1.35.0", True, True), Verdict.MISSING, "1.20 to 1.34"),
        (DeviceFacts("v1.34.2", False, True), Verdict.MISSING, "root.json"),
        (DeviceFacts("v1.20.2", True, None), Verdict.WARN, "older than 5.14"),
        (DeviceFacts("v1.20.2", True, False), Verdict.WARN, "net.ipv4.tcp_migrate_req=1"),
    ],
)
def test_what_a_device_lacks(device: DeviceFacts, verdict: Verdict, words: str) -> None:
    (check,) = bad(Role.DEVICE, device=device)
    assert check.verdict is verdict
    assert words in f"{check.found} {check.remedy}"


def test_an_old_containerd_is_no_device() -> None:
    packages = {"buildah": "1", "socat": "1", "containerd": "1.4.13~ds1-1"}
    (check,) = bad(Role.DEVICE, packages=packages)
    assert "too old" in check.found
