"""The decisions for all slots of the record at once, that of the agent aside."""

from slipway_agent.channel import Wanted
from slipway_agent.decide import Look, advance
from slipway_agent.hold import hold_name
from slipway_agent.manifest import AGENT_SLOT
from slipway_agent.record import BESIDE, Record, Slot


def advance_slots(record: Record, wanted: Wanted | None, look: Look) -> Record:
    """One step of each slot; None where it is not known what is wanted: it goes on as it is."""
    manifests = wanted.manifests if wanted else {}
    holders = {
        look.manifests[sha256].pod: name
        for name, slot in record.slots.items()
        for sha256 in slot.manifests()
    }
    for name in sorted({*record.slots, *manifests} - {AGENT_SLOT}):
        slot = record.slot(name)
        target = slot.trial or slot.serving
        if wanted and name not in wanted.refused:
            manifest = manifests.get(name)
            if manifest is None:
                record = record.with_slot(name, Slot(bad=slot.bad))
                continue
            if holders.get(manifest.pod, name) == name:  # else its pod is another slot's still
                target = manifest.sha256
        if target:
            record = record.with_slot(name, advance(slot, target, look))
    return record


def first_versions(record: Record, wanted: Wanted | None) -> Record:
    """Slots that hold nothing can begin without a kubelet: nothing is taken away for them."""
    for name, manifest in (wanted.manifests if wanted else {}).items():
        slot = record.slot(name)
        if name != AGENT_SLOT and not slot.manifests() and manifest.sha256 not in slot.bad:
            slot = slot._replace(trial=manifest.sha256, phase=BESIDE)
            record = record.with_slot(name, slot)
    return record


def standing(record: Record, look: Look) -> list[str]:
    """The pods that should run, or hold, whatever is being tried."""
    pods = []
    for name, slot in record.slots.items():
        if name != AGENT_SLOT:
            on_trial = slot.trial if slot.serving else ""
            pods += [look.manifests[s].pod for s in slot.files() if s != on_trial]
            pods += [hold_name(look.manifests[s]) for s in slot.held()]
    return pods
