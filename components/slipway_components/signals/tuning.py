"""Searches a workload's parameters within a budget of time."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.domain.errors import InvalidInput
from slipway_components.signals.recordings import Recording
from slipway_components.signals.validate.task import cross_validate
from slipway_components.signals.workloads import Parameters, workload


@dataclass(frozen=True)
class Candidate:
    """Parameters, and what models with them are worth: see `cross_validate`."""

    changed: Mapping[str, Any]  # what differs from the parameters that tuning began with
    accuracy: float  # of windows, int8, each by a model that had not learned from its recording
    accuracy_recordings: float
    milliseconds: float  # from a window to its scores, on this machine
    size: int  # bytes

    @property
    def rank(self) -> tuple[float, float, int]:
        """Greater is better: accuracy first, and of equals the smaller file."""
        return (self.accuracy, self.accuracy_recordings, -self.size)


@dataclass(frozen=True)
class Tried:
    """How far a search has come."""

    candidate: Candidate
    number: int  # from 1
    of: int
    left: float  # seconds of the budget


def tune(
    name: str, recordings: Sequence[Recording], parameters: Parameters, *, budget: float
) -> Iterator[Tried]:
    """Try the given parameters, then the workload's candidates in random order (the same for the
    same `seed` among the parameters) as long as another one fits into `budget` seconds.

    Raises InvalidInput where there is nothing to tune, and what `cross_validate` raises.
    """
    of = workload(name)
    found = [_changes(parameters, changes) for changes in of.candidates(parameters)]
    others = [changes for changes in found if changes]
    if not others:
        raise InvalidInput(f"there is nothing to tune in {name}", hint="Tune another pipeline")
    random.Random(int(parameters["seed"])).shuffle(others)  # noqa: S311  no secret
    begun = time.monotonic()
    for number, changes in enumerate([{}, *others], 1):
        crossed = cross_validate(of, recordings, {**parameters, **changes})
        judged = crossed.judge()
        spent = time.monotonic() - begun
        left = max(0.0, budget - spent)
        candidate = Candidate(
            changes,
            judged.judged.windows.accuracy,
            judged.judged.recordings.accuracy,
            crossed.milliseconds,
            crossed.size,
        )
        yield Tried(candidate, number, 1 + len(others), left)
        if spent / number > left:
            return


def _changes(parameters: Parameters, candidate: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in candidate.items() if parameters[key] != value}
