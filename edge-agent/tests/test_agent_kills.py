"""The real process, killed: at every call that changes the disk, and at moments nobody chose."""

import random
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from agent_testing.device import Device, until, version
from agent_testing.kubelets import Image, RunningKubelet, serve_kubelet
from agent_testing.pods_seen import hidden, visible
from slipway_agent.hold import PREFIX

pytest_plugins = ["agent_testing.fixtures"]

ONE = {"m": version("m", "1")}
TWO = {"m": version("m", "2")}
KILLED = -9


def _restore(device: Device, name: str) -> None:
    for folder in (device.pods, device.state):
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        shutil.copytree(device.root / name / folder.name, folder, dirs_exist_ok=True)


def _keep(device: Device, name: str) -> None:
    for folder in (device.pods, device.state):
        shutil.copytree(folder, device.root / name / folder.name)


@pytest.mark.parametrize("runs", range(4))
def test_killed_at_every_call_of_a_run(device: Device, runs: int) -> None:
    """Of the run that begins an update, of that in which the new one takes over, and so on."""
    device.publish(ONE)
    for _ in range(4):
        assert device.once() == 0
    device.publish(TWO)
    for _ in range(runs):
        assert device.once() == 0
    _keep(device, "before")
    steps = device.steps()
    for step in range(1, steps + 1):
        _restore(device, "before")
        assert device.once(step=step) == KILLED, step
        seen = {data for name, data in visible(device.pods).items() if not name.startswith(PREFIX)}
        assert seen
        assert seen <= {ONE["m"], TWO["m"]}
        for _ in range(5):
            assert device.once() == 0
            if device.shows(TWO) and hidden(device.pods) == []:
                break
        assert device.shows(TWO)
        assert hidden(device.pods) == []


class Watcher:
    """Looks into the folder without a pause, as no kubelet would."""

    def __init__(self, pods: Path) -> None:
        self.looks = 0
        self.wrong: list[str] = []
        self._pods = pods
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.is_set():
            listed = visible(self._pods)
            found = {data for name, data in listed.items() if not name.startswith(PREFIX)}
            if not found <= {ONE["m"], TWO["m"]}:
                self.wrong.append(repr(listed))
            self.looks += 1
            time.sleep(0.001)


@pytest.mark.parametrize("kills", [20, pytest.param(60, marks=pytest.mark.slow)])
def test_killed_at_random_under_a_changing_bucket(device: Device, kills: int) -> None:
    chance = random.Random(kills)
    device.publish(ONE)
    device.once()
    in_the_middle = 0
    slow = RunningKubelet(device.pods, Image(ready=0.3))
    with Watcher(device.pods) as watcher, serve_kubelet(slow) as device.kubelet:
        for _ in range(kills):
            device.publish(ONE if device.shows(TWO) else TWO)
            before = _marks(device)
            process = device.start("--interval", "0.1")
            try:
                until(_changed(device, before))
                time.sleep(chance.uniform(0, 0.6))
            finally:
                process.kill()
                process.wait()
            in_the_middle += len(visible(device.pods)) > 1
        device.publish(TWO)
        for _ in range(20):
            assert device.once() == 0
            time.sleep(0.05)
    assert watcher.wrong == []
    assert in_the_middle > kills / 10
    assert device.shows(TWO)
    assert hidden(device.pods) == []


def _marks(device: Device) -> object:
    return sorted(path.name for path in device.pods.iterdir())  # each version has a file of its own


def _changed(device: Device, before: object) -> Callable[[], bool]:
    return lambda: _marks(device) != before
