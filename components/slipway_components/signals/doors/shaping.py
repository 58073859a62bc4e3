"""Noise of a given spectrum and envelopes: what the sources of sound are made of.

Sound is `float64[samples]` at 16 kHz; a generator of random numbers decides all that varies.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]
Random = np.random.Generator

RATE: Final = 16_000  # Hz


def samples(seconds: float) -> int:
    """The whole number of samples that last about so long."""
    return max(1, round(seconds * RATE))


def log_uniform(rng: Random, low: float, high: float) -> float:
    """Every octave between the limits is equally likely."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def noise(rng: Random, length: int, gains: Sequence[tuple[float, float]]) -> Sound:
    """Gaussian noise with a root mean square of 1 whose spectrum goes through `gains`, pairs of
    Hz and decibels in rising order, straight in decibels over the logarithm of the frequency."""
    white = rng.standard_normal(power_of_two(length))
    return at_level_one(coloured(white, gains)[:length])


def coloured(sound: Sound, gains: Sequence[tuple[float, float]]) -> Sound:
    """The sound with its spectrum weighted; `gains` as those of `noise`."""
    size = power_of_two(len(sound))
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 1.0)
    points, decibels = zip(*gains, strict=True)
    shape = np.interp(np.log(hertz), np.log(points), decibels)
    made: Sound = np.fft.irfft(np.fft.rfft(sound, size) * 10 ** (shape / 20), size)
    return made[: len(sound)]


def power_of_two(length: int) -> int:
    """The least one that is no shorter: transforms of other lengths can be very slow."""
    return 1 << (length - 1).bit_length()


def at_level_one(sound: Sound) -> Sound:
    """The sound with a root mean square of 1; silence stays silent."""
    return sound / max(float(np.sqrt(np.mean(sound**2))), 1e-12)


def band(rng: Random, length: int, low: float, high: float, *, slope: float = 24.0) -> Sound:
    """Noise between two frequencies; outside it falls by `slope` decibels an octave."""
    octaves = 4
    return noise(
        rng,
        length,
        [
            (low / 2**octaves, -slope * octaves),
            (low, 0.0),
            (high, 0.0),
            (high * 2**octaves, -slope * octaves),
        ],
    )


def wander(rng: Random, length: int, hertz: float) -> Sound:
    """A slow random curve between 0 and 1 that turns about `hertz` times a second."""
    knots = rng.uniform(0, 1, max(2, round(length / RATE * hertz * 2) + 2))
    return np.interp(np.linspace(0, len(knots) - 1, length), np.arange(len(knots)), knots)


def swell(length: int, attack: float, release: float) -> Sound:
    """An envelope from 0 to 1 within `attack` seconds, and back within `release` at the end."""
    time = np.arange(length)
    rise = np.minimum(1, time / samples(attack))
    fall = np.minimum(1, (length - time) / samples(release))
    envelope: Sound = np.sin(np.pi / 2 * np.minimum(rise, fall)) ** 2
    return envelope


def add(onto: Sound, sound: Sound, start: int) -> None:
    """Add a sound from sample `start` on; what goes beyond the end is cut off."""
    length = min(len(sound), len(onto) - start)
    if length > 0:
        onto[start : start + length] += sound[:length]
