"""Made-up motion of a phone, for those who have no recordings yet.

Three seconds each, in m/s², to a tenth as a phone's browser gives them. `freefall`: the hand lets
go, for a moment next to nothing is felt, then the phone is caught or lands. `idle`: it lies on one
of its sides. `unknown`: somebody walks with it, shakes it, turns it or waves it about.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np

from slipway_components.signals.motion_files import AXES
from slipway_components.signals.recordings import Recording
from slipway_features.signal import Signal

RATE: Final = 62.5  # Hz
SAMPLES: Final = 187

_GRAVITY = 9.81
_TIMES = np.arange(SAMPLES) / RATE
_FALL = (1.0, 1.3)  # s, so that every two seconds of the recording hold the fall


def synthesise(seed: int, recordings: int) -> Iterator[Recording]:
    """So many recordings of each label."""
    for index, (label, make) in enumerate(_MOTIONS.items()):
        for number in range(recordings):
            rng = np.random.default_rng([seed, index, number])
            values = np.round(make(rng) + rng.normal(0, 0.03, (SAMPLES, 3)), 1)
            yield Recording(label, f"synthetic-{number:03}", values, RATE, AXES)


def _free_fall(rng: np.random.Generator) -> Signal:
    times = _TIMES
    begin = rng.uniform(*_FALL)
    end = begin + rng.uniform(0.25, 0.5)
    falling = ((times >= begin) & (times < end))[:, np.newaxis]
    held = _turned(rng, rng.uniform(0.2, 1.0)) * _GRAVITY + _wander(rng, 8, 0.8)
    since = np.maximum(times - end, 0)[:, np.newaxis]
    ringing = np.exp(-since / rng.uniform(0.04, 0.12)) * np.cos(2 * np.pi * 9 * since)
    blow = _direction(rng) * rng.uniform(15, 50) * ringing * (times >= end)[:, np.newaxis]
    swing = rng.uniform(2, 8) * np.exp(-(((times - begin) / 0.12) ** 2))
    thrown = held + _direction(rng) * swing[:, np.newaxis]
    return np.where(falling, _wander(rng, 6, 0.5), thrown + blow)


def _idle(rng: np.random.Generator) -> Signal:
    side = np.zeros(3)
    side[rng.integers(3)] = rng.choice((-1.0, 1.0))
    lying = side + rng.normal(0, 0.03, 3)
    return np.tile(lying / np.linalg.norm(lying) * _GRAVITY, (SAMPLES, 1))


def _anything(rng: np.random.Generator) -> Signal:
    return (_walk, _shake, _turn, _wave)[rng.integers(4)](rng)


def _walk(rng: np.random.Generator) -> Signal:
    pace = rng.uniform(1.6, 2.4)
    steps = sum(
        rng.uniform(0.5, 2.5) / order * np.sin(2 * np.pi * (order * pace * _TIMES + rng.random()))
        for order in (1, 2, 3)
    )
    upright = _turned(rng, 0.2)
    return upright * (_GRAVITY + np.asarray(steps)[:, np.newaxis]) + _wander(rng, 8, 0.6)


def _shake(rng: np.random.Generator) -> Signal:
    beat = np.sin(2 * np.pi * (rng.uniform(3, 6) * _TIMES + rng.random()))
    to_and_fro = _direction(rng) * rng.uniform(5, 15) * beat[:, np.newaxis]
    return _turned(rng, 0.3) * _GRAVITY + to_and_fro + _wander(rng, 10, 1.0)


def _turn(rng: np.random.Generator) -> Signal:
    return _turned(rng, rng.uniform(1.5, 4.0)) * _GRAVITY + _wander(rng, 6, 0.8)


def _wave(rng: np.random.Generator) -> Signal:
    return _turned(rng, rng.uniform(0.5, 1.5)) * _GRAVITY + _wander(rng, 14, rng.uniform(1.5, 3))


_MOTIONS: Final[Mapping[str, Callable[[np.random.Generator], Signal]]] = {
    "freefall": _free_fall,
    "idle": _idle,
    "unknown": _anything,
}


def _direction(rng: np.random.Generator) -> Signal:
    """A vector [3] of length 1, any."""
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def _turned(rng: np.random.Generator, angle: float) -> Signal:
    """[SAMPLES, 3] of length 1: a direction that turns by up to `angle` (rad), there and back."""
    start, other = _direction(rng), _direction(rng)
    across = other - start * (other @ start)
    across /= np.linalg.norm(across)
    turns = angle * np.sin(2 * np.pi * (rng.uniform(0.2, 0.5) * _TIMES + rng.random()))
    return np.cos(turns)[:, np.newaxis] * start + np.sin(turns)[:, np.newaxis] * across


def _wander(rng: np.random.Generator, knots: int, deviation: float) -> Signal:
    """[SAMPLES, 3]: a random line through so many points."""
    at = np.linspace(0, _TIMES[-1], knots)
    points = rng.normal(0, deviation, (knots, 3))
    return np.stack([np.interp(_TIMES, at, points[:, axis]) for axis in range(3)], axis=1)
