"""The agent's rollout by what the real kubelet and containerd do: holds, ends, recreation."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from agent_testing.rollouts import GIB
from slipway_agent.book import Book
from slipway_agent.channel import Wanted
from slipway_agent.disk import Disk
from slipway_agent.hold import hold_name
from slipway_agent.kubelet import Kubelet
from slipway_agent.log import Log
from slipway_agent.lying import file_name
from slipway_agent.manifest import Manifest, read_manifest
from slipway_agent.pods_folder import PodsFolder
from slipway_agent.rollout import Rollout
from slipway_agent.slot_state import SlotState

from slipway.domain.names import Channel
from slipway.local import netns
from tests.integration.test_device import Bench, bench, pushed

__all__ = ["bench", "pushed"]

pytestmark = [pytest.mark.system, pytest.mark.slow]

# Each version listens on the one port: two of them cannot do so at the same time.
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web-{mark}
  annotations:
    dev.slipway.slot: web
    dev.slipway.update: recreate
    dev.slipway.start: "15"
    dev.slipway.probation: "5"
spec:
  hostNetwork: true
  terminationGracePeriodSeconds: 20
  containers:
    - name: web
      image: {image}
      args: [sh, -c, '{script}']
      readinessProbe: {{httpGet: {{host: 127.0.0.1, port: 8099, path: /}}, periodSeconds: 1}}
      volumeMounts: [{{name: pods, mountPath: /opt/slipway/pods}}]
  volumes:
    - {{name: pods, hostPath: {{path: /opt/slipway/pods, type: Directory}}}}
"""
SERVES = (
    "/bin/busybox mkdir /www; echo {mark} >/www/index.html; "
    'trap "/bin/busybox sleep 4; exit 0" TERM; '
    "/bin/busybox httpd -f -p 127.0.0.1:8099 -h /www & wait; wait"
)


class Watched:
    """A rollout in the test's process that acts on a real device."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        bench.publish(Channel.LATEST)
        bench.up("rollout", Channel.LATEST)
        self._bench = bench
        self._pid = netns.running(bench.settings, "rollout")
        self.pods = bench.disk("rollout") / "pods"
        disk, log = Disk(), Log(io.StringIO())
        self.kubelet = Kubelet()
        book = Book(PodsFolder(self.pods, disk), folder, disk, log)
        self.rollout = Rollout(book, folder, self.kubelet, log, memory=lambda: GIB)
        self.wanted = Wanted({}, {}, 1, 0, 0)
        self.state: SlotState | None = None

    def version(self, mark: str, script: str) -> Manifest:
        text = POD.format(mark=mark, image=self._bench.image, script=script.format(mark=mark))
        return read_manifest(text.encode(), "x86_64/latest/web-pod.yaml")

    def want(self, manifest: Manifest) -> None:
        self.wanted = Wanted({"web": manifest}, {}, self.wanted.version + 1, 0, 0)

    def step(self) -> None:
        states = netns.inside(self._pid, lambda: self.rollout.step(self.wanted))
        self.state = next((state for state in states if state.slot == "web"), None)

    def until(self, what: Callable[[], bool], seconds: float = 90) -> None:
        end = time.monotonic() + seconds
        while True:
            self.step()
            if what():
                return
            assert time.monotonic() < end, (self.state, self.files())
            time.sleep(0.2)

    def files(self) -> set[str]:
        return {path.name for path in self.pods.iterdir() if "web" in path.name}

    def views(self) -> dict[str, tuple[str, str]]:
        pods = netns.inside(self._pid, self.kubelet.pods) or {}
        return {name: (view.terminated, view.waiting) for name, view in pods.items()}

    def remains(self, manifest: Manifest) -> bool:
        return netns.inside(self._pid, lambda: self.kubelet.remains([manifest.pod]))

    def runs(self, manifest: Manifest) -> Callable[[], bool]:
        return lambda: (
            self.state is not None
            and self.state.running == manifest.sha256
            and self.state.state in ("running", "quarantined", "rolled-back")
            and not self.rollout.under_way
        )


@pytest.fixture
def watched(bench: Bench, tmp_path: Path) -> Watched:
    return Watched(bench, tmp_path / "agent")


def test_recreation_on_one_port_and_back_again(watched: Watched) -> None:
    one, two = watched.version("one", SERVES), watched.version("two", SERVES)
    broken = watched.version("broken", "/bin/busybox sleep 2; exit 3")
    watched.want(one)
    watched.until(watched.runs(one))
    assert watched.remains(one)

    watched.want(two)
    watched.until(lambda: file_name(one) not in watched.files())
    ended, _ = watched.views()[hold_name(two)]
    assert ended == "StartError", "the image has no python3, and is there all the same"
    gone = time.monotonic()
    assert watched.remains(one), "it drains for four seconds"
    watched.until(lambda: file_name(two) in watched.files())
    assert time.monotonic() - gone > 2
    watched.until(watched.runs(two))
    assert watched.files() == {file_name(two)}

    watched.want(broken)
    watched.until(lambda: file_name(broken) in watched.files())
    watched.until(watched.runs(two))
    assert watched.state is not None
    assert watched.state.state == "quarantined"
    assert watched.state.reason == "it has ended 2 times: Error, exit code 3"
    assert watched.files() == {file_name(two)}
