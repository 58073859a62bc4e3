"""Killed, or failed by the disk, at every single call: the same end, and never without a version.

Every scenario is played once for each call that changes the disk in it, with the agent killed there
(and started anew), and again with the disk failing there. Before each call it is looked at what the
kubelet would see at that moment.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from agent_testing.disks import ERRORS, Killed, WatchedDisk, fail_with
from agent_testing.kubelets import Image
from agent_testing.rollouts import Device, manifest, names
from slipway_agent.errors import AgentError
from slipway_agent.hold import hold_pod
from slipway_agent.manifest import Manifest

pytest_plugins = ["agent_testing.fixtures"]
pytestmark = pytest.mark.usefixtures("manifests_read_once")

A, B = (manifest("m", mark) for mark in "ab")
LONE_A, LONE_B = (manifest("m", mark, update="recreate") for mark in "ab")
OTHER = manifest("other", "a")
UNREADY = Image(unready=4)


class Scenario(NamedTuple):
    """From what is good to what is there in the end."""

    good: tuple[Manifest, ...]
    wanted: tuple[Manifest, ...]
    end: tuple[Manifest, ...]
    how: Image = Image()
    gap: bool = False  # whether the slot may be without a version for a while
    lost: bool = False  # the record is lost before it begins


SCENARIOS = {
    "first": Scenario((), (A,), (A,)),
    "update": Scenario((A,), (B,), (B,)),
    "update-of-one-of-two": Scenario((A, OTHER), (B, OTHER), (B, OTHER)),
    "quarantine": Scenario((A,), (B,), (A,), Image(ready=1e9, ends=1)),
    "rollback": Scenario((A,), (B,), (A,), UNREADY),
    "recreate": Scenario((LONE_A,), (LONE_B,), (LONE_B,), gap=True),
    "recreate-rollback": Scenario((LONE_A,), (LONE_B,), (LONE_A,), UNREADY, gap=True),
    "refused-beside": Scenario((A,), (B,), (B,), Image(crowded=True), gap=True),
    "removal": Scenario((A, OTHER), (OTHER,), (OTHER,)),
    "adoption": Scenario((A, OTHER), (B, OTHER), (B, OTHER), lost=True),
}


class Stage:
    """One play of one scenario."""

    def __init__(self, template: Path, root: Path, scenario: Scenario) -> None:
        shutil.copytree(template, root)
        self._scenario = scenario
        versions = (*scenario.good, *scenario.wanted)
        self._known = {m.data for m in versions} | {hold_pod(m) for m in versions}
        self._ready: set[str] = set()
        self.device = Device(root)
        self.device.behave(scenario.wanted[0], scenario.how)
        self.device.kubelet.look()
        self.device.kubelet.pass_time(2)
        self.device.want(*scenario.wanted)
        self.failures = 0

    def play(self, step: int = 0, at_step: Callable[[], None] | None = None) -> int:
        """Go on until all is done; how many calls changed the disk."""
        disk = WatchedDisk(self._look, step, at_step)
        self.device.restart(disk)
        quiet = 0
        for _ in range(200):
            try:
                self.device.step(seconds=1)
            except Killed:
                self.device.restart(WatchedDisk(self._look))
                self.failures += 1
            except AgentError:
                self.device.kubelet.pass_time(1)
                self.failures += 1
            quiet = 0 if self.device.rollout.under_way else quiet + 1
            if quiet == 3:
                break
        self._look()
        assert self.device.files() == names(*self._scenario.end)
        assert self.device.names() == names(*self._scenario.end), "a hold was left"
        assert not [p for p in self.device.pods.iterdir() if p.name.startswith(".")]
        return disk.count

    def _look(self) -> None:
        """Every file is complete; a slot that had a ready version has one still."""
        for path in self.device.pods.iterdir():
            if not path.name.startswith("."):
                assert path.read_bytes() in self._known, path
        ready = {name.split(".")[0] for name in self.device.ready()}
        if not self._scenario.gap:
            kept = {m.slot for m in self._scenario.wanted}
            assert ready >= self._ready & kept - self._failing(), self.device.names()
        self._ready = ready

    def _failing(self) -> set[str]:
        """The slot whose new version is of the kind that stops being ready."""
        return {"m"} if self._scenario.how is UNREADY else set()


@pytest.fixture(params=SCENARIOS)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return SCENARIOS[request.param]


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that can be had: thousands of syncs would wait for a disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def template(folder: Path, scenario: Scenario) -> Path:
    """The folders of a device on which the scenario's good versions are good."""
    device = Device(folder / "template")
    device.want(*scenario.good)
    device.settle()
    assert device.names() == names(*scenario.good)
    if scenario.lost:
        shutil.rmtree(device.state)
        for path in device.pods.iterdir():
            path.rename(path.with_name(path.name.split(".")[0] + "-pod.yaml"))
    return folder / "template"


def test_killed_at_every_call(folder: Path, template: Path, scenario: Scenario) -> None:
    calls = Stage(template, folder / "0", scenario).play()
    assert calls > 5
    for step in range(1, calls + 1):
        stage = Stage(template, folder / str(step), scenario)
        stage.play(step)
        assert stage.failures == 1, step
        shutil.rmtree(folder / str(step))


@pytest.mark.parametrize("number", ERRORS)
def test_failed_at_every_call(
    folder: Path, template: Path, scenario: Scenario, number: int
) -> None:
    calls = Stage(template, folder / "0", scenario).play()
    for step in range(1, calls + 1):
        stage = Stage(template, folder / str(step), scenario)
        stage.play(step, fail_with(number))
        assert stage.failures == 1, step
        shutil.rmtree(folder / str(step))
