"""Rooms: how a sound arrives at the microphone, first by itself, then from the walls.

The first echoes are those of a box (image sources: Allen and Berkley, J. Acoust. Soc. Am. 65(4),
1979), up to three walls each; the rest is noise that decays, the high tones sooner.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from slipway_components.signals.doors.shaping import (
    RATE,
    Random,
    Sound,
    add,
    noise,
    power_of_two,
    samples,
)

_SPEED = 343.0  # m/s
_WALLS = 3  # of the echoes that are computed one by one


@dataclass(frozen=True)
class Room:
    """A box of `size` metres whose walls reflect `reflection` of a sound's pressure; it has
    faded by 60 dB after `fading` seconds."""

    size: tuple[float, float, float]
    reflection: float
    fading: float

    @classmethod
    def number(cls, number: int) -> "Room":
        """Each number is another room, from a cupboard to a hall, and always the same one."""
        rng = np.random.default_rng([7919, number])
        width, depth = rng.uniform(1.2, 9, 2)
        height = rng.uniform(2.2, 4)
        volume = width * depth * height
        surface = 2 * (width * depth + width * height + depth * height)
        absorption = rng.uniform(0.12, 0.7)
        # Sabine's formula
        fading = min(0.9, 0.161 * volume / (surface * absorption))
        return cls((width, depth, height), float(np.sqrt(1 - absorption)), fading)

    def response(self, rng: Random) -> Sound:
        """What arrives of one click at the door, somewhere in one wall; the first arrival is at
        sample 0 with an amplitude of 1."""
        size = np.array(self.size)
        source = np.array([rng.uniform(0.2, 0.8) * size[0], 0.02, rng.uniform(0.8, 1.4)])
        ear = rng.uniform(0.1, 0.9, 3) * size
        direct = float(np.linalg.norm(ear - source))
        heard = np.zeros(samples(self.fading + 0.05))
        orders = range(-_WALLS, _WALLS + 1)
        for box in product(orders, orders, orders):
            if (walls := sum(map(abs, box))) > _WALLS:
                continue
            number = np.array(box)
            image = np.where(number % 2 == 0, source, size - source) + number * size
            distance = float(np.linalg.norm(ear - image))
            late = max(0, round((distance - direct) / _SPEED * RATE))
            add(heard, np.array([self.reflection**walls * direct / distance]), late)
        tail = noise(rng, len(heard), [(100, 0), (2000, 0), (8000, -9)])
        time = np.arange(len(heard)) / RATE
        tail *= 10 ** (-3 * time / self.fading) * np.minimum(1, time / 0.02)
        critical = 0.057 * np.sqrt(size.prod() / self.fading)  # where echo and source are as loud
        tail *= direct / critical / max(float(np.sqrt(np.sum(tail**2))), 1e-12)
        return heard + tail


def heard_in(room: Room, rng: Random, sound: Sound) -> Sound:
    """The sound with all its echoes, longer by these."""
    response = room.response(rng)
    length = len(sound) + len(response) - 1
    size = power_of_two(length)
    made: Sound = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)
    return made[:length]
