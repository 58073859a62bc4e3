"""A rollout in the test's process, with a kubelet and a clock that the test drives."""

import io
from collections.abc import Callable
from pathlib import Path

from slipway_agent.book import Book
from slipway_agent.channel import Wanted
from slipway_agent.disk import Disk
from slipway_agent.errors import AgentError
from slipway_agent.log import Log
from slipway_agent.lying import file_name
from slipway_agent.manifest import Manifest, read_manifest
from slipway_agent.pods_folder import PodsFolder
from slipway_agent.rollout import Rollout
from slipway_agent.slot_state import SlotState

from agent_testing.kubelets import FakeKubelet, Image
from agent_testing.pods_seen import visible

GIB = 1 << 30


def manifest(slot: str, mark: str, *, pod: str = "", update: str = "beside") -> Manifest:
    """A version of a slot; `mark` is a hexadecimal digit that makes it another one."""
    data = f"""\
apiVersion: v1
kind: Pod
metadata:
  name: {pod or f"{slot}-{mark * 8}"}
  annotations:
    dev.slipway.slot: {slot}
    dev.slipway.update: {update}
    dev.slipway.start: "20"
    dev.slipway.probation: "10"
    dev.slipway.version: "{slot}_1_{mark}"
spec:
  containers:
    - name: one
      image: {image(slot, mark)}
      resources: {{limits: {{memory: 256Mi}}}}
"""
    return read_manifest(data.encode(), f"x86_64/latest/{slot}-pod.yaml")


def image(slot: str, mark: str) -> str:
    return f"r/{slot}@sha256:{mark * 64}"


class Device:
    """Folders, a kubelet and a rollout that can be started anew."""

    def __init__(self, root: Path, disk: Disk | None = None, *, pod: str = "") -> None:
        self.pods, self.state = root / "pods", root / "agent"
        self.pods.mkdir(exist_ok=True, parents=True)
        self.kubelet = FakeKubelet(self.pods)
        self.out = io.StringIO()
        self.memory = GIB
        self.wanted: Wanted | None = Wanted({}, {}, 1, 0, 0)
        self.states: dict[str, SlotState] = {}
        self.restart(disk, pod=pod)

    def restart(self, disk: Disk | None = None, *, pod: str = "") -> None:
        """A new process of the agent."""
        self.disk = disk or Disk()
        log = Log(self.out)
        self.book = Book(PodsFolder(self.pods, self.disk), self.state, self.disk, log)
        self.rollout = Rollout(
            self.book,
            self.state,
            self.kubelet,
            log,
            pod=pod,
            memory=lambda: self.memory,
            clock=self.kubelet.clock,
        )

    def want(self, *manifests: Manifest, refused: dict[str, AgentError] | None = None) -> None:
        version = self.wanted.version + 1 if self.wanted else 1
        self.wanted = Wanted({m.slot: m for m in manifests}, refused or {}, version, 0, 0)

    def behave(self, what: Manifest, how: Image) -> None:
        self.kubelet.images[what.images[0]] = how

    def step(self, times: int = 1, seconds: float = 0.3) -> None:
        for _ in range(times):
            self.states = {state.slot: state for state in self.rollout.step(self.wanted)}
            self.kubelet.pass_time(seconds)

    def until(self, what: Callable[[], bool], most: int = 2000) -> None:
        for _ in range(most):
            self.step()
            if what():
                return
        raise AssertionError(f"did not come: {self.states}, {self.names()}")

    def settle(self, most: int = 2000) -> None:
        """Step until nothing is under way."""
        self.until(lambda: not self.rollout.under_way, most)
        self.step(2)

    def names(self) -> set[str]:
        return set(visible(self.pods))

    def ready(self) -> set[str]:
        """The files of pods that the kubelet says are ready, holds aside."""
        self.kubelet.look()
        ready = self.kubelet.ready()
        return {name for name in self.files() if name.split(".", 1)[1][:-5] in ready}

    def files(self) -> set[str]:
        """The pods' files in the folder, holds aside."""
        return {name for name in self.names() if not name.startswith("slipway-hold-")}

    def state_of(self, slot: str) -> str:
        return self.states[slot].state


def names(*manifests: Manifest) -> set[str]:
    return {file_name(manifest) for manifest in manifests}
