"""The rollout by what a kubelet says: make before break, taking back, and never trying again."""

from pathlib import Path

import pytest
from agent_testing.kubelets import Image
from agent_testing.pods_seen import visible
from agent_testing.rollouts import Device, manifest, names
from slipway_agent.errors import Refused
from slipway_agent.hold import hold_name

A, B, C = (manifest("m", mark) for mark in "abc")
HANGS = Image(ready=1e9)
CRASHES = Image(ready=1e9, ends=0.5)
MISSING = Image(missing=True)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


@pytest.fixture
def with_a(device: Device) -> Device:
    """A device on which A is good."""
    device.want(A)
    device.settle()
    assert device.names() == names(A)
    return device


def _told(device: Device) -> tuple[str, str]:
    return device.states["m"][3:5]


def test_a_first_version_is_placed_at_once_and_runs_when_it_is_ready(device: Device) -> None:
    device.want(A)
    device.step()
    assert device.files() == names(A)
    assert _told(device)[0] == "starting"
    device.settle()
    assert _told(device) == ("running", "")
    assert device.states["m"].running == A.sha256
    assert device.states["m"].version == "m_1_a"
    assert device.states["m"].digest == "sha256:" + "a" * 64
    assert device.names() == names(A)


def test_an_update_comes_up_beside_and_the_old_one_goes_when_it_is_ready(with_a: Device) -> None:
    with_a.want(B)
    with_a.step()
    assert with_a.files() == names(A, B)
    assert with_a.states["m"].running == A.sha256
    with_a.until(lambda: with_a.files() != names(A, B))
    assert with_a.files() == names(B)
    assert with_a.ready() == names(B)
    assert with_a.names() == names(B) | {f"{hold_name(A)}.yaml"}
    assert _told(with_a) == ("running", "on probation")
    with_a.settle()
    assert with_a.names() == names(B)
    assert _told(with_a) == ("running", "")


def test_what_lies_in_the_folder_is_what_was_signed_byte_for_byte(with_a: Device) -> None:
    assert list(visible(with_a.pods).values()) == [A.data]


@pytest.mark.parametrize(
    ("how", "reason", "seconds"),
    [(HANGS, "not ready in 20 seconds", 21), (CRASHES, "Error, exit code 1", 3)],
)
def test_one_that_never_becomes_ready_is_quarantined(
    with_a: Device, how: Image, reason: str, seconds: float
) -> None:
    with_a.behave(B, how)
    with_a.want(B)
    began = with_a.kubelet.now
    with_a.settle()
    assert with_a.kubelet.now - began < seconds + 2
    assert with_a.names() == names(A)
    assert _told(with_a)[0] == "quarantined"
    assert reason in _told(with_a)[1]
    assert with_a.states["m"].running == A.sha256

    with_a.restart()
    with_a.step(100)
    assert with_a.names() == names(A), "it was tried again"
    assert _told(with_a)[0] == "quarantined"
    with_a.want(C)
    with_a.settle()
    assert with_a.names() == names(C)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (Image(ends=4), "Error, exit code 1"),
        (Image(stumbles=4), "it has ended once"),
        (Image(unready=4), "not ready any more"),
    ],
)
def test_one_that_fails_in_its_probation_is_taken_back(
    with_a: Device, how: Image, reason: str
) -> None:
    with_a.behave(B, how)
    with_a.want(B)
    with_a.until(lambda: with_a.files() == names(B))
    with_a.settle()
    assert with_a.names() == names(A)
    assert _told(with_a)[0] == "rolled-back"
    assert reason in _told(with_a)[1]
    with_a.restart()
    with_a.step(100)
    assert with_a.names() == names(A), "it was tried again"


def test_one_that_ends_once_before_it_is_ready_is_given_another_chance(with_a: Device) -> None:
    with_a.behave(B, Image(ready=3, stumbles=2))
    with_a.want(B)
    with_a.settle()
    assert with_a.names() == names(B)


def test_a_pull_takes_as_long_as_it_takes(with_a: Device) -> None:
    with_a.behave(B, MISSING)
    with_a.want(B)
    with_a.step(20, seconds=600)
    assert with_a.files() == names(A, B)
    assert _told(with_a) == ("starting", "ImagePullBackOff: no such image")
    assert with_a.states["m"].running == A.sha256
    with_a.behave(B, Image())
    with_a.kubelet.reboot()
    with_a.settle()
    assert with_a.names() == names(B)


def test_a_failing_first_version_stays_until_there_is_another(device: Device) -> None:
    device.behave(A, CRASHES)
    device.want(A)
    device.step(200)
    assert device.files() == names(A)
    assert _told(device)[0] == "failing"
    assert "it has ended" in _told(device)[1]
    device.want(B)
    device.settle()
    assert device.names() == names(B)


def test_a_restart_of_the_kubelet_or_of_the_device_is_no_versions_fault(with_a: Device) -> None:
    with_a.want(B)
    with_a.until(lambda: with_a.files() == names(B))
    with_a.kubelet.down = True
    with_a.step(100)
    with_a.kubelet.down = False
    with_a.kubelet.reboot()
    with_a.step(3)
    with_a.restart()
    with_a.settle()
    assert with_a.names() == names(B)
    assert _told(with_a) == ("running", "")


def test_nothing_is_taken_away_while_the_kubelet_does_not_answer(with_a: Device) -> None:
    with_a.kubelet.down = True
    for wanted in ([], [B], [A]):
        with_a.want(*wanted)
        with_a.step(100)
        assert with_a.files() == names(A)
        assert _told(with_a) == ("running", "the kubelet does not answer")
    with_a.want(B, manifest("other", "a"))
    with_a.step(2)
    assert with_a.files() == names(A, manifest("other", "a"))
    with_a.kubelet.down = False
    with_a.settle()
    assert with_a.names() == names(B, manifest("other", "a"))


def test_a_slot_that_is_not_wanted_any_more_goes_and_says_so(with_a: Device) -> None:
    with_a.want()
    with_a.step()
    assert with_a.names() == set()
    assert _told(with_a)[0] == "removed"
    with_a.step()
    assert with_a.states == {}


def test_the_one_that_failed_is_remembered_when_its_slot_goes_and_comes(with_a: Device) -> None:
    with_a.behave(B, CRASHES)
    with_a.want(B)
    with_a.settle()
    with_a.want()
    with_a.step()
    with_a.want(B)
    with_a.step(10)
    assert with_a.names() == set()
    assert _told(with_a)[0] == "quarantined"


def test_a_slot_whose_manifest_is_refused_keeps_what_it_has(with_a: Device) -> None:
    with_a.want(refused={"m": Refused("registry evil is not allowed")})
    with_a.step(10)
    assert with_a.names() == names(A)
    assert _told(with_a) == ("refused", "registry evil is not allowed")
    assert with_a.states["m"].running == A.sha256


def test_offline_and_after_a_cold_boot_the_last_good_set_is_there(with_a: Device) -> None:
    for path in with_a.pods.iterdir():
        path.unlink()
    with_a.wanted = None
    with_a.kubelet.reboot()
    with_a.restart()
    with_a.step(10)
    assert with_a.names() == names(A)
    assert _told(with_a) == ("running", "")


def test_a_to_b_to_a_in_mid_swap_leaves_a_and_can_try_b_again(with_a: Device) -> None:
    with_a.behave(B, HANGS)
    with_a.want(B)
    with_a.step(3)
    with_a.want(A)
    with_a.step()
    assert with_a.names() == names(A)
    with_a.behave(B, Image())
    with_a.want(B)
    with_a.settle()
    assert with_a.names() == names(B)


def test_another_version_in_the_middle_of_a_trial_takes_its_place(with_a: Device) -> None:
    with_a.behave(B, HANGS)
    with_a.want(B)
    with_a.step(3)
    with_a.want(C)
    with_a.step()
    assert with_a.files() == names(A, C)
    with_a.settle()
    assert with_a.names() == names(C)


def test_another_version_in_the_middle_of_a_probation_comes_up_beside(with_a: Device) -> None:
    with_a.want(B)
    with_a.until(lambda: with_a.files() == names(B))
    with_a.want(C)
    with_a.step()
    assert with_a.names() == names(B, C) | {f"{hold_name(A)}.yaml"}
    with_a.settle()
    assert with_a.names() == names(C)


def test_two_bad_versions_in_a_row_end_with_the_last_good_one(with_a: Device) -> None:
    with_a.behave(B, Image(unready=4))
    with_a.behave(C, Image(unready=4))
    with_a.want(B)
    with_a.until(lambda: with_a.files() == names(B))
    with_a.want(C)
    with_a.settle()
    assert with_a.names() == names(A)
    assert _told(with_a)[0] == "rolled-back"


def test_a_pod_that_the_kubelet_gave_up_is_put_again(with_a: Device) -> None:
    with_a.kubelet.evict(A.pod)
    with_a.step()
    assert with_a.names() == set()
    assert _told(with_a) == ("failing", "the kubelet gave it up: Evicted no room")
    with_a.until(lambda: with_a.ready() == names(A))


def test_a_pod_moves_to_another_slot_once_the_first_has_let_go(with_a: Device) -> None:
    moved = manifest("n", "b", pod=A.pod)
    with_a.want(moved)
    with_a.step()
    assert with_a.files() == set()
    with_a.settle()
    assert with_a.files() == names(moved)


def test_every_slot_goes_its_own_way(device: Device) -> None:
    good, bad = manifest("good", "a"), manifest("bad", "a")
    device.want(good, bad)
    device.settle()
    newer, worse = manifest("good", "b"), manifest("bad", "b")
    device.behave(worse, CRASHES)
    device.want(newer, worse)
    device.settle()
    assert device.names() == names(newer, bad)
    assert (device.states["good"].state, device.states["bad"].state) == ("running", "quarantined")
