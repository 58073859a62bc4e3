"""What runs on a local device, as its kubelet tells on the device's loopback."""

import http.client
import json
import math
import time
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import datetime

from slipway.domain.errors import DeviceFailed, Unavailable
from slipway.domain.image import MODEL_KEY, VERSION_KEY
from slipway.domain.pod import SLOT_KEY
from slipway.local import cgroups, netns
from slipway.local.device_boot import cgroup_of
from slipway.local.device_disk import disk_of
from slipway.settings import Settings

READ_ONLY_PORT = 10255
HEALTH_PORT = 10248
_HOLD_KEY = "dev.slipway.hold"  # label of the agent's pods that keep an image from being collected
_TIMEOUT = 5.0  # seconds for one answer


@dataclass(frozen=True)
class Pod:
    """One pod of a device; of its containers the first."""

    name: str  # as in its manifest, another one for each move of a channel
    slot: str  # what a device has one pod of, but for the time of an update; else the name
    uid: str  # another one after every change of its manifest
    phase: str  # Pending, Running, Succeeded, Failed, Unknown
    ready: bool
    image: str
    digest: str  # sha256:…; empty when the image is not pinned
    model: str  # of its labels and annotations, empty where they do not tell
    version: str
    restarts: int
    started: int | None  # unix seconds, None while it does not run
    message: str  # why it waits or ended, for people


def pods(settings: Settings, name: str) -> tuple[Pod, ...]:
    """The device's pods in order of their slots, in a slot the older first, without those that do
    nothing but hold an image.

    NotFound when the device is not up, Unavailable when its kubelet does not answer.
    """
    pid = netns.running(settings, name)
    answer = netns.inside(pid, lambda: _get(READ_ONLY_PORT, "/pods"))
    items = json.loads(answer).get("items") or []
    found = (_pod(item) for item in items if not _only_holds(item))
    return tuple(sorted(found, key=lambda pod: (pod.slot, pod.started or math.inf)))


def kubelet_answers(pid: int) -> bool:
    """Whether the kubelet in the network of the process `pid` is healthy and lists its pods."""

    def ask() -> bool:
        return _get(HEALTH_PORT, "/healthz") == b"ok" and bool(_get(READ_ONLY_PORT, "/pods"))

    try:
        return netns.inside(pid, ask)
    except Unavailable:
        return False


def wait_for_pod(
    settings: Settings,
    name: str,
    slot: str,
    *,
    until: Callable[[Pod], bool] = lambda found: found.ready,
    seconds: float = 120,
) -> Pod:
    """Wait until the device has a pod in the slot for which `until` holds (by default: it is
    ready); DeviceFailed with what it waits for when it takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            seen = [pod for pod in pods(settings, name) if pod.slot == slot]
        except Unavailable:  # the kubelet is being started again
            seen = []
        for pod in seen:
            if until(pod):
                return pod
        if time.monotonic() > deadline:
            states = " and ".join(f"{pod.phase}, {pod.message}" for pod in seen) or "not there"
            raise DeviceFailed(
                f"pod {slot!r} of device {name!r} is {states} after {seconds:.0f} s",
                hint=f"Read the logs in {settings.home / 'devices' / name / 'log'}",
            )
        time.sleep(0.1)


def wait_until_gone(settings: Settings, name: str, uids: Set[str], seconds: float = 60) -> None:
    """Wait until the device has none of these pods and their processes have ended, of which the
    kubelet tells no more; DeviceFailed when it takes longer."""
    deadline = time.monotonic() + seconds
    group = cgroup_of(disk_of(settings, name))
    while True:
        there = {pod.uid for pod in pods(settings, name)} & uids
        if not there and not any(cgroups.pod_processes(group, uid) for uid in uids):
            return
        if time.monotonic() > deadline:
            raise DeviceFailed(f"pods of device {name!r} are still there after {seconds:.0f} s")
        time.sleep(0.05)


def _get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"the kubelet does not answer on port {port}: {error}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise Unavailable(f"the kubelet answers {path} with {response.status}")
    return body


def _pod(item: dict[str, dict[str, object]]) -> Pod:
    """Read one v1.Pod (the shape of the Kubernetes API, of which a kubelet fills all we need)."""
    metadata, spec, status = item["metadata"], item["spec"], item.get("status") or {}
    told = {**_mapping(metadata.get("annotations")), **_mapping(metadata.get("labels"))}
    container = _first(spec.get("containers"))
    state = _first(status.get("containerStatuses"))
    now = _mapping(state.get("state"))
    running, waiting = _mapping(now.get("running")), _mapping(now.get("waiting"))
    ended = _mapping(now.get("terminated"))
    image = str(container.get("image", ""))
    ready = any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in _list(status.get("conditions"))
    )
    began = running.get("startedAt")
    words = (waiting or ended).get("reason"), (waiting or ended).get("message")
    # The kubelet appends the node's name to the name in the file.
    name = str(metadata["name"]).removesuffix(f"-{spec.get('nodeName', '')}")
    return Pod(
        name=name,
        slot=str(told.get(SLOT_KEY, name)),
        uid=str(metadata.get("uid", "")),
        phase=str(status.get("phase", "Unknown")),
        ready=ready,
        image=image,
        digest=image.partition("@")[2],
        model=str(told.get(MODEL_KEY, "")),
        version=str(told.get(VERSION_KEY, "")),
        restarts=int(str(state.get("restartCount", 0))),
        started=int(datetime.fromisoformat(str(began)).timestamp()) if began else None,
        message=": ".join(str(word) for word in words if word),
    )


def _only_holds(item: dict[str, dict[str, object]]) -> bool:
    return _HOLD_KEY in _mapping(item["metadata"].get("labels"))


def _list(value: object) -> list[dict[str, object]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _first(value: object) -> dict[str, object]:
    return next(iter(_list(value)), {})


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
