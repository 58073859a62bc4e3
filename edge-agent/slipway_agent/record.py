"""The record: what each slot has, tries and must not try again. The pods folder follows from it.

    state/record.json
    {"schema": 1, "handover": "", "retired": [],
     "slots": {"equipmentparts": {"good": SHA256, "serving": SHA256, "trial": "", "phase": "serve",
               "reason": "", "bad": {SHA256: {"state": "quarantined", "reason": "…"}}}}}

A slot names manifests by the sha256 of their bytes. `serving` answers; it is `good` once it has
passed its probation, and until then `good` is what the device goes back to. `trial` is to take over
from `serving`, in one of these phases; in each of them the folder holds exactly what is told:

    serve   nothing is tried                                   serving
    beside  the trial comes up beside                          serving, trial
    pull    the trial's image is pulled first                  serving
    clear   both have to be gone, for the trial runs alone     -
    alone   the trial comes up alone                           trial
    back    the trial has to be gone, then comes serving       -

The images of `good` and `serving`, and of a trial that is to come, are held by a pod where the
folder does not hold them: see `hold.py`.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

SERVE, BESIDE, PULL, CLEAR, ALONE, BACK = "serve", "beside", "pull", "clear", "alone", "back"

_PHASES = (SERVE, BESIDE, PULL, CLEAR, ALONE, BACK)
_SCHEMA = 1
_MOST_BAD = 20  # in one slot; the oldest are forgotten


class Bad(NamedTuple):
    """Why a version is not tried again."""

    state: str  # "quarantined": it never took over; "rolled-back": it did
    reason: str


class Slot(NamedTuple):
    """What one slot has, by the sha256 of manifests; empty where there is none."""

    good: str = ""
    serving: str = ""
    trial: str = ""
    phase: str = SERVE
    reason: str = ""  # why the trial cannot come up beside the one that serves
    bad: Mapping[str, Bad] = {}

    def files(self) -> tuple[str, ...]:
        """The manifests that the pods folder holds for this slot."""
        held = {
            SERVE: (self.serving,),
            BESIDE: (self.serving, self.trial),
            PULL: (self.serving,),
            ALONE: (self.trial,),
        }
        return tuple(filter(None, held.get(self.phase, ())))

    def held(self) -> tuple[str, ...]:
        """The manifests whose images must not be collected though the folder holds them not."""
        coming = self.trial if self.phase in (PULL, CLEAR) else ""
        wanted = dict.fromkeys(filter(None, (self.good, self.serving, coming)))
        return tuple(sha256 for sha256 in wanted if sha256 not in self.files())

    def manifests(self) -> set[str]:
        """All that a later step may need."""
        return {sha256 for sha256 in (self.good, self.serving, self.trial) if sha256}

    def without(self, sha256: str) -> "Slot":
        """The slot when a manifest of it is lost."""
        good, serving, trial = (
            "" if sha256 == held else held for held in (self.good, self.serving, self.trial)
        )
        phase = self.phase if trial else SERVE
        return self._replace(good=good, serving=serving or good, trial=trial, phase=phase)

    def blame(self, sha256: str, state: str, reason: str) -> "Slot":
        """The slot that never tries this version again."""
        bad = {**self.bad, sha256: Bad(state, reason)}
        return self._replace(bad=dict(list(bad.items())[-_MOST_BAD:]))


class Record(NamedTuple):
    """Everything the agent must know after a power cut."""

    slots: Mapping[str, Slot] = {}
    handover: str = ""  # the agent's pod that is to act, or acts on probation
    retired: tuple[str, ...] = ()  # manifests of agents that have to leave the folder

    def slot(self, name: str) -> Slot:
        """One slot; an empty one if it is not known."""
        return self.slots.get(name, Slot())

    def with_slot(self, name: str, slot: Slot) -> "Record":
        """The record with one slot replaced; one that holds nothing to remember goes."""
        slots = {**self.slots, name: slot}
        if slot == Slot():
            del slots[name]
        return self._replace(slots=slots)

    def manifests(self) -> set[str]:
        """All that a later step may need."""
        return {sha256 for slot in self.slots.values() for sha256 in slot.manifests()}

    def encode(self) -> bytes:
        """The file's bytes."""
        slots = {
            name: {**slot._asdict(), "bad": {sha: bad._asdict() for sha, bad in slot.bad.items()}}
            for name, slot in sorted(self.slots.items())
        }
        document = {"schema": _SCHEMA, **self._asdict(), "slots": slots}
        return json.dumps(document, indent=1).encode() + b"\n"

    @classmethod
    def decode(cls, data: bytes) -> "Record":
        """Read a record; ValueError if it is none that this agent understands."""
        document = json.loads(data)
        if not isinstance(document, dict) or document.get("schema") != _SCHEMA:
            raise ValueError("not a record of schema 1")
        try:
            slots = {name: _slot(fields) for name, fields in document["slots"].items()}
            return cls(slots, _text(document["handover"]), tuple(map(_text, document["retired"])))
        except (AttributeError, LookupError, TypeError) as error:
            raise ValueError("not the fields of a record") from error


def _slot(fields: Mapping[str, object]) -> Slot:
    bad = fields["bad"]
    if fields["phase"] not in _PHASES or not isinstance(bad, dict):
        raise ValueError("not the fields of a slot")
    texts = {key: _text(value) for key, value in fields.items() if key != "bad"}
    blamed = {key: Bad(_text(b["state"]), _text(b["reason"])) for key, b in bad.items()}
    return Slot(**texts, bad=blamed)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
