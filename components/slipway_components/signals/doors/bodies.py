"""Things that ring when they are struck: damped modes, excited by a short force.

A force that rises and falls as half a sine within T seconds excites the mode at f with
|cos(π f T) / (1 − (2 f T)²)|: a soft, long contact leaves the high modes silent.
"""

from dataclasses import dataclass

import numpy as np

from slipway_components.signals.doors.shaping import (
    RATE,
    Random,
    Sound,
    log_uniform,
    noise,
    samples,
)

_BLOCK = 128  # samples


@dataclass(frozen=True)
class Body:
    """Modes: frequencies in Hz, decay times to 1/e in seconds, and how loud each one radiates."""

    frequencies: Sound
    decays: Sound
    gains: Sound

    def strike(self, rng: Random, contact: float) -> Sound:
        """One blow at a random place, `contact` seconds long, with its noise; peak 1."""
        length = samples(5 * float(self.decays.max()) + contact)
        share = 2 * self.frequencies * contact
        force = np.abs(np.cos(np.pi / 2 * share)) / np.maximum(np.abs(1 - share**2), 1e-3)
        place = np.abs(rng.standard_normal(len(self.gains))) + 0.1
        rung = self._ring(self.gains * np.minimum(force, 1) * place, length)
        rung /= max(float(np.abs(rung).max()), 1e-12)
        touch = noise(rng, samples(4 * contact), [(200, 0), (1 / contact, 0), (4 / contact, -24)])
        touch *= np.exp(-np.arange(len(touch)) / RATE / contact)
        rung[: len(touch)] += rng.uniform(0, 0.25) * touch[:length]
        return rung / float(np.abs(rung).max())

    def _ring(self, loudness: Sound, length: int) -> Sound:
        """The sum of all modes: powers of a complex number for each, multiplied out in blocks."""
        turn = (2j * np.pi * self.frequencies - 1 / self.decays) / RATE
        within = np.exp(turn[:, np.newaxis] * np.arange(_BLOCK))
        begins = np.exp(np.arange(0, length, _BLOCK)[:, np.newaxis] * turn)
        rung: Sound = np.einsum("bm,mt->bt", begins * loudness, within).imag.ravel()
        return rung[:length]


def panel(rng: Random) -> Body:
    """A door's leaf: the modes of a simply supported plate of wood, sheet metal or glass."""
    lowest = log_uniform(rng, 60, 260)  # Hz
    loss = log_uniform(rng, 0.012, 0.09)
    ratio = rng.uniform(0.3, 0.7)  # of width to height, squared in the modes' formula
    order = np.arange(1, 9)
    grid = (order[:, np.newaxis] ** 2 + (order[np.newaxis] * ratio) ** 2).ravel()
    frequencies = lowest * grid / grid.min() * rng.uniform(0.93, 1.07, grid.size)
    frequencies = frequencies[frequencies < 5000]
    tilt = rng.uniform(0, 1)  # higher modes are less loud
    return Body(
        frequencies,
        _decays(frequencies, loss),
        (frequencies / lowest) ** -tilt * rng.uniform(0.3, 1, len(frequencies)),
    )


def metal(rng: Random, low: float, high: float, loss: float) -> Body:
    """A piece of metal: inharmonic modes between two frequencies."""
    count = int(rng.integers(3, 22))
    frequencies = np.exp(rng.uniform(np.log(low), np.log(high), count))
    losses = loss * np.exp(rng.normal(0, 0.4, count))
    return Body(frequencies, _decays(frequencies, losses), rng.uniform(0.15, 1, count))


def _decays(frequencies: Sound, loss: float | Sound) -> Sound:
    """Seconds to 1/e of modes that lose a part `loss` of their energy in each radian."""
    return np.minimum(0.15, 1 / (np.pi * frequencies * loss))


def lock_case(rng: Random) -> Body:
    """A lock, its bolt and its plate, screwed into the door, which damps them."""
    low = log_uniform(rng, 350, 1100)
    return metal(rng, low, low * rng.uniform(3, 8), log_uniform(rng, 0.006, 0.04))


def key(rng: Random) -> Body:
    """A key or ring that hangs free and rings long."""
    low = log_uniform(rng, 2000, 4500)
    return metal(rng, low, min(7800.0, low * rng.uniform(1.4, 3)), log_uniform(rng, 0.0004, 0.006))


def pin(rng: Random) -> Body:
    """A pin of the cylinder that snaps into the key's cut: short and high."""
    low = log_uniform(rng, 1200, 4000)
    return metal(rng, low, min(7800.0, low * rng.uniform(1.5, 4)), log_uniform(rng, 0.01, 0.06))
