"""Cuts long recordings of sounds into stretches that have one label throughout."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from slipway_components.signals.doors.scene import UNKNOWN
from slipway_components.signals.recordings import Recording
from slipway_features.signal import Signal

AXES: Final = ("sound",)
WINDOW: Final = 6_000  # samples that the model looks at
STEP: Final = 400  # samples from one window to the next

_FRAME = 400  # samples over which loudness is taken
_QUIET = 20  # percent of the frames that are taken for the background
_STANDS_OUT = 10.0  # times the background's power


@dataclass(frozen=True)
class Segment:
    """From when to when an event is to be heard, in samples."""

    start: int
    end: int
    label: str


def cut(recording: Recording, segments: Sequence[Segment]) -> Iterator[Recording]:
    """A stretch for each segment, all windows of which hear half a window of the event or all of
    it; and one, `unknown`, for each pause between them that holds a window. All are of one group,
    and no window is in two of them.
    """
    length, heard_until, free = len(recording.values), 0, 0
    for segment in sorted(segments, key=lambda segment: segment.start):
        yield from _pause(recording, heard_until, segment.start)
        start = max(free, min(segment.start - WINDOW // 2, length - WINDOW))
        end = min(length, max(segment.end + WINDOW // 2, start + WINDOW))
        if end - start >= WINDOW:
            yield _part(recording, start, end, segment.label)
            free = start + (end - start - WINDOW) // STEP * STEP + STEP
        heard_until = max(heard_until, segment.end)
    yield from _pause(recording, heard_until, length)


def trimmed(recording: Recording) -> Recording:
    """Without what comes before and after the sounds that stand out of the background, half a
    window excepted; all of it when nothing does."""
    values = recording.values
    frames = values[: len(values) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.mean((frames - frames.mean(axis=1, keepdims=True)) ** 2, axis=1)
    loud = np.flatnonzero(power > _STANDS_OUT * max(np.percentile(power, _QUIET), 1e-10))
    if not len(loud):
        return recording
    start, end = int(loud[0]) * _FRAME, (int(loud[-1]) + 1) * _FRAME
    start = max(0, min(start - WINDOW // 2, len(values) - WINDOW))
    end = max(end + WINDOW // 2, start + WINDOW)
    return replace(recording, values=values[start:end])


def clipped(values: Signal) -> float:
    """The share of the samples that are at the end of the scale."""
    return float(np.mean(np.abs(values) >= 32_767 / 32_768))


def _pause(recording: Recording, start: int, end: int) -> Iterator[Recording]:
    if end - start >= WINDOW:
        yield _part(recording, start, end, UNKNOWN)


def _part(recording: Recording, start: int, end: int, label: str) -> Recording:
    whole = recording.name if label == recording.label else f"{recording.label}.{recording.name}"
    return replace(
        recording,
        label=label,
        name=f"{whole}+{start}",
        values=recording.values[start:end],
        source=recording.group,
    )
