"""Tells what became of the slots, and since when; in the log too, where it changes."""

import time

from slipway_agent.channel import Wanted
from slipway_agent.decide import Look
from slipway_agent.log import Log
from slipway_agent.manifest import AGENT_SLOT
from slipway_agent.record import Record
from slipway_agent.slot_state import SlotState, slot_state


class Teller:
    """Remembers what was told; `agent`: whether the agent's own slot is its business."""

    def __init__(self, log: Log, *, agent: bool) -> None:
        self._log = log
        self._agent = agent
        self._told: dict[str, SlotState] = {}

    def tell(
        self, before: Record, record: Record, wanted: Wanted | None, look: Look, *, answered: bool
    ) -> tuple[SlotState, ...]:
        """All slots after a step; `answered`: whether the kubelet has said what runs."""
        told = {}
        refused = wanted.refused if wanted else {}
        manifests = wanted.manifests if wanted else {}
        for name in self._names({*record.slots, *manifests, *refused}):
            slot = record.slot(name)
            if slot.manifests() or name in manifests or name in refused:
                state = slot_state(name, slot, manifests.get(name), refused.get(name), look)
                told[name] = self._since(state, answered=answered)
        removed = [
            SlotState(name, "", "", "removed", "", "", "", "", 0, int(time.time()))
            for name, slot in before.slots.items()
            if slot.manifests() and not record.slot(name).manifests()
        ]
        for state in (*told.values(), *removed):
            known = self._told.get(state.slot)
            if not known or known[3:5] != state[3:5]:
                fields = {"state": state.state, "reason": state.reason, "version": state.version}
                self._log.event("slot", slot=state.slot, **fields)
        self._told = told
        return (*told.values(), *removed)

    def _names(self, names: set[str]) -> list[str]:
        if not self._agent and AGENT_SLOT in names:
            names.discard(AGENT_SLOT)
            self._log.once("left-alone", slot=AGENT_SLOT, reason="this agent runs in no pod")
        return sorted(names)

    def _since(self, state: SlotState, *, answered: bool) -> SlotState:
        known = self._told.get(state.slot)
        if not answered:
            state = (known or state)._replace(
                reason="the kubelet does not answer",
                wanted=state.wanted,
                wanted_version=state.wanted_version,
            )
        if known and known[1:4] == state[1:4]:
            return state._replace(since=known.since)
        return state._replace(since=state.since or int(time.time()))
