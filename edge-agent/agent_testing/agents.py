"""Agents in their pods, driven by the test: the kubelet's view decides which of them live."""

from collections.abc import Callable
from pathlib import Path

from slipway_agent.book import Book
from slipway_agent.channel import Wanted
from slipway_agent.disk import Disk
from slipway_agent.errors import AgentError, Unavailable
from slipway_agent.lock import FolderLock
from slipway_agent.log import Log
from slipway_agent.loop import Loop
from slipway_agent.manifest import AGENT_SLOT
from slipway_agent.pods_folder import PodsFolder
from slipway_agent.rollout import Rollout
from slipway_agent.slot_state import SlotState
from slipway_agent.standby import Standby
from slipway_agent.status import ChannelState

from agent_testing.disks import Killed
from agent_testing.rollouts import GIB, Device


class Said:
    """A channel as the test says it is, for one agent."""

    def __init__(self, device: Device, pod: str, deaf: set[str]) -> None:
        self._device, self._pod, self._deaf = device, pod, deaf

    def poll(self) -> Wanted:
        if self._pod in self._deaf or self._device.wanted is None:
            raise Unavailable("no network")
        return self._device.wanted


class Agent:
    """One process: its parts, and the lock that goes with it."""

    def __init__(self, device: Device, pod: str, disk: Disk, deaf: set[str]) -> None:
        log = Log(device.out)
        book = Book(PodsFolder(device.pods, disk), device.state, disk, log)
        channel = Said(device, pod, deaf)
        clock = device.kubelet.clock
        rollout = Rollout(
            book,
            device.state,
            device.kubelet,
            log,
            pod=pod,
            memory=lambda: GIB,
            clock=clock,
        )
        standby = Standby(
            book,
            channel,  # type: ignore[arg-type]
            device.kubelet,
            device.state,
            disk,
            pod=pod,
            clock=clock,
        )
        self.lock = FolderLock(device.pods)
        self.acts = False
        self.states: dict[str, SlotState] = {}
        self.loop = Loop(
            channel,  # type: ignore[arg-type]
            rollout,
            standby,
            lock=self.lock,
            tell=self._tell,
            rest=self._rest,
            disk=disk,
            log=log,
        )

    def _tell(
        self, slots: tuple[SlotState, ...], _channel: ChannelState, _error: AgentError | None
    ) -> None:
        self.acts = True
        self.states = {state.slot: state for state in slots}

    def _rest(self) -> None:
        self.acts = False


class Pods:
    """The agents whose manifests lie in the folder; `deaf` cannot poll, `dying` end as they act."""

    def __init__(self, root: Path, disk: Disk) -> None:
        self.device = Device(root)
        self.disk = disk
        self.agents: dict[str, Agent] = {}
        self.deaf: set[str] = set()
        self.dying: set[str] = set()
        self.kills = 0

    def acting(self) -> list[str]:
        return [pod for pod, agent in self.agents.items() if agent.acts]

    def tick(self) -> None:
        """Half a second: each agent has a round, the one whose pod went has ended."""
        self.device.kubelet.look()
        views = self.device.kubelet.pods() or {}
        here = {pod for pod, view in views.items() if pod.startswith(AGENT_SLOT) and view.running}
        for pod in set(self.agents) - here:
            self.end(pod)
        for pod in sorted(here):
            if pod not in self.agents:
                self.agents[pod] = Agent(self.device, pod, self.disk, self.deaf)
            self._round(pod)
            assert len(self.acting()) <= 1
        self.device.kubelet.pass_time(0.5)

    def _round(self, pod: str) -> None:
        try:
            self.agents[pod].loop._round(poll=True)
        except Killed:
            self.kills += 1
            self.end(pod)
        else:
            if pod in self.dying and self.agents[pod].acts:
                self.end(pod)

    def end(self, pod: str) -> None:
        """End an agent as SIGKILL does."""
        self.agents.pop(pod).lock.release()

    def until(self, what: Callable[[], bool], most: int = 400) -> None:
        for _ in range(most):
            self.tick()
            if what():
                return
        raise AssertionError(f"did not come: {self.device.names()}, {self.device.out.getvalue()}")
