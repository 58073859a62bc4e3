"""What the model has to recognise: a key going in or out, the lock, knocking."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from slipway_components.signals.doors import bodies
from slipway_components.signals.doors.shaping import (
    Random,
    Sound,
    add,
    band,
    log_uniform,
    samples,
    swell,
    wander,
)


def knock(rng: Random) -> Sound:
    """Knuckles or a fist on the door, two to seven blows."""
    door = bodies.panel(rng)
    contact = log_uniform(rng, 0.0002, 0.0025)
    spacing = log_uniform(rng, 0.11, 0.38)
    blows = int(rng.integers(2, 8))
    sound = np.zeros(samples(blows * spacing * 1.3 + 0.7))
    start = 0.0
    for _ in range(blows):
        loudness = rng.uniform(0.5, 1)
        blow = door.strike(rng, contact * rng.uniform(0.8, 1.25))
        add(sound, loudness * blow, samples(start))
        start += spacing * rng.uniform(0.85, 1.15)
    return sound


def lock(rng: Random) -> Sound:
    """A bolt that slides and stops with a clack, once or twice; by hand or by a motor."""
    case, door = bodies.lock_case(rng), bodies.panel(rng)
    thump = rng.uniform(0, 0.6)  # how much of the clack the door itself gives
    friction = log_uniform(rng, 0.02, 0.3)
    low = log_uniform(rng, 300, 1500)
    motor = rng.random() < 0.2
    turns = int(rng.integers(1, 3))
    sound = np.zeros(samples(turns * 1.6 + 0.8))
    start = 0
    for _ in range(turns):
        slide = samples(log_uniform(rng, 0.06, 0.4) * (2 if motor else 1))
        rub = band(rng, slide, low, low * rng.uniform(2.5, 8), slope=12)
        rub *= np.linspace(0.3, 1, slide) * (0.4 + 0.6 * wander(rng, slide, 40))
        add(sound, friction / 3 * rub * swell(slide, 0.02, 0.01), start)
        if motor:
            add(sound, rng.uniform(0.05, 0.3) * _motor(rng, slide), start)
        _click(rng, sound, case, start)
        start += slide
        contact = log_uniform(rng, 0.00012, 0.0008)
        clack = case.strike(rng, contact)
        add(sound, clack, start)
        add(sound, thump * door.strike(rng, contact * 3), start)
        for _ in range(int(rng.integers(0, 3))):  # it bounces
            back = start + samples(log_uniform(rng, 0.008, 0.06))
            add(sound, rng.uniform(0.15, 0.6) * case.strike(rng, contact), back)
        start += samples(log_uniform(rng, 0.1, 0.6))
    return sound


def key(rng: Random) -> Sound:
    """A key that goes in or out of its cylinder, with the ring it hangs on."""
    pins = [bodies.pin(rng) for _ in range(int(rng.integers(4, 8)))]
    ring = [bodies.key(rng) for _ in range(int(rng.integers(1, 6)))]
    sound = np.zeros(samples(2.6))
    going_in = rng.random() < 0.5
    fumbles = samples(rng.uniform(0.05, 0.7))  # before the key finds its way, or after it left
    slide = samples(log_uniform(rng, 0.12, 0.5))
    first = fumbles if going_in else samples(0.02)
    scrape = band(rng, slide, log_uniform(rng, 1500, 4000), 7500, slope=12)
    scrape *= 0.2 + 0.8 * wander(rng, slide, rng.uniform(20, 80))
    add(sound, log_uniform(rng, 0.01, 0.12) * scrape * swell(slide, 0.02, 0.02), first)
    clicks = int(rng.integers(len(pins), 3 * len(pins)))
    for place in np.sort(rng.uniform(0, 1, clicks)):
        contact = log_uniform(rng, 0.00003, 0.0002)
        click = pins[int(rng.integers(len(pins)))].strike(rng, contact)
        add(sound, rng.uniform(0.1, 0.6) * click, first + round(place * slide))
    if going_in:
        stop = bodies.lock_case(rng).strike(rng, log_uniform(rng, 0.0001, 0.0004))
        add(sound, rng.uniform(0, 0.5) * stop, first + slide)
    jingle = fumbles + slide
    loudness = log_uniform(rng, 0.1, 1)
    for place in rng.uniform(0, 1, rng.poisson(rng.uniform(6, 25) * jingle / samples(1))):
        hit = ring[int(rng.integers(len(ring)))].strike(rng, log_uniform(rng, 0.00003, 0.0002))
        start = round(place * jingle) + (0 if going_in else slide // 2)
        add(sound, loudness * rng.uniform(0.2, 1) * hit, start)
    return sound


def _click(rng: Random, sound: Sound, case: bodies.Body, start: int) -> None:
    """The latch gives way before the bolt moves; not always to be heard."""
    if rng.random() < 0.6:
        add(
            sound, rng.uniform(0.1, 0.7) * case.strike(rng, log_uniform(rng, 0.0001, 0.0005)), start
        )


def _motor(rng: Random, length: int) -> Sound:
    """The whine of a small geared motor: harmonics of its speed, which rises at the start."""
    speed = rng.uniform(120, 500) * (1 - 0.4 * np.exp(-np.arange(length) / samples(0.05)))
    phase = 2 * np.pi * np.cumsum(speed) / samples(1)
    tones = [np.sin(n * phase) * rng.uniform(0.2, 1) / n for n in range(1, 12)]
    whine: Sound = np.sum(tones, axis=0) * swell(length, 0.02, 0.02)
    return whine


EVENTS: Final[Mapping[str, Callable[[Random], Sound]]] = {"key": key, "knock": knock, "lock": lock}
