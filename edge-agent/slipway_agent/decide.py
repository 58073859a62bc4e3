"""What becomes of a slot: pure decisions, one at a time, by what the kubelet says.

Make before break. A version that is wanted comes up beside the one that serves; the one that
serves goes only once the new one is ready. Where both do not fit, the old one goes first, after the
new one's image was pulled, and comes back if the new one fails. What fails is taken back, blamed
and never tried again. Nothing here is called while the kubelet does not answer.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from slipway_agent.hold import hold_name
from slipway_agent.manifest import Manifest
from slipway_agent.record import ALONE, BACK, BESIDE, CLEAR, PULL, SERVE, Slot
from slipway_agent.watch import Sight, Watch

MARGIN = 64 * 1024 * 1024  # bytes that stay free for the device itself
_PATIENCE = 5.0  # seconds for which one that was ready may be not: a restart of the kubelet
_LONGEST_END = 120.0  # seconds for which a pod that has to be gone is waited for
_MOST_ENDS = 2  # before a version was ever ready


class Look(NamedTuple):
    """What a decision may look at."""

    watch: Watch
    manifests: Mapping[str, Manifest]  # by sha256
    remains: Callable[[Collection[str]], bool]  # pods whose containers still run
    memory: Callable[[], int]  # bytes that are available

    def sight(self, sha256: str) -> Sight:
        """The pod of a manifest."""
        return self.watch.sight(self.manifests[sha256].pod)

    def fault(self, sha256: str, ends: int) -> str:
        """Why a version has failed, empty if it has not; one has if it has ended `ends` times."""
        manifest, sight = self.manifests[sha256], self.sight(sha256)
        view = sight.view
        if view.waiting == "CrashLoopBackOff" or sight.ends >= ends:
            times = max(sight.ends, view.restarts)
            told = f": {view.message}" if view.message else ""
            return f"it has ended {'once' if times == 1 else f'{times} times'}{told}"
        limit = min(_PATIENCE, manifest.start) if sight.was_ready else manifest.start
        if sight.unready > limit:
            since = "any more" if sight.was_ready else f"in {manifest.start:g} seconds"
            return f"it is not ready {since}{f': {_why(sight)}' if _why(sight) else ''}"
        return ""


def advance(slot: Slot, wanted: str, look: Look) -> Slot:
    """The slot after one step towards the manifest `wanted`, the sha256 of one that is known."""
    slot = _aim(_judge(slot, look), wanted, look)
    trial = slot.trial
    if slot.phase == BESIDE:
        return _beside(slot, look)
    if slot.phase == PULL and _is_pulled(look, trial):
        return slot._replace(phase=CLEAR)
    if slot.phase == CLEAR and _is_gone(look, slot.serving, trial):
        return slot._replace(phase=ALONE)
    if slot.phase == BACK and _is_gone(look, slot.serving, trial):
        return slot._replace(trial="", phase=SERVE, reason="")
    if slot.phase == ALONE:
        return _alone(slot, look)
    return slot


def _aim(slot: Slot, wanted: str, look: Look) -> Slot:
    """Begin with what is wanted; what was being tried and is not wanted any more is given up."""
    if slot.trial and slot.trial != wanted:
        if slot.phase in (CLEAR, ALONE, BACK):
            return slot._replace(phase=BACK)
        slot = slot._replace(trial="", phase=SERVE, reason="")
    if slot.trial or wanted == slot.serving or wanted in slot.bad:
        return slot
    reason = _why_alone(slot, wanted, look)
    return slot._replace(trial=wanted, phase=PULL if reason else BESIDE, reason=reason)


def _why_alone(slot: Slot, wanted: str, look: Look) -> str:
    if not slot.serving:
        return ""
    manifest, serving = look.manifests[wanted], look.manifests[slot.serving]
    if manifest.update == "recreate":
        return "its manifest asks for it"
    if manifest.pod == serving.pod:
        return f"both versions name their pod {manifest.pod}"
    free = look.memory()
    if manifest.memory and free < manifest.memory + MARGIN:
        return (
            f"{free >> 20} MiB of memory are free, and both at once need"
            f" {(manifest.memory + MARGIN) >> 20} MiB"
        )
    return ""


def _judge(slot: Slot, look: Look) -> Slot:
    """Judge the one on probation, unless it has been taken out of the folder."""
    if slot.trial and not slot.serving and look.sight(slot.trial).view.ready:
        slot = _take_over(slot)  # a first version serves, whatever is wanted by now
    if slot.serving == slot.good or slot.serving not in slot.files():
        return slot
    serving, sight = slot.serving, look.sight(slot.serving)
    passed = look.watch.seconds("probation", serving)
    fault = sight.view.rejected or look.fault(serving, ends=1)
    if fault and slot.good:
        slot = slot.blame(serving, "rolled-back", fault)
        if slot.reason or look.manifests[serving].pod == look.manifests[slot.good].pod:
            return slot._replace(serving=slot.good, trial=serving, phase=BACK)
        return slot._replace(serving=slot.good, trial="", phase=SERVE)
    if sight.view.ready and not fault and passed >= look.manifests[serving].probation:
        return slot._replace(good=serving, reason=slot.reason if slot.trial else "")
    return slot


def _beside(slot: Slot, look: Look) -> Slot:
    trial, view = slot.trial, look.sight(slot.trial).view
    if view.ready:
        return _take_over(slot)
    if not slot.serving:
        return slot  # a first version stays, whatever it does: there is nothing better
    rejected = view.rejected or look.sight(slot.serving).view.rejected
    if rejected:
        return slot._replace(phase=PULL, reason=f"the kubelet refuses both at once: {rejected}")
    fault = look.fault(trial, ends=_MOST_ENDS)
    if fault:
        return slot.blame(trial, "quarantined", fault)._replace(trial="", phase=SERVE)
    return slot


def _alone(slot: Slot, look: Look) -> Slot:
    view = look.sight(slot.trial).view
    if view.ready:
        return _take_over(slot)
    fault = look.fault(slot.trial, ends=_MOST_ENDS)
    if view.rejected:
        fault = f"the kubelet refuses it: {view.rejected} {view.message}".strip()
    return slot.blame(slot.trial, "quarantined", fault)._replace(phase=BACK) if fault else slot


def _take_over(slot: Slot) -> Slot:
    """The trial serves; without a good one, the one before is what there is to go back to."""
    good = slot.good or slot.serving
    return slot._replace(good=good, serving=slot.trial, trial="", phase=SERVE)


def _is_pulled(look: Look, sha256: str) -> bool:
    view = look.watch.sight(hold_name(look.manifests[sha256])).view
    return view.running or (bool(view.terminated) and not view.waiting)


def _is_gone(look: Look, *versions: str) -> bool:
    pods = sorted({look.manifests[sha256].pod for sha256 in versions if sha256})
    waited = look.watch.seconds("end", ",".join(pods))
    if waited >= _LONGEST_END:
        return True
    return not any(look.watch.has(pod) for pod in pods) and not look.remains(pods)


def _why(sight: Sight) -> str:
    return " ".join(filter(None, (sight.view.rejected or sight.view.waiting, sight.view.message)))
