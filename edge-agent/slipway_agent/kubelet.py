"""What the kubelet says about the pods, read from its read-only port on the device's loopback."""

import http.client
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from slipway_agent.errors import InvalidOption

URL = "http://127.0.0.1:10255"

_TIMEOUT = 3.0  # seconds
_LONGEST_SAID = 300  # characters of a container's last words
_LARGEST_ANSWER = 8 * 1024 * 1024  # bytes; 110 pods are about one
_SENSELESS = (
    *(OSError, http.client.HTTPException),
    *(AttributeError, LookupError, TypeError, ValueError),
)


class PodView(NamedTuple):
    """One pod, all of its containers together."""

    name: str  # metadata.name of its manifest
    ready: bool = False  # its probes say so, or it has done its work and ended
    running: bool = False  # all of its containers run
    restarts: int = 0
    waiting: str = ""  # why a container is not running yet: "ImagePullBackOff"
    terminated: str = ""  # why a container has ended: "Error", "OOMKilled", "Completed"
    rejected: str = ""  # why the kubelet gave the pod up, for good: "OutOfmemory", "Evicted"
    started: float | None = None  # unix seconds, when the last container started
    message: str = ""  # more about whatever it is


class Kubelet:
    """A client of one kubelet. No answer, or one that makes no sense, is None and no error."""

    def __init__(self, url: str = URL) -> None:
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port or 80
        except ValueError as error:
            raise InvalidOption(
                "the kubelet's URL does not parse", hint=f"Such as {URL}"
            ) from error
        if parts.scheme != "http" or not self._host:
            raise InvalidOption(f"{url!r} is not the URL of a kubelet", hint=f"Such as {URL}")

    def pods(self) -> dict[str, PodView] | None:
        """Every pod that the kubelet has, by the name in its manifest."""
        try:
            items = self._get("/pods")["items"] or ()
            views = [_view(item) for item in items]
        except _SENSELESS:
            return None
        return {view.name: view for view in views}

    def remains(self, names: Iterable[str]) -> bool:
        """Whether containers of one of these pods still run; True if that cannot be known.

        A pod whose file is gone leaves `pods` at once, while its containers still drain; the
        statistics come from the container engine.
        """
        try:
            summary = self._get("/stats/summary?only_cpu_and_memory=true")
            node = str(summary["node"]["nodeName"]).lower()
            running = {str(pod["podRef"]["name"]) for pod in summary["pods"] or ()}
        except _SENSELESS:
            return True
        return any(f"{name}-{node}" in running for name in names)

    def _get(self, path: str) -> Any:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read(_LARGEST_ANSWER)
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError(f"the kubelet answers {answer.status}")
        return json.loads(body)


def _view(item: dict[str, Any]) -> PodView:
    status = item.get("status") or {}
    containers = [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
    states = [container.get("state") or {} for container in containers]
    main = [container.get("state") or {} for container in status.get("containerStatuses") or ()]
    waiting = [state["waiting"] for state in states if "waiting" in state]
    ended = [state["terminated"] for state in main if "terminated" in state]
    last = [(container.get("lastState") or {}).get("terminated") for container in containers]
    phase, reason = status.get("phase", ""), status.get("reason", "")
    conditions = {c["type"]: c["status"] for c in status.get("conditions") or ()}
    return PodView(
        name=_without_node(item),
        ready=conditions.get("Ready") == "True" or phase == "Succeeded",
        running=bool(main) and all("running" in state for state in main),
        restarts=sum(container.get("restartCount", 0) for container in containers),
        waiting=_first(waiting, "reason"),
        terminated=_first(ended, "reason") or ("Ended" if ended else ""),
        rejected=(reason or "") if phase == "Failed" else "",
        started=max(
            (_time(s["running"]["startedAt"]) for s in main if "running" in s), default=None
        ),
        message=_message(status, [*ended, *filter(None, last)], waiting),
    )


def _without_node(item: dict[str, Any]) -> str:
    """The name in the manifest; the kubelet appends its node's to that of a static pod."""
    name, node = str(item["metadata"]["name"]), str(item["spec"].get("nodeName", "")).lower()
    return name.removesuffix(f"-{node}") if node else name


def _message(
    status: dict[str, Any], ended: list[dict[str, Any]], waiting: list[dict[str, Any]]
) -> str:
    """How a container ended, and the last line that it said, says more than that it is started
    again."""
    if ended:
        end = ended[0]
        told = f"{end.get('reason', 'ended')}, exit code {end.get('exitCode')}"
        said = str(end.get("message") or "").strip().rpartition("\n")[2]
        return f"{told}: {said[:_LONGEST_SAID]}" if said else told
    return _first([status, *waiting], "message")


def _first(told: list[dict[str, Any]], key: str) -> str:
    return next((str(entry[key]).strip() for entry in told if entry.get(key)), "")


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
