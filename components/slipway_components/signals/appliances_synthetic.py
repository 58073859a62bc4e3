"""Made-up vibration of appliances, for those who have no recordings yet.

A sensor on a table near the machine takes some five samples a second, at times that its radio
decides. A motor's hum is far above that, so each sample meets it at a phase of its own: what is
left is how strong it is in each axis and how it swells. Machines of one kind
differ from one recording to the next, and so does the angle at which the sensor lies.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from slipway_components.signals.recordings import Recording

AXES: Final = ("x", "y", "z")
_LENGTHS = (210, 320)  # samples, of a recording of any label
_NOISE = 0.008  # g, of the sensor
_TILT = 0.03  # rad


@dataclass(frozen=True)
class _Machine:
    """How strong the hum is in x, y and z (g), and how it comes and goes."""

    hum: tuple[float, float, float]
    swell: float  # how much stronger and weaker it gets, as a share
    period: float  # samples from one swell to the next
    knocks: float  # blows a sample
    blow: float  # g


_MACHINES: Final[Mapping[str, _Machine]] = {
    "coffee_machine": _Machine((0.025, 0.03, 0.09), 0.35, 60, 0.0, 0.0),
    "nespresso_machine": _Machine((0.11, 0.14, 0.08), 0.35, 25, 0.0, 0.0),
    "noise_notappliance": _Machine((0.01, 0.01, 0.015), 0.2, 100, 0.15, 0.3),
}


def synthesise(seed: int, recordings: int) -> Iterator[Recording]:
    """So many recordings of each label, in g."""
    for index, (label, machine) in enumerate(_MACHINES.items()):
        for number in range(recordings):
            rng = np.random.default_rng([seed, index, number])
            yield Recording(label, f"synthetic-{number:03}", _record(machine, rng), 0.0, AXES)


def _record(machine: _Machine, rng: np.random.Generator) -> NDArray[np.float64]:
    """float64[samples, 3]."""
    samples = int(rng.integers(*_LENGTHS))
    time = np.arange(samples)
    strength = np.array(machine.hum) * rng.uniform(0.75, 1.3) * rng.uniform(0.9, 1.1, 3)
    period = machine.period * rng.uniform(0.8, 1.25)
    swelling = 1 + machine.swell * np.sin(2 * np.pi * (time / period + rng.random()))
    phases = rng.uniform(0, 2 * np.pi, (samples, 3))
    hum = strength * np.sqrt(2) * np.sin(phases) * swelling[:, np.newaxis]
    hit = rng.random((samples, 1)) < machine.knocks
    blows = hit * rng.normal(0, machine.blow, (samples, 3))
    values: NDArray[np.float64] = hum + blows + rng.normal(0, _NOISE, (samples, 3))
    values += _gravity(rng)
    return np.round(values, 6)  # as a sensor's driver would print it


def _gravity(rng: np.random.Generator) -> NDArray[np.float64]:
    """1 g, nearly along z."""
    x, y = rng.normal(0, _TILT, 2)
    return np.array([np.sin(x), np.sin(y), np.cos(x) * np.cos(y)])
