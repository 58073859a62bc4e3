"""A kubelet in the test's process: pods of a folder, and what becomes of them as time goes by.

It answers with the documents of the real one, so that the agent's client reads them. Time is what
the test says. A pod behaves as its image says: see `Image`.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from pathlib import Path
from threading import Lock, Thread
from time import monotonic
from typing import Any, NamedTuple

import yaml
from slipway_agent.kubelet import Kubelet

from agent_testing.pods_seen import visible

NODE = "Edge-1"
_GRACE = 2.0  # seconds in which a pod drains


class Image(NamedTuple):
    """How a container of this image behaves; seconds from its start."""

    missing: bool = False  # it cannot be pulled
    ready: float = 1.0  # when it becomes ready
    unready: float = 1e9  # when it is not any more
    ends: float = 1e9  # when it crashes, each time
    stumbles: float = 1e9  # when it crashes once
    crowded: bool = False  # the kubelet refuses it where another pod of its slot is


class Pod(NamedTuple):
    """A pod that was admitted, or not."""

    name: str
    image: str
    born: float
    once: bool  # restartPolicy: Never
    rejected: str = ""


class FakeKubelet(Kubelet):
    """A client of itself."""

    def __init__(self, folder: Path, usual: Image | None = None) -> None:
        super().__init__()
        self.usual = usual or Image()
        self.now = 0.0
        self.down = False
        self.images: dict[str, Image] = {}  # by reference; others are usual
        self._folder = folder
        self._pods: dict[str, tuple[str, Pod]] = {}  # by name: its uid and itself
        self._draining: dict[str, float] = {}

    def pass_time(self, seconds: float = 0.3) -> float:
        """Let time go by; the clock's new time."""
        self.now += seconds
        self.look()
        return self.now

    def ready(self) -> set[str]:
        """The pods that are ready at this moment."""
        down, self.down = self.down, False
        pods, self.down = self.pods() or {}, down
        return {name for name, view in pods.items() if view.ready}

    def clock(self) -> float:
        return self.now

    def evict(self, name: str) -> None:
        """Give a pod up, as the real one does when the device is short of something."""
        uid, pod = self._pods[name]
        self._pods[name] = (uid, pod._replace(rejected="Evicted"))

    def reboot(self) -> None:
        """All containers are started anew."""
        self._pods, self._draining = {}, {}

    def look(self) -> None:
        """Take in what lies in the folder."""
        found = {}
        for file, data in visible(self._folder).items():
            document = _document(data)
            if document is None:
                continue
            name = document["metadata"]["name"]
            assert name not in found, f"{name} is there twice"
            found[name] = (hashlib.sha256(file.encode() + data).hexdigest(), document["spec"])
        for name, (uid, _) in list(self._pods.items()):
            if name not in found or found[name][0] != uid:
                del self._pods[name]
                self._draining[name] = self.now + _GRACE
        for name, (uid, spec) in found.items():
            if name not in self._pods:
                self._pods[name] = (uid, self._admit(name, spec))

    def _admit(self, name: str, spec: dict[str, Any]) -> Pod:
        image = spec["containers"][0]["image"]
        slot = name.rpartition("-")[0]
        others = any(other.rpartition("-")[0] == slot for other in self._pods)
        refused = others and self.images.get(image, self.usual).crowded
        once = spec.get("restartPolicy") == "Never"
        return Pod(name, image, self.now, once, "OutOfmemory" if refused else "")

    def _get(self, path: str) -> Any:
        if self.down:
            raise OSError("no kubelet")
        self.look()
        if path == "/pods":
            return {"items": [self._told_of(pod) for _, pod in self._pods.values()] or None}
        draining = {name for name, end in self._draining.items() if end > self.now}
        running = {name for name, (_, pod) in self._pods.items() if not pod.rejected}
        names = [{"podRef": {"name": f"{name}-{NODE.lower()}"}} for name in draining | running]
        return {"node": {"nodeName": NODE}, "pods": names or None}

    def _told_of(self, pod: Pod) -> dict[str, Any]:
        status = self._status(pod, self.images.get(pod.image, self.usual), self.now - pod.born)
        return {
            "metadata": {"name": f"{pod.name}-{NODE.lower()}"},
            "spec": {"nodeName": NODE},
            "status": status,
        }

    def _status(self, pod: Pod, image: Image, age: float) -> dict[str, Any]:
        if pod.rejected:
            return {"phase": "Failed", "reason": pod.rejected, "message": "no room"}
        if image.missing:
            waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
            return _told("Pending", {"waiting": waiting})
        if pod.once:
            end = {"reason": "Completed", "exitCode": 0}
            return _told("Succeeded", {"terminated": end})
        restarts = int(age // image.ends)
        if restarts:
            last = {"reason": "Error", "exitCode": 1}
            waiting = {"reason": "CrashLoopBackOff", "message": "back-off restarting"}
            return _told("Running", {"waiting": waiting}, restarts, last=last)
        stumbled = age >= image.stumbles
        age -= image.stumbles if stumbled else 0.0
        ready = image.ready <= age < image.unready
        running = {"running": {"startedAt": "1970-01-01T00:00:01Z"}}
        return _told("Running", running, int(stumbled), ready=ready)


@cache
def _document(data: bytes) -> Any:
    """The document of a file; None for one that a kubelet passes over."""
    try:
        document = yaml.safe_load(data)
        return document if document["spec"]["containers"][0]["image"] else None
    except (LookupError, TypeError, ValueError, yaml.YAMLError):
        return None


def _told(
    phase: str,
    state: dict[str, Any],
    restarts: int = 0,
    *,
    ready: bool = False,
    last: dict[str, Any] | None = None,
) -> dict[str, Any]:
    container = {
        "name": "one",
        "state": state,
        "lastState": {"terminated": last} if last else {},
        "ready": ready,
        "restartCount": restarts,
    }
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {"phase": phase, "conditions": conditions, "containerStatuses": [container]}


class RunningKubelet(FakeKubelet):
    """One in which time goes by as it does."""

    def __init__(self, folder: Path, usual: Image) -> None:
        super().__init__(folder, usual)
        self._began = monotonic()

    def look(self) -> None:
        self.now = monotonic() - self._began
        super().look()


@contextmanager
def serve_kubelet(kubelet: FakeKubelet) -> Iterator[str]:
    """Answer on a free port, for agents in other processes; the URL."""
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                with lock:
                    body = dumps(kubelet._get(self.path)).encode()
            except OSError:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
