"""Windows of recordings as features, before they are scaled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slipway.domain.errors import InvalidDataset
from slipway_components.progress import say
from slipway_components.signals.recordings import Recording
from slipway_features.preparing import Preparing
from slipway_features.signal import Signal

Reals = NDArray[np.float64]

_LEAST = 1e-6  # deviation of an axis that stands still


@dataclass(frozen=True, eq=False)
class Examples:
    """The windows of one recording that a device would ask its model about."""

    recording: Recording
    features: Reals  # [windows, …]; silent windows are left out
    statistics: Reals  # [windows, 2 × axes] of the same windows, for the baseline


def long_enough(recordings: Sequence[Recording], window: int) -> list[Recording]:
    """Without those that are shorter than a window of so many samples, which are named. Raises
    InvalidDataset when a label has no other."""
    kept = [recording for recording in recordings if len(recording.values) >= window]
    for recording in recordings:
        if len(recording.values) < window:
            say(
                f"recording {recording.label}/{recording.name} has {len(recording.values)} samples,"
                f" a window takes {window}: it is left out"
            )
    lost = sorted({one.label for one in recordings} - {one.label for one in kept})
    if lost:
        raise InvalidDataset(
            f"no recording of {lost[0]!r} is as long as a window of {window} samples",
            hint="Give longer recordings, or use a shorter window",
        )
    return kept


def examples_of(recording: Recording, preparing: Preparing) -> Examples:
    """Cut and extract as a device does; raises InvalidDataset when the recording does not fit the
    preprocessing or is shorter than a window."""
    where = f"recording {recording.label}/{recording.name}"
    if recording.axes != preparing.axes:
        raise InvalidDataset(
            f"{where} has the axes {', '.join(recording.axes)}, not {', '.join(preparing.axes)}",
            hint="Gather the data with this pipeline",
        )
    if preparing.rate and recording.rate and abs(recording.rate / preparing.rate - 1) > 0.01:
        raise InvalidDataset(
            f"{where} has {recording.rate:g} samples a second, not {preparing.rate:g}",
            hint="Resample it or record it again",
        )
    if len(recording.values) < preparing.window:
        raise InvalidDataset(
            f"{where} has {len(recording.values)} samples, a window takes {preparing.window}",
            hint="Remove it, or use a shorter window",
        )
    try:
        cut = [window for _, window in preparing.windows(recording.values)]
    except ValueError as error:
        raise InvalidDataset(f"{where}: {error}", hint="Mend or remove it") from error
    heard = [window for window in cut if not preparing.silent(window)]
    features = np.array([preparing.extract(window) for window in heard])
    simple = np.array([statistics(window) for window in heard])
    return Examples(recording, features, simple.reshape(len(heard), 2 * len(preparing.axes)))


def statistics(window: Signal) -> Reals:
    """The mean of each axis, and the logarithm of its deviation: [window, axes] → [2 × axes]."""
    deviation = np.maximum(window.std(axis=0), _LEAST)
    return np.concatenate([window.mean(axis=0), np.log(deviation)])


def labels_of(recordings: Sequence[Recording], expected: tuple[str, ...] = ()) -> tuple[str, ...]:
    """All labels in the order of the model's scores: as expected, or else sorted. Raises
    InvalidDataset for fewer than two, and for others than those expected."""
    labels = tuple(sorted({recording.label for recording in recordings}))
    if expected and set(labels) != set(expected):
        raise InvalidDataset(
            f"there are recordings of {', '.join(labels)}, not of {' and '.join(expected)}",
            hint=f"Give some of {' and some of '.join(expected)}",
        )
    if expected:
        return expected
    if len(labels) < 2:
        raise InvalidDataset(
            f"the only label is {labels[0]!r}", hint="A classifier needs at least two labels"
        )
    return labels


def stacked(examples: Sequence[Examples], labels: Sequence[str]) -> tuple[Reals, NDArray[np.int64]]:
    """The features of all windows [N, …] and the index of each one's label [N]; raises
    InvalidDataset when a label has no window at all."""
    heard = [part for part in examples if len(part.features)]
    missing = sorted(set(labels) - {part.recording.label for part in heard})
    if missing:
        raise InvalidDataset(
            f"no window of {missing[0]!r} is above the silence",
            hint="Give louder recordings, or lower silence",
        )
    targets = [
        np.full(len(part.features), labels.index(part.recording.label), np.int64) for part in heard
    ]
    return np.concatenate([part.features for part in heard]), np.concatenate(targets)
