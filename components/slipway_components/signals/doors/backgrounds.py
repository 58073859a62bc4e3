"""What is always there: noises that last as long as the recording, root mean square 1."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from slipway_components.signals.doors import others
from slipway_components.signals.doors.shaping import (
    RATE,
    Random,
    Sound,
    add,
    at_level_one,
    band,
    coloured,
    log_uniform,
    noise,
    samples,
    wander,
)


def hiss(rng: Random, length: int) -> Sound:
    """An amplifier's noise, from white to brown."""
    slope = rng.uniform(0, 6)  # decibels an octave
    return noise(rng, length, [(40, 0), (8000, -slope * np.log2(200))])


def fan(rng: Random, length: int) -> Sound:
    """Air conditioning: a broad hump and the tone of its blades."""
    air = noise(rng, length, [(40, -6), (log_uniform(rng, 100, 500), 0), (8000, -40)])
    blades = np.sin(2 * np.pi * log_uniform(rng, 60, 400) * np.arange(length) / RATE)
    return at_level_one(air + rng.uniform(0, 0.5) * blades)


def traffic(rng: Random, length: int) -> Sound:
    """A street: rumble that swells."""
    rumble = noise(rng, length, [(25, -3), (log_uniform(rng, 60, 200), 0), (8000, -50)])
    return at_level_one(rumble * (0.4 + wander(rng, length, 0.5)))


def rain(rng: Random, length: int) -> Sound:
    """High, even noise with drops."""
    fall = noise(rng, length, [(100, -20), (log_uniform(rng, 1500, 5000), 0), (8000, -6)])
    drops = rng.random(length) < rng.uniform(5, 60) / RATE
    splash = np.exp(-np.arange(samples(0.004)) / samples(0.001)) * rng.standard_normal(64)
    return at_level_one(fall + np.convolve(drops * rng.uniform(1, 4, length), splash)[:length])


def hum(rng: Random, length: int) -> Sound:
    """Mains: 50 or 60 Hz with harmonics, over a little hiss."""
    mains = float(rng.choice([50, 60]))
    time = np.arange(length) / RATE
    tones = [rng.uniform(0, 1) / n * np.sin(2 * np.pi * n * mains * time) for n in range(1, 20)]
    return at_level_one(np.sum(tones, axis=0) + rng.uniform(0.02, 0.3) * hiss(rng, length))


def babble(rng: Random, length: int) -> Sound:
    """Several people who talk somewhere else."""
    sound = np.zeros(length)
    for _ in range(int(rng.integers(3, 7))):
        start = 0
        while start < length:
            voice = others.speech(rng)
            add(sound, voice, start)
            start += len(voice)
    return at_level_one(sound)


def wind(rng: Random, length: int) -> Sound:
    """Gusts on the microphone: low noise that comes and goes."""
    low = noise(rng, length, [(20, 0), (log_uniform(rng, 80, 300), 0), (8000, -60)])
    return at_level_one(low * (0.2 + wander(rng, length, 1.5) ** 2))


def machine(rng: Random, length: int) -> Sound:
    """A compressor or washing machine: noise that beats with the turns of its motor."""
    turns = rng.uniform(8, 30)
    beat = 1 + rng.uniform(0.3, 0.9) * np.sin(2 * np.pi * turns * np.arange(length) / RATE)
    return at_level_one(band(rng, length, 60, log_uniform(rng, 300, 2500), slope=9) * beat)


def radio(rng: Random, length: int) -> Sound:
    """Music from the next room: its high tones stay behind the wall."""
    sound = np.zeros(length)
    for start in range(0, length, samples(3)):
        add(sound, others.music(rng), start)
    edge = log_uniform(rng, 300, 1200)
    return at_level_one(coloured(sound, [(edge, 0), (16 * edge, -48)]))


Background = Callable[[Random, int], Sound]

# Of training and of judging what was learned; no kind is in both.
TRAINING: Final[Mapping[str, Background]] = {
    "hiss": hiss,
    "fan": fan,
    "traffic": traffic,
    "rain": rain,
    "hum": hum,
    "babble": babble,
}
UNSEEN: Final[Mapping[str, Background]] = {"wind": wind, "machine": machine, "radio": radio}
