"""What the agent tells of a slot."""

from typing import NamedTuple

from slipway_agent.decide import Look
from slipway_agent.errors import AgentError
from slipway_agent.hold import hold_name
from slipway_agent.manifest import AGENT_SLOT, Manifest
from slipway_agent.record import BESIDE, PULL, SERVE, Slot


class SlotState(NamedTuple):
    """One slot: what is wanted, what runs, and how they come together."""

    slot: str
    wanted: str  # sha256 of a manifest, "" none
    running: str  # sha256 of a manifest, "" none
    state: str  # running, starting, rolled-back, quarantined, refused, failing or removed
    reason: str
    version: str  # of the running model
    digest: str  # of the running image
    wanted_version: str
    restarts: int
    since: int  # unix seconds


def slot_state(
    name: str, slot: Slot, wanted: Manifest | None, refused: AgentError | None, look: Look
) -> SlotState:
    """Tell of one slot; `since` is filled in by who remembers what it was before."""
    running = next((s for s in (slot.serving, slot.trial) if s and look.sight(s).view.running), "")
    manifest = look.manifests.get(running)
    state, reason = _state(name, slot, wanted.sha256 if wanted else "", refused, look)
    started = look.sight(running).view.started if running else None
    return SlotState(
        slot=name,
        wanted=wanted.sha256 if wanted else "",
        running=running,
        state=state,
        reason=reason,
        version=manifest.version if manifest else "",
        digest=manifest.images[0].rpartition("@")[2] if manifest and manifest.images else "",
        wanted_version=wanted.version if wanted else "",
        restarts=look.sight(running).view.restarts if running else 0,
        since=int(started or 0),
    )


def _state(
    name: str, slot: Slot, wanted: str, refused: AgentError | None, look: Look
) -> tuple[str, str]:
    if refused:
        return "refused", refused.message
    if slot.trial and slot.phase != SERVE:
        return _trying(slot, look)
    if wanted in slot.bad:
        return slot.bad[wanted]
    if not slot.serving:
        return "starting", "nothing is tried yet"
    sight = look.sight(slot.serving)
    if sight.view.ready:
        on_probation = slot.serving != slot.good
        return "running", "on probation" if on_probation and name != AGENT_SLOT else ""
    if sight.view.rejected:
        return "failing", f"the kubelet gave it up: {sight.view.rejected} {sight.view.message}"
    if sight.coming:
        return "starting", sight.view.waiting or "the kubelet has not started it yet"
    return "failing", look.fault(slot.serving, ends=1) or "it is not ready"


def _trying(slot: Slot, look: Look) -> tuple[str, str]:
    sight = look.sight(slot.trial)
    alone = f"the one before goes first: {slot.reason}" if slot.reason else ""
    fault = look.fault(slot.trial, ends=2)
    if slot.phase == BESIDE and not slot.serving and (fault or sight.view.rejected):
        return "failing", fault or f"{sight.view.rejected} {sight.view.message}".strip()
    pulls = look.watch.sight(hold_name(look.manifests[slot.trial]))
    view = pulls.view if slot.phase == PULL else sight.view
    waits = ": ".join(filter(None, (view.waiting, view.message if view.waiting else "")))
    return "starting", "; ".join(filter(None, (alone, waits)))
