"""The agent's own slot: how an agent gives way to the next one.

The new agent's pod is put beside that of the acting one. It cannot have the folder's lock, so it
stands by and completes a verified poll of its own, which it tells in `state/candidate.json`. The
acting agent sees that, writes the new pod's name into the record as `handover`, and lets go of the
lock. The new agent takes it, acts, and after its probation removes the old one's manifest. If it
dies before that, the old agent, which stands by in its turn, takes over again and blames it.

The files of agents are put by people too: that is how a device changes its channel. So the acting
agent puts only what it tries itself, and removes only what the record says is `retired`.
"""

import json
from pathlib import Path
from typing import NamedTuple

from slipway_agent.decide import Look
from slipway_agent.disk import Disk, replace_file
from slipway_agent.manifest import AGENT_SLOT, Manifest
from slipway_agent.record import BESIDE, SERVE, Record, Slot

CANDIDATE = "candidate.json"


class Candidate(NamedTuple):
    """An agent that has completed a verified poll while it stood by."""

    pod: str
    version: int  # of the signed timestamp that it has verified
    at: int  # unix seconds


def tell_candidate(state: Path, disk: Disk, candidate: Candidate) -> None:
    """Write the document; OSError."""
    replace_file(disk, state / CANDIDATE, json.dumps(candidate._asdict()).encode() + b"\n")


def read_candidate(state: Path) -> Candidate | None:
    """The last candidate; None if there is none that can be read."""
    try:
        return Candidate(**json.loads((state / CANDIDATE).read_bytes()))
    except (OSError, TypeError, ValueError):
        return None


def enter(record: Record, own: Manifest) -> Record:
    """The record of the agent with the manifest `own`, which has just got the lock."""
    slot = record.slot(AGENT_SLOT)
    if own.sha256 == slot.trial:  # the one before gave way to it, or is gone
        slot = slot._replace(serving=own.sha256, trial="", phase=SERVE)
        return record.with_slot(AGENT_SLOT, slot)._replace(handover=own.pod)
    if own.sha256 == slot.serving:
        if record.handover in ("", own.pod):
            return record
        return _blame(record, slot, slot.trial, "quarantined", "it did not take over")
    if own.sha256 == slot.good:
        return _blame(
            record, slot._replace(serving=own.sha256), slot.serving, "rolled-back", "it ended"
        )
    slot = Slot(good=own.sha256, serving=own.sha256, bad=slot.bad)  # put there by a person
    retired = tuple(sha256 for sha256 in record.retired if sha256 != own.sha256)
    return record.with_slot(AGENT_SLOT, slot)._replace(handover="", retired=retired)


def advance_agent(
    record: Record, wanted: Manifest, look: Look, candidate: Candidate | None, *, synced: int
) -> Record:
    """One step of the acting agent, which has entered; `synced`: the version of its own last poll.

    0 where that failed: then no other agent can be expected to do better.
    """
    slot = record.slot(AGENT_SLOT)
    serving, trial = look.manifests[slot.serving], slot.trial
    if slot.serving != slot.good:
        passed = look.watch.seconds("probation", slot.serving)
        if not synced or passed < serving.probation:
            return record
        retired = (*record.retired, slot.good)
        record = record.with_slot(AGENT_SLOT, slot._replace(good=slot.serving))
        return record._replace(handover="", retired=tuple(filter(None, retired)))
    if trial and trial != wanted.sha256:
        slot = slot._replace(trial="", phase=SERVE)
        return record.with_slot(AGENT_SLOT, slot)._replace(retired=(*record.retired, trial))
    if trial:
        return _try(record, slot, look, candidate, synced)
    known = wanted.sha256 == slot.serving or wanted.sha256 in slot.bad
    if known or wanted.pod == serving.pod:
        return record
    retired = tuple(sha256 for sha256 in record.retired if sha256 != wanted.sha256)
    slot = slot._replace(trial=wanted.sha256, phase=BESIDE)
    return record.with_slot(AGENT_SLOT, slot)._replace(retired=retired)


def _try(
    record: Record, slot: Slot, look: Look, candidate: Candidate | None, synced: int
) -> Record:
    manifest, view = look.manifests[slot.trial], look.sight(slot.trial).view
    if candidate and candidate.pod == manifest.pod and view.running:
        if candidate.version >= synced:
            return record._replace(handover=manifest.pod)
        return record
    fault = view.rejected or look.fault(slot.trial, ends=2)
    if view.running and synced:
        late = look.watch.seconds("candidate", slot.trial) > manifest.start
        fault = fault or (
            f"it has completed no verified poll in {manifest.start:g} seconds" if late else ""
        )
    return _blame(record, slot, slot.trial, "quarantined", fault) if fault else record


def _blame(record: Record, slot: Slot, sha256: str, state: str, reason: str) -> Record:
    slot = slot.blame(sha256, state, reason)._replace(trial="", phase=SERVE)
    retired = (*record.retired, sha256)
    return record.with_slot(AGENT_SLOT, slot)._replace(handover="", retired=retired)
