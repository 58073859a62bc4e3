"""The rollout: takes a device, a step at a time, from what it runs to what is wanted.

A step makes the pods folder equal to the record, asks the kubelet, decides (`decide.py`,
`handover.py`), writes the new record and makes the folder equal to that. So it does not matter
where the step before was cut off. Nothing is taken away while the kubelet does not answer.
"""

import time
from collections.abc import Callable
from pathlib import Path

from slipway_agent.all_slots import advance_slots, first_versions, standing
from slipway_agent.book import Book
from slipway_agent.channel import Wanted
from slipway_agent.decide import Look
from slipway_agent.errors import from_disk
from slipway_agent.handover import advance_agent, enter, read_candidate
from slipway_agent.kubelet import Kubelet
from slipway_agent.log import Log
from slipway_agent.manifest import AGENT_SLOT, Manifest
from slipway_agent.memory import available
from slipway_agent.record import Record
from slipway_agent.revival import Revival
from slipway_agent.slot_state import SlotState
from slipway_agent.teller import Teller
from slipway_agent.watch import Watch


class Rollout:
    """Acts on one pods folder; `pod` is the agent's own, empty if it runs in none."""

    def __init__(
        self,
        book: Book,
        state: Path,
        kubelet: Kubelet,
        log: Log,
        *,
        pod: str = "",
        memory: Callable[[], int] = available,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book = book
        self._state = state
        self._kubelet = kubelet
        self._teller = Teller(log, agent=bool(pod))
        self._pod = pod
        self._memory = memory
        self._watch = Watch(clock)
        self._revival = Revival(clock)
        self._opened = self._entered = self._changed = False

    def enter(self) -> None:
        """Begin to act: another agent may have written the record since this one did."""
        self._opened = self._entered = False

    @property
    def under_way(self) -> bool:
        """Whether something is being tried or on probation, or the last step has changed it."""
        slots = self._book.record.slots.values()
        trying = any(slot.trial or slot.serving != slot.good for slot in slots)
        return trying or self._changed or bool(self._revival.out)

    @property
    def successor(self) -> str:
        """The pod of the agent that is to act now; empty if it is this one."""
        handover = self._book.record.handover
        return handover if self._pod and handover != self._pod else ""

    def step(self, wanted: Wanted | None, *, synced: bool = True) -> tuple[SlotState, ...]:
        """One step towards `wanted`, or on from where it stands if that is not known.

        `synced` tells whether `wanted` is what the bucket says now. AgentError when the disk
        fails; the next step begins where this one has ended.
        """
        try:
            return self._step(wanted, synced)
        except OSError as error:
            raise from_disk(error, self._book.folder) from error

    def _step(self, wanted: Wanted | None, synced: bool) -> tuple[SlotState, ...]:
        if not self._opened:
            self._book.open()
            self._opened = True
        self._book.align(self._revival.out)
        pods = self._kubelet.pods()
        self._watch.look(pods)
        own = next((m for m in self._book.lying().values() if self._is_own(m)), None)
        manifests = self._manifests(wanted, own)
        look = Look(self._watch, manifests, self._kubelet.remains, self._memory)
        before, out = self._book.record, set(self._revival.out)
        record = before
        if own and not self._entered:
            record = enter(record, own)
            self._book.tidy(record.slot(AGENT_SLOT).trial)
        if pods is None:
            self._revival.out.clear()
            record = first_versions(record, wanted)
        else:
            record = advance_slots(record, wanted, look)
            if own and self._entered:
                record = self._advance_agent(record, own, wanted, look, synced)
            self._revival.look(standing(record, look), self._watch, self._kubelet.remains)
        self._changed = record != before
        if self._changed:
            self._book.commit(record, look.manifests.values())
        self._entered = own is not None
        if self._changed or out != self._revival.out:
            self._book.align(self._revival.out)
        return self._teller.tell(before, self._book.record, wanted, look, answered=pods is not None)

    def _manifests(self, wanted: Wanted | None, own: Manifest | None) -> dict[str, Manifest]:
        """All that a decision may be about, by sha256."""
        known = [
            self._book.manifest(name, sha256)
            for name, slot in self._book.record.slots.items()
            for sha256 in slot.manifests()
        ]
        lying = [own] if own else []
        new = wanted.manifests.values() if wanted else ()
        return {manifest.sha256: manifest for manifest in (*known, *lying, *new)}

    def _is_own(self, manifest: Manifest) -> bool:
        return manifest.slot == AGENT_SLOT and manifest.pod == self._pod != ""

    def _advance_agent(
        self, record: Record, own: Manifest, wanted: Wanted | None, look: Look, synced: bool
    ) -> Record:
        slot = record.slot(AGENT_SLOT)
        aim = wanted.manifests.get(AGENT_SLOT) if wanted else None
        retired = {m.sha256 for m in self._book.lying().values()} & set(record.retired)
        record = record._replace(retired=tuple(s for s in record.retired if s in retired))
        return advance_agent(
            record,
            aim or look.manifests.get(slot.trial, own),
            look,
            read_candidate(self._state),
            synced=wanted.version if wanted and synced else 0,
        )
