"""The parts of local devices that need neither root nor engines."""

import json
import os
from pathlib import Path

import pytest

from slipway.domain.errors import Conflict
from slipway.domain.names import Channel
from slipway.local import device_disk, device_pods, leases, netns
from slipway.local.device_boot import identifier
from slipway.local.device_disk import Profile
from slipway.local.network import interface
from slipway.settings import Settings

PODS = {
    "items": [
        {
            "metadata": {
                "name": "equipmentparts-1a2b3c4d-demo",
                "uid": "abc",
                "labels": {"dev.slipway.model": "equipmentparts"},
                "annotations": {
                    "dev.slipway.version": "equipmentparts_1_1501089026",
                    "dev.slipway.slot": "equipmentparts",
                },
            },
            "spec": {
                "nodeName": "demo",
                "containers": [{"image": f"127.0.0.1:5000/equipmentparts@sha256:{'a' * 64}"}],
            },
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [
                    {
                        "restartCount": 2,
                        "state": {"running": {"startedAt": "2026-11-20T10:00:00Z"}},
                    }
                ],
            },
        },
        {
            "metadata": {
                "name": "slipway-hold-demo",
                "uid": "ghi",
                "labels": {"dev.slipway.hold": "true"},
            },
            "spec": {"nodeName": "demo", "containers": [{"image": "x:1"}]},
        },
        {
            "metadata": {"name": "broken-demo", "uid": "def"},
            "spec": {"nodeName": "demo", "containers": [{"image": "x:1"}]},
            "status": {
                "phase": "Pending",
                "containerStatuses": [
                    {"state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}
                ],
            },
        },
    ]
}


def test_pods_as_the_kubelet_tells_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(netns, "running", lambda settings, name: 1)
    monkeypatch.setattr(netns, "inside", lambda pid, work: json.dumps(PODS).encode())
    broken, ready = device_pods.pods(Settings(home=tmp_path), "demo")
    assert (ready.name, ready.slot) == ("equipmentparts-1a2b3c4d", "equipmentparts")
    assert ready.version == "equipmentparts_1_1501089026"
    assert (broken.name, broken.slot) == ("broken", "broken")
    assert (ready.ready, ready.restarts, ready.started) == (True, 2, 1795168800)
    assert ready.digest == f"sha256:{'a' * 64}"
    assert (broken.ready, broken.digest, broken.started) == (False, "", None)
    assert broken.message == "ErrImagePull: not found"


def test_a_kubelet_without_pods_tells_null(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(netns, "running", lambda settings, name: 1)
    monkeypatch.setattr(netns, "inside", lambda pid, work: b'{"kind":"PodList","items":null}')
    assert device_pods.pods(Settings(home=tmp_path), "demo") == ()


def test_every_device_has_an_address_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "STATE", tmp_path)
    seen = {leases.GATEWAY}
    for number in range(253):
        disk = tmp_path / f"device-{number}"
        address = leases.choose_address(disk)
        assert address not in seen
        seen.add(address)
        leases.write(leases.Lease(str(disk), disk.name, address, 0))
        assert leases.choose_address(disk) == address  # and keeps it
    with pytest.raises(Conflict, match="all 253 addresses"):
        leases.choose_address(tmp_path / "one-more")


def test_a_lease_whose_process_is_gone_is_of_a_device_that_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "STATE", tmp_path)
    disk = tmp_path / "one"
    leases.write(leases.Lease(str(disk), "one", "10.0.0.2", 0, pid=os.getpid(), started=1))
    assert leases.find(disk) is not None
    assert leases.init_of(disk) is None  # the pid is somebody else's now
    (tmp_path / "device-broken.json").write_text("{")
    assert len(leases.everyone()) == 1


def test_a_disk_remembers_what_the_device_is(tmp_path: Path) -> None:
    assert device_disk.read(tmp_path) is None
    device_disk.write(tmp_path, Profile(Channel.BETA))
    device_disk.set_plugged(tmp_path, plugged=False)
    assert device_disk.read(tmp_path) == Profile(Channel.BETA, plugged=False)
    assert [path.name for path in tmp_path.iterdir()] == ["device.json"]


def test_interfaces_fit_the_kernel_and_differ(tmp_path: Path) -> None:
    names = {interface(tmp_path / name) for name in ("a" * 32, "a" * 31 + "b", "x")}
    assert len(names) == 3
    assert all(len(name) <= 15 for name in names)
    assert identifier(Path("/a/devices/x")) != identifier(Path("/b/devices/x"))


def test_errors_within_a_network_come_out_of_it() -> None:
    def fail() -> None:
        raise ValueError("inside")

    if os.geteuid() != 0:
        pytest.skip("needs root to enter even the own network")
    with pytest.raises(ValueError, match="inside"):
        netns.inside(os.getpid(), fail)
    assert netns.inside(os.getpid(), lambda: 42) == 42
