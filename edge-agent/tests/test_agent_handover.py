"""The agent updates itself: the new one proves itself, the old one gives way, and takes it back."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from agent_testing.agents import Pods
from agent_testing.disks import ERRORS, CountingDisk, Killed, WatchedDisk, fail_with
from agent_testing.kubelets import Image
from agent_testing.rollouts import manifest, names
from slipway_agent.disk import Disk

pytest_plugins = ["agent_testing.fixtures"]
pytestmark = pytest.mark.usefixtures("manifests_read_once")

OLD, NEW = (manifest("slipway-agent", mark) for mark in "ab")
BETA = manifest("slipway-agent", "c")
MODEL, NEXT = (manifest("m", mark) for mark in "ab")


@pytest.fixture
def folder() -> Iterator[Path]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


def _pods(root: Path, disk: Disk | None = None) -> Pods:
    """A device whose agent runs and wants itself and a model."""
    pods = Pods(root, disk or Disk())
    for agent in (OLD, NEW, BETA):
        pods.device.behave(agent, Image(ready=0))
    return pods


@pytest.fixture
def pods(folder: Path) -> Pods:
    pods = _pods(folder)
    (pods.device.pods / "slipway-agent-pod.yaml").write_bytes(OLD.data)
    pods.device.want(OLD, MODEL)
    pods.until(lambda: pods.device.ready() >= names(MODEL))
    for _ in range(30):
        pods.tick()
    assert pods.acting() == [OLD.pod]
    return pods


def _agents(pods: Pods) -> set[str]:
    """The agents whose manifests lie in the folder."""
    return {name for name in pods.device.files() if name.startswith("slipway-agent")}


def _state(pods: Pods) -> tuple[str, str]:
    (acting,) = pods.acting()
    return pods.agents[acting].states["slipway-agent"][3:5]


def test_an_agent_finds_itself_and_leaves_its_own_file_as_it_is(pods: Pods) -> None:
    assert _agents(pods) == {"slipway-agent-pod.yaml"}
    assert _state(pods) == ("running", "")


def test_the_new_one_takes_over_and_the_old_one_goes_after_the_probation(pods: Pods) -> None:
    pods.device.want(NEW, MODEL)
    pods.until(lambda: pods.acting() == [NEW.pod])
    assert _agents(pods) == {"slipway-agent-pod.yaml", *names(NEW)}
    pods.until(lambda: _agents(pods) == names(NEW))
    for _ in range(30):
        pods.tick()
    assert pods.acting() == [NEW.pod]
    assert pods.device.files() == names(NEW, MODEL)
    assert _state(pods) == ("running", "")
    pods.device.want(NEW, NEXT)
    pods.until(lambda: pods.device.files() == names(NEW, NEXT))


def test_one_that_cannot_poll_never_takes_over(pods: Pods) -> None:
    pods.deaf.add(NEW.pod)
    pods.device.want(NEW, MODEL)
    pods.until(lambda: NEW.pod in pods.agents)
    pods.until(lambda: _agents(pods) == {"slipway-agent-pod.yaml"})
    assert pods.acting() == [OLD.pod]
    assert _state(pods)[0] == "quarantined"
    assert "no verified poll" in _state(pods)[1]


def test_where_the_old_one_cannot_poll_either_nobody_is_blamed(pods: Pods) -> None:
    pods.deaf.add(NEW.pod)
    pods.device.want(NEW, MODEL)
    pods.until(lambda: NEW.pod in pods.agents)
    pods.deaf.add(OLD.pod)
    for _ in range(100):
        pods.tick()
    assert len(_agents(pods)) == 2
    pods.deaf.clear()
    pods.until(lambda: _agents(pods) == names(NEW))


def test_one_that_crashes_never_takes_over(pods: Pods) -> None:
    pods.device.behave(NEW, Image(ready=0, ends=0.1))
    pods.device.want(NEW, MODEL)
    pods.until(lambda: len(_agents(pods)) == 2)
    pods.until(lambda: len(_agents(pods)) == 1)
    assert _state(pods)[0] == "quarantined"


def test_one_that_dies_after_the_handover_is_taken_back(pods: Pods) -> None:
    pods.dying.add(NEW.pod)
    pods.device.want(NEW, MODEL)
    pods.until(lambda: NEW.pod in pods.agents)
    pods.device.behave(NEW, Image(ready=0, ends=0.1))
    pods.until(lambda: len(_agents(pods)) == 1)
    assert pods.acting() == [OLD.pod]
    for _ in range(100):
        pods.tick()
    assert _agents(pods) == {"slipway-agent-pod.yaml"}, "it was tried again"
    pods.device.want(BETA, MODEL)
    pods.until(lambda: _agents(pods) == names(BETA))


def test_the_old_one_is_given_up_by_the_kubelet_in_the_handover(pods: Pods) -> None:
    pods.device.want(NEW, MODEL)
    pods.until(lambda: NEW.pod in pods.agents)
    pods.device.kubelet.evict(OLD.pod)
    pods.until(lambda: pods.acting() == [NEW.pod])
    pods.until(lambda: _agents(pods) == names(NEW))


def test_a_hand_that_puts_another_agent_changes_the_channel(pods: Pods) -> None:
    """In the order of the device's tool: the new one comes, then the old one goes."""
    (pods.device.pods / "slipway-agent.mine.yaml").write_bytes(BETA.data)
    for _ in range(50):
        pods.tick()
    assert pods.acting() == [OLD.pod]
    assert len(_agents(pods)) == 2
    (pods.device.pods / "slipway-agent-pod.yaml").unlink()
    pods.device.want(BETA, NEXT)
    pods.until(lambda: pods.acting() == [BETA.pod])
    pods.until(lambda: pods.device.files() == {"slipway-agent.mine.yaml", *names(NEXT)})
    assert _state(pods) == ("running", "")


def test_an_agent_that_the_channel_lost_stays(pods: Pods) -> None:
    pods.device.want(MODEL)
    for _ in range(30):
        pods.tick()
    assert _agents(pods) == {"slipway-agent-pod.yaml"}


@pytest.mark.parametrize("ticks", range(0, 40, 2))
def test_a_cold_boot_at_any_moment_of_the_handover(pods: Pods, ticks: int) -> None:
    pods.device.want(NEW, MODEL)
    for _ in range(ticks):
        pods.tick()
    for pod in list(pods.agents):
        pods.end(pod)
    pods.device.kubelet.reboot()
    pods.until(lambda: _agents(pods) == names(NEW))
    assert pods.acting() == [NEW.pod]


def _watched(root: Path, step: int, at_step: Callable[[], None] | None) -> Pods:
    """A device in the middle of a self-update and an update, with its disk failing at `step`."""
    pods = _pods(root)

    def look() -> None:
        files = {p.name: p.read_bytes() for p in pods.device.pods.iterdir() if p.name[0] != "."}
        known = {m.data for m in (OLD, NEW, MODEL, NEXT)}
        assert all(
            data in known or name.startswith("slipway-hold-") for name, data in files.items()
        )
        assert {OLD.data, NEW.data} & set(files.values())
        assert {MODEL.data, NEXT.data} & set(files.values())

    pods.disk = WatchedDisk(look, step, at_step)
    pods.device.want(NEW, NEXT)
    return pods


def _ends(pods: Pods) -> bool:
    return pods.device.names() == names(NEW, NEXT) and pods.acting() == [NEW.pod]


def _kill() -> None:
    raise Killed


@pytest.mark.parametrize("number", [0, *ERRORS])
def test_killed_or_failed_at_every_call(pods: Pods, folder: Path, number: int) -> None:
    def play(step: int) -> Pods:
        root = folder / f"play-{step}"
        for name in ("pods", "agent"):
            shutil.copytree(folder / name, root / name)
        watched = _watched(root, step, fail_with(number) if number else _kill)
        watched.until(lambda: _ends(watched))
        return watched

    disk = play(0).disk
    assert isinstance(disk, CountingDisk)
    assert disk.count > 50
    for step in range(1, disk.count + 1):
        assert play(step).kills == (0 if number else 1), step
        shutil.rmtree(folder / f"play-{step}")
