"""Where two versions do not fit beside each other, the old one goes first, and comes back."""

from pathlib import Path

import pytest
from agent_testing.kubelets import Image
from agent_testing.rollouts import GIB, Device, manifest, names
from slipway_agent.hold import hold_name
from slipway_agent.manifest import Manifest

A, B, C = (manifest("m", mark, update="recreate") for mark in "abc")
HANGS = Image(ready=1e9)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    device = Device(tmp_path)
    device.want(A)
    device.settle()
    assert device.names() == names(A)
    return device


def _hold(what: Manifest) -> set[str]:
    return {f"{hold_name(what)}.yaml"}


def test_the_image_is_pulled_before_the_old_one_goes(device: Device) -> None:
    device.behave(B, Image(missing=True))
    device.want(B)
    device.step(100)
    assert device.names() == names(A) | _hold(B)
    assert device.states["m"].state == "starting"
    assert device.states["m"].reason == (
        "the one before goes first: its manifest asks for it; ImagePullBackOff: no such image"
    )
    device.behave(B, Image())
    device.until(lambda: device.files() == set())
    assert device.names() == _hold(A) | _hold(B)
    gone = device.kubelet.now
    device.until(lambda: device.files() == names(B))
    assert device.kubelet.now - gone >= 1.5, "the old one still drained"
    device.settle()
    assert device.names() == names(B)


@pytest.mark.parametrize("how", [HANGS, Image(ready=1e9, ends=1), Image(ends=4), Image(unready=4)])
def test_the_old_one_comes_back_when_the_new_one_fails(device: Device, how: Image) -> None:
    device.behave(B, how)
    device.want(B)
    device.until(lambda: device.files() == names(B))
    device.settle()
    assert device.names() == names(A)
    assert device.states["m"].state in ("quarantined", "rolled-back")
    device.step(100)
    assert device.names() == names(A)


def test_the_agent_chooses_it_where_memory_does_not_hold_both(device: Device) -> None:
    fits = manifest("m", "d")
    device.memory = GIB // 4
    device.want(fits)
    device.step(2)
    assert "256 MiB of memory are free, and both at once need 320 MiB" in device.states["m"].reason
    device.settle()
    assert device.names() == names(fits)


def test_the_agent_chooses_it_where_the_kubelet_refuses_both(device: Device) -> None:
    fits = manifest("m", "d")
    device.behave(fits, Image(crowded=True))
    device.want(fits)
    device.until(lambda: device.names() == names(A) | _hold(fits))
    device.step()
    assert "the kubelet refuses both at once: OutOfmemory" in device.states["m"].reason
    device.settle()
    assert device.names() == names(fits)


def test_two_versions_with_one_pods_name_are_never_there_at_once(tmp_path: Path) -> None:
    one, two = (manifest("n", mark, pod="fixed") for mark in "ab")
    device = Device(tmp_path)
    device.want(one)
    device.settle()
    device.want(two)
    device.step(2)
    assert "both versions name their pod fixed" in device.states["n"].reason
    device.until(lambda: device.files() == set())
    device.settle()
    assert device.states["n"].running == two.sha256


@pytest.mark.parametrize("wanted", [A, C])
@pytest.mark.parametrize("steps", range(1, 40, 3))
def test_the_wanted_version_changes_at_any_moment(
    device: Device, wanted: Manifest, steps: int
) -> None:
    device.behave(B, Image(ready=3))
    device.want(B)
    device.step(steps)
    device.want(wanted)
    device.settle()
    device.until(lambda: device.ready() == names(wanted))
    assert device.names() == names(wanted)


@pytest.mark.parametrize(("how", "left"), [(HANGS, A), (Image(), None)])
def test_the_serving_one_is_evicted_for_the_new_one(
    device: Device, how: Image, left: Manifest | None
) -> None:
    fits = manifest("m", "d")
    device.behave(fits, HANGS)
    device.want(fits)
    device.step(3)
    device.kubelet.evict(A.pod)
    device.step(2)
    assert "the kubelet refuses both at once: Evicted" in device.states["m"].reason
    device.behave(fits, how)
    device.settle()
    device.until(lambda: device.ready() == names(left or fits))
    assert device.names() == names(left or fits)
