"""The vibration of a bearing, healthy or broken, made by the Lorenz attractor.

E. N. Lorenz, Deterministic Nonperiodic Flow, Journal of the Atmospheric Sciences 20 (1963):

    dx/dt = sigma (y - x)      dy/dt = x (rho - z) - y      dz/dt = x y - beta z

in steps of 0.008, in each of which y is moved with the new x and z with the new x and y. With this
step and these parameters the recordings that the workload is judged by follow, sample by sample;
a Runge-Kutta step leads elsewhere, for where the bearing is broken the step is a coarse one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from slipway_features.signal import Signal

AXES: Final = ("x", "y", "z")
RATE: Final = 100.0  # Hz at which the steps are taken for samples
_STEP: Final = 0.008
_SETTLING: Final = 1000  # steps until where it began is forgotten


class State(StrEnum):
    """What the bearing is."""

    HEALTHY = "healthy"
    BROKEN = "broken"


@dataclass(frozen=True)
class _Flow:
    sigma: float
    rho: float
    beta: float


_FLOWS: Final = {
    State.HEALTHY: _Flow(10.0, 28.0, 8.0 / 3.0),
    State.BROKEN: _Flow(30.0, 128.0, 28.0 / 3.0),
}


class Lorenz:
    """A bearing that turns for ever; `state` may be changed at any time, and the movement goes on
    from where it is."""

    def __init__(self, seed: int, state: State = State.HEALTHY) -> None:
        """The same seed, the same samples."""
        self.state = state
        start = np.random.default_rng(seed).uniform(0.5, 1.5, 3)
        self._at: tuple[float, float, float] = (float(start[0]), float(start[1]), float(start[2]))
        self.take(_SETTLING)

    def take(self, samples: int) -> Signal:
        """The next samples, float64[samples, 3]."""
        flow = _FLOWS[self.state]
        values = np.empty((samples, 3))
        for row in range(samples):
            self._at = step(self._at, flow.sigma, flow.rho, flow.beta)
            values[row] = self._at
        return values


def step(
    at: tuple[float, float, float], sigma: float, rho: float, beta: float
) -> tuple[float, float, float]:
    """Where a point is one step later."""
    x, y, z = at
    x += _STEP * sigma * (y - x)
    y += _STEP * (x * (rho - z) - y)
    z += _STEP * (x * y - beta * z)
    return x, y, z
