"""What the agent has seen of the pods since it runs, measured by a clock that nobody can set.

Nothing here outlives the process: an agent that starts anew begins to count anew, so a device that
was switched off for a week, or whose clock jumps by fifty years, has no version that is late.
"""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from slipway_agent.kubelet import PodView

# Reasons to wait that are no version's fault: its image or the engine is on the way.
_COMING = {
    *("ContainerCreating", "PodInitializing", "ErrImagePull", "ImagePullBackOff"),
    *("RegistryUnavailable", "ImageInspectError", ""),
}


class Sight(NamedTuple):
    """One pod, and what came of it while it was watched."""

    view: PodView
    ends: int = 0  # how often it has ended since it was first seen ready, or running
    was_ready: bool = False  # at some time since it is watched
    unready: float = 0.0  # seconds for which it has had what it needs and was not ready

    @property
    def coming(self) -> bool:
        """Whether the pod still waits for something that is not its own fault."""
        view = self.view
        begun = view.running or view.terminated or view.ready or view.rejected
        return not begun and view.waiting in _COMING


class Watch:
    """Counts restarts and seconds; `look` is called once a step."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: dict[str, int] = {}  # pod → its restarts when it was first seen so
        self._proven: set[str] = set()  # pods that have been seen ready
        self._pull_errors: dict[str, str] = {}  # pod → why its image did not come
        self._since: dict[tuple[str, str], float] = {}
        self._asked: set[tuple[str, str]] = set()
        self._now = clock()
        self._sights: dict[str, Sight] = {}

    def look(self, pods: Mapping[str, PodView] | None) -> None:
        """Take in what the kubelet says now; None makes it count from anew."""
        self._now = self._clock()
        self._since = {key: at for key, at in self._since.items() if key in self._asked}
        self._asked = set()
        pods = pods or {}
        self._first = {name: count for name, count in self._first.items() if name in pods}
        self._proven &= set(pods)
        self._pull_errors = {name: why for name, why in self._pull_errors.items() if name in pods}
        self._sights = {name: self._sight(self._explained(view)) for name, view in pods.items()}

    def sight(self, pod: str) -> Sight:
        """What is known of a pod; one that the kubelet does not have is still coming."""
        return self._sights.get(pod) or Sight(PodView(pod))

    def has(self, pod: str) -> bool:
        """Whether the kubelet has the pod."""
        return pod in self._sights

    def seconds(self, what: str, of: str) -> float:
        """Since this was first asked; it has to be asked in every step, or begins anew."""
        self._asked.add((what, of))
        return self._now - self._since.setdefault((what, of), self._now)

    def _explained(self, view: PodView) -> PodView:
        """While the kubelet waits for the next attempt, it does not tell any more what went wrong
        in the last one."""
        if view.waiting == "ErrImagePull":
            self._pull_errors[view.name] = view.message
        why = self._pull_errors.get(view.name)
        return view._replace(message=why) if why and view.waiting == "ImagePullBackOff" else view

    def _sight(self, view: PodView) -> Sight:
        if view.running:
            self._first.setdefault(view.name, view.restarts)
        if view.ready and view.name not in self._proven:
            self._proven.add(view.name)
            self._first[view.name] = view.restarts
        first, ends = self._first.get(view.name), 0
        if first is not None:
            ends = max(0, view.restarts - first) + bool(view.terminated)
        sight = Sight(view, ends, view.name in self._proven)
        if view.ready or sight.coming:
            return sight
        return sight._replace(unready=self.seconds("unready", view.name))
