"""What else is heard at a door and is none of the events."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from slipway_components.signals.doors import bodies
from slipway_components.signals.doors.shaping import (
    RATE,
    Random,
    Sound,
    add,
    band,
    log_uniform,
    noise,
    samples,
    swell,
    wander,
)


def speech(rng: Random) -> Sound:
    """Syllables: a pulse train of a gliding pitch through three formants, or hissing."""
    length = samples(rng.uniform(1, 3))
    sound = np.zeros(length)
    pitch = log_uniform(rng, 85, 300)
    start = 0
    while start < length:
        syllable = samples(rng.uniform(0.08, 0.35))
        add(sound, _vowel(rng, syllable, pitch), start)
        start += syllable
        if rng.random() < 0.4:
            hiss = samples(rng.uniform(0.04, 0.15))
            fricative = band(rng, hiss, log_uniform(rng, 1500, 4500), 7500)
            add(sound, rng.uniform(0.05, 0.3) * fricative * swell(hiss, 0.02, 0.02), start)
            start += hiss
        if rng.random() < 0.25:
            start += samples(rng.uniform(0.05, 0.4))
    return sound


def _vowel(rng: Random, length: int, pitch: float) -> Sound:
    """A glottal pulse train through formants, as amplitudes of its harmonics."""
    glide = pitch * np.linspace(rng.uniform(0.8, 1.25), rng.uniform(0.8, 1.25), length)
    phase = 2 * np.pi * np.cumsum(glide) / RATE
    formants = (rng.uniform(250, 900), rng.uniform(800, 2500), rng.uniform(2200, 3500))
    sound = np.zeros(length)
    for harmonic in range(1, int(7000 / pitch / 1.3)):
        hertz = harmonic * pitch
        heard = sum(1 / (1 + ((hertz - formant) / 90) ** 2) for formant in formants)
        sound += (heard + 0.01) / harmonic**0.6 * np.sin(harmonic * phase)
    return sound * swell(length, 0.03, 0.05) * rng.uniform(0.4, 1)


def footsteps(rng: Random) -> Sound:
    """Heel and sole on a floor: dull thuds with a rustle, one or two a second."""
    floor, hard = bodies.panel(rng), log_uniform(rng, 0.004, 0.012)
    pace = rng.uniform(0.42, 0.8)
    sound = np.zeros(samples(3.5))
    for step in range(int(rng.integers(3, 6))):
        at = samples(step * pace * rng.uniform(0.97, 1.03) + 0.01)
        add(sound, rng.uniform(0.6, 1) * floor.strike(rng, hard), at)
        rustle = samples(rng.uniform(0.05, 0.15))
        sole = noise(rng, rustle, [(100, 0), (rng.uniform(400, 2500), 0), (8000, -30)])
        add(sound, rng.uniform(0.03, 0.2) * sole * swell(rustle, 0.01, 0.04), at + samples(0.05))
    return sound


def music(rng: Random) -> Sound:
    """A melody of plucked or held notes with harmonics, one to three voices."""
    sound = np.zeros(samples(3))
    for _ in range(int(rng.integers(1, 4))):
        base, tilt = log_uniform(rng, 80, 900), rng.uniform(0.7, 2)
        plucked, start = rng.random() < 0.5, 0
        while start < len(sound):
            length = samples(log_uniform(rng, 0.12, 0.9))
            hertz = base * 2 ** (int(rng.integers(-7, 8)) / 12)
            time = np.arange(length) / RATE
            note = np.zeros(length)
            for harmonic in range(1, min(15, int(7500 / hertz)) + 1):
                note += np.sin(2 * np.pi * harmonic * hertz * time) / harmonic**tilt
            decay = np.exp(-time / log_uniform(rng, 0.1, 0.6)) if plucked else 1.0
            add(sound, note * decay * swell(length, 0.008, 0.03), start)
            start += length
    return sound


def tones(rng: Random) -> Sound:
    """Beeps, bells at the door, alarms, sirens: pure tones, steady or gliding."""
    sound = np.zeros(samples(2.5))
    first, last = log_uniform(rng, 250, 4500), log_uniform(rng, 250, 4500)
    length, pause = samples(log_uniform(rng, 0.08, 1.2)), samples(rng.uniform(0, 0.4))
    glides, start = rng.random() < 0.4, 0
    while start < len(sound):
        hertz = np.linspace(first, last if glides else first, length)
        phase = 2 * np.pi * np.cumsum(hertz) / RATE
        add(sound, (np.sin(phase) + rng.uniform(0, 0.4) * np.sin(2 * phase)), start)
        sound[start : start + length] *= swell(length, 0.005, 0.02)[: len(sound) - start]
        start += length + pause
    return sound


def bark(rng: Random) -> Sound:
    """A dog: short, rough bursts whose pitch falls."""
    sound = np.zeros(samples(2.2))
    pitch, start = log_uniform(rng, 250, 900), 0
    while start < len(sound):
        length = samples(rng.uniform(0.1, 0.3))
        phase = 2 * np.pi * np.cumsum(pitch * np.linspace(1.3, 0.7, length)) / RATE
        voice = sum(np.sin(n * phase) / n**0.8 for n in range(1, int(6000 / pitch / 1.3) + 2))
        rough = voice * (1 + 0.7 * noise(rng, length, [(20, 0), (150, 0), (600, -40)]))
        add(sound, rough * swell(length, 0.02, 0.08), start)
        start += length + samples(rng.uniform(0.1, 0.6))
    return sound


def dishes(rng: Random) -> Sound:
    """Plates, cups and cutlery put down now and then."""
    sound = np.zeros(samples(3))
    for _ in range(int(rng.integers(2, 7))):
        low = log_uniform(rng, 700, 2500)
        thing = bodies.metal(rng, low, low * rng.uniform(1.5, 3), log_uniform(rng, 0.0015, 0.008))
        blow = thing.strike(rng, log_uniform(rng, 0.0002, 0.001))
        add(sound, rng.uniform(0.2, 1) * blow, samples(rng.uniform(0, 2.5)))
    return sound


def claps(rng: Random) -> Sound:
    """Hands: bursts of noise around 1 to 2 kHz, without a body that rings."""
    sound = np.zeros(samples(2.5))
    centre, pace, start = log_uniform(rng, 700, 2200), log_uniform(rng, 0.15, 0.6), 0.02
    while start < 2.4:
        length = samples(0.06)
        clap = band(rng, length, centre * 0.7, centre * 1.6, slope=9)
        clap *= np.exp(-np.arange(length) / RATE / rng.uniform(0.004, 0.012))
        add(sound, rng.uniform(0.6, 1) * clap, samples(start))
        start += pace * rng.uniform(0.9, 1.1)
    return sound


def cough(rng: Random) -> Sound:
    """Coughing, sneezing, panting: bursts of breath noise."""
    sound = np.zeros(samples(2.5))
    start = 0
    while start < len(sound):
        length = samples(rng.uniform(0.1, 0.5))
        centre = log_uniform(rng, 500, 2500)
        breath = band(rng, length, centre * 0.5, centre * 2, slope=8)
        add(sound, rng.uniform(0.4, 1) * breath * swell(length, 0.015, 0.08), start)
        start += length + samples(rng.uniform(0.1, 0.7))
    return sound


def rustling(rng: Random) -> Sound:
    """Clothes, bags, paper: high noise that comes and goes."""
    length = samples(rng.uniform(1.5, 3))
    sound = band(rng, length, log_uniform(rng, 600, 3000), 7500, slope=8)
    return sound * wander(rng, length, rng.uniform(2, 12)) ** 3


def passing(rng: Random) -> Sound:
    """A car or a train that comes near and goes."""
    length = samples(3)
    sound = noise(rng, length, [(30, 0), (log_uniform(rng, 150, 1200), 0), (8000, -45)])
    return sound * swell(length, rng.uniform(0.5, 1.5), rng.uniform(0.5, 1.5))


OTHERS: Final[Mapping[str, Callable[[Random], Sound]]] = {
    "speech": speech,
    "footsteps": footsteps,
    "music": music,
    "tones": tones,
    "bark": bark,
    "dishes": dishes,
    "claps": claps,
    "cough": cough,
    "rustling": rustling,
    "passing": passing,
}
