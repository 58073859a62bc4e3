"""Pods that the kubelet gave up for good are put again.

A static pod that was evicted, or refused when it came, is never tried again by the kubelet
(https://github.com/kubernetes/kubernetes/issues/138391). Its file has to go, until the kubelet has
forgotten the pod, and to come back. Nothing serves less for that: such a pod has no container.
"""

import time
from collections.abc import Callable, Collection, Iterable

from slipway_agent.watch import Watch

_FIRST, _LONGEST = 5.0, 300.0  # seconds between two attempts


class Revival:
    """Remembers which pods are out, and when each may go out again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.out: set[str] = set()
        self._again: dict[str, tuple[float, float]] = {}  # pod → not before, wait after that

    def look(
        self, pods: Iterable[str], watch: Watch, remains: Callable[[Collection[str]], bool]
    ) -> None:
        """Decide which of `pods`, all of which should run, are to be out of the folder."""
        now = self._clock()
        known = set(pods)
        self.out &= known
        self._again = {pod: again for pod, again in self._again.items() if pod in known}
        for pod in sorted(known):
            if pod in self.out:
                if not watch.has(pod) and not remains([pod]):
                    self.out.discard(pod)
            elif watch.sight(pod).view.rejected:
                at, wait = self._again.get(pod, (now, _FIRST))
                if now >= at:
                    self.out.add(pod)
                    self._again[pod] = (now + wait, min(2 * wait, _LONGEST))
