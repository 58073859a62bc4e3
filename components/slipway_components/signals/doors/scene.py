"""One recording at a door: an event or another sound, its room, its background, its microphone."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from slipway_components.signals.doors import backgrounds
from slipway_components.signals.doors.events import EVENTS
from slipway_components.signals.doors.others import OTHERS
from slipway_components.signals.doors.rooms import Room, heard_in
from slipway_components.signals.doors.shaping import (
    Random,
    Sound,
    coloured,
    log_uniform,
    samples,
    wander,
)

UNKNOWN: Final = "unknown"
LABELS: Final = (*EVENTS, UNKNOWN)

ROOMS: Final = 60  # of training, and as many others of judging
RATIOS: Final = (15.0, 45.0)  # decibels, of the loudest of a sound to the background

_AUDIBLE = 0.1  # of a sound's highest short-time level; -20 dB
_FRAME = 160  # samples over which a level is taken
_PAUSE = 15  # frames; what is quiet for longer parts two stretches


@dataclass(frozen=True, eq=False)
class Scene:
    """What a microphone heard, and when the sound that the label names was to be heard."""

    label: str
    samples: Sound  # within -1 to 1, as a file of 16 bits holds them
    audible: tuple[tuple[int, int], ...]  # first sample, the sample after the last


def scene(rng: Random, label: str, *, unseen: bool = False) -> Scene:
    """Draw one; `unseen` takes rooms and kinds of background that are never trained on."""
    kinds = backgrounds.UNSEEN if unseen else backgrounds.TRAINING
    room = Room.number(int(rng.integers(ROOMS)) + (ROOMS if unseen else 0))
    kind = kinds[str(rng.choice(list(kinds)))]
    if label == UNKNOWN:
        other = OTHERS[str(rng.choice(list(OTHERS)))]
        source = other(rng) if rng.random() < 0.85 else np.zeros(samples(2))
    else:
        source = EVENTS[label](rng)
    sound = heard_in(room, rng, source)
    # Relative to the loudest part of the sound: the background from nearly nothing to a lot.
    ratio = 10 ** (-rng.uniform(*RATIOS) / 20)
    stretches = _audible(sound, max(ratio, _AUDIBLE))
    start, end = stretches[0][0], stretches[-1][1]
    before, after = samples(rng.uniform(0.1, 1.2)), samples(rng.uniform(0.1, 1.2))
    heard = np.concatenate([np.zeros(before), sound[start:end], np.zeros(after)])
    heard /= max(float(np.abs(heard).max()), 1e-12)
    loudest = float(np.sqrt(_levels(heard).max())) or 0.3
    unrest = rng.uniform(0, 1) * wander(rng, len(heard), log_uniform(rng, 0.3, 12))
    heard += ratio * loudest * kind(rng, len(heard)) * (1 - unrest)
    shift = before - start
    audible = tuple((first + shift, last + shift) for first, last in stretches)
    return Scene(label, _microphone(rng, heard), audible)


def _audible(sound: Sound, least: float) -> list[tuple[int, int]]:
    """The stretches in which it is louder than `least` of its loudest; all of it when it is
    silent."""
    levels = np.sqrt(_levels(sound))
    loud = np.flatnonzero(levels > least * levels.max())
    if not len(loud):
        return [(0, len(sound))]
    apart = np.flatnonzero(np.diff(loud) > _PAUSE)
    firsts = loud[np.concatenate([[0], apart + 1])]
    lasts = loud[np.concatenate([apart, [len(loud) - 1]])]
    return [
        (int(first) * _FRAME, min(len(sound), (int(last) + 1) * _FRAME))
        for first, last in zip(firsts, lasts, strict=True)
    ]


def _levels(sound: Sound) -> Sound:
    """Mean square of each short frame, the last one filled up with silence."""
    frames = -(-len(sound) // _FRAME)
    padded = np.zeros(frames * _FRAME)
    padded[: len(sound)] = sound
    levels: Sound = np.mean(padded.reshape(frames, _FRAME) ** 2, axis=1)
    return levels


def _microphone(rng: Random, sound: Sound) -> Sound:
    """Its own colour, noise and gain; one in twenty is overdriven and clips."""
    colour = [(hertz, rng.normal(0, 3)) for hertz in (100, 300, 1000, 3000, 8000)]
    made = coloured(sound, [(20, -20), *colour])
    peak = log_uniform(rng, 0.02, 0.95) if rng.random() > 0.05 else rng.uniform(1.1, 3)
    made *= peak / max(float(np.abs(made).max()), 1e-12)
    made += peak * log_uniform(rng, 3e-4, 1e-2) * rng.standard_normal(len(made))
    heard: Sound = np.clip(np.rint(made * 32_768), -32_768, 32_767) / 32_768
    return heard
