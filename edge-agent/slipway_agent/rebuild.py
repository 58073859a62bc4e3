"""A record made from what lies in the pods folder, where there is none that can be read.

That is the first start of this agent on a device, or one whose disk has lost the record. Nothing
that runs is taken down for it: of two versions of one slot the older serves and the newer is tried.
"""

from collections.abc import Mapping

from slipway_agent.manifest import AGENT_SLOT, Manifest
from slipway_agent.record import BESIDE, Record, Slot


def rebuild(found: Mapping[str, Manifest]) -> Record:
    """The record for these files, by name, the oldest first."""
    slots: dict[str, Slot] = {}
    for manifest in found.values():
        slot = slots.get(manifest.slot)
        if manifest.slot == AGENT_SLOT:
            continue  # an agent that gets the lock makes itself known
        if slot is None:
            slots[manifest.slot] = Slot(good=manifest.sha256, serving=manifest.sha256)
        else:
            slots[manifest.slot] = slot._replace(trial=manifest.sha256, phase=BESIDE)
    return Record(slots)
