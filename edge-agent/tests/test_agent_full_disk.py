"""A file system that is really full, or really read-only, at every write of an update.

All that the agent writes to lies on a small file system of its own. Before the first call that
changes it, before the second and so on, the last page and the last inode of it are taken, or it is
mounted read-only; the kernel then gives the error.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_testing.device import Device, version
from agent_testing.kubelets import Image, RunningKubelet, serve_kubelet
from agent_testing.pods_seen import hidden, visible
from slipway_agent.hold import PREFIX, hold_pod
from slipway_agent.manifest import read_manifest

pytest_plugins = ["agent_testing.fixtures"]
pytestmark = [pytest.mark.system, pytest.mark.slow]

ONE = {"m": version("m", "1")}
TWO = {"m": version("m", "2")}
VERSIONS = (ONE["m"], TWO["m"])
HOLDS = {hold_pod(read_manifest(data, "x86_64/latest/m-pod.yaml")) for data in VERSIONS}
OK, DENIED, FULL = 0, 4, 9
_RUNS = 6  # more than an update takes


class SmallDisk:
    """A device on a small file system, as it is before an update."""

    def __init__(self, device: Device, folder: Path) -> None:
        self.device = device
        self.folder = folder
        self._kept = device.root / "kept"
        self.keep()

    def keep(self) -> None:
        """Let it be so before the update from now on."""
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self.folder, self._kept)

    def restore(self) -> None:
        """All as before the update."""
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self._kept, self.folder, dirs_exist_ok=True)

    def make_room(self) -> None:
        subprocess.run(["mount", "-o", "remount,rw", self.folder], check=True)
        shutil.rmtree(self.folder / "full", ignore_errors=True)

    def run(self, **how: object) -> int:
        """The agent once; whatever came of it, the kubelet sees whole and signed manifests."""
        before = self.versions()
        code = self.device.once(**how)
        for name, data in visible(self.device.pods).items():
            assert data in (HOLDS if name.startswith(PREFIX) else VERSIONS), name
        assert self.versions() or not before, "it has no version any more"
        return code

    def versions(self) -> set[bytes | None]:
        seen = visible(self.device.pods)
        return {data for name, data in seen.items() if not name.startswith(PREFIX)}

    def converges(self) -> bool:
        """Whether all is well within a few runs."""
        for _ in range(_RUNS):
            assert self.run() == OK
            if self.device.shows(TWO) and hidden(self.device.pods) == []:
                return True
        return False


@pytest.fixture
def disk(request: pytest.FixtureRequest, device: Device, small_disk: Path) -> Iterator[SmallDisk]:
    """Before a first version comes, and before a second one."""
    device.pods, device.state = small_disk / "pods", small_disk / "agent"
    for name in ("pods", "agent", "spool"):
        (small_disk / name).mkdir()
    (device.root / "spool").symlink_to(small_disk / "spool")
    with serve_kubelet(RunningKubelet(device.pods, Image(ready=0))) as device.kubelet:
        if request.param == "update":
            device.publish(ONE)
            for _ in range(4):
                assert device.once() == OK
            assert device.shows(ONE)
        device.publish(TWO)
        yield SmallDisk(device, small_disk)


@pytest.mark.parametrize(
    ("disk", "how", "code"),
    [("first", "full", FULL), ("update", "full", FULL), ("update", "read-only", DENIED)],
    indirect=["disk"],
)
def test_a_disk_that_fails_at_every_call(disk: SmallDisk, how: str, code: int) -> None:
    """Of the run that begins an update, of that in which the new one takes over, and so on. What is
    taken away needs no room; in the middle of a file nothing becomes read-only."""
    calls = failed = 0
    while not disk.device.shows(TWO):
        steps = disk.device.steps()
        calls += steps
        for step in range(1, steps + 1):
            disk.restore()
            came = disk.run(step=step, spoil=(how, str(disk.folder)))
            assert came in (OK, code), step
            failed += came == code
            assert disk.run() in (OK, code), step  # and goes on to be so
            disk.make_room()
            assert disk.converges(), step
        disk.restore()
        assert disk.run() == OK
        disk.keep()
    assert failed > calls / 2
