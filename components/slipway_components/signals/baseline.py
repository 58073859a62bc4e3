"""The simplest thing that a network has to beat: how high and how strong each axis is.

Of each window the mean and the logarithm of the deviation of each axis; the answer is the label
whose training windows have the nearest mean of these, each measured in its own deviation.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slipway_components.signals.examples import Examples

Reals = NDArray[np.float64]

_LEAST = 1e-9  # deviation of what never changes


def answers(
    learned_from: Sequence[Examples], judged: Sequence[Examples], labels: Sequence[str]
) -> list[Reals]:
    """Scores [windows, labels] of each of the judged, 1 for the answer and 0 for the others."""
    values = np.concatenate([part.statistics for part in learned_from])
    middle, spread = values.mean(axis=0), np.maximum(values.std(axis=0), _LEAST)
    means = np.array([_mean(learned_from, label) for label in labels])
    scaled = (means - middle) / spread
    return [_nearest((part.statistics - middle) / spread, scaled) for part in judged]


def _mean(examples: Sequence[Examples], label: str) -> Reals:
    of_label = [part.statistics for part in examples if part.recording.label == label]
    mean: Reals = np.concatenate(of_label).mean(axis=0)
    return mean


def _nearest(values: Reals, means: Reals) -> Reals:
    distances = np.square(values[:, np.newaxis] - means).sum(axis=2)
    scores: Reals = np.eye(len(means))[distances.argmin(axis=1)]
    return scores
