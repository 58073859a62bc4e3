"""What a classifier of signals answers to windows and to recordings, and how often it is right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway_components.evaluate.scores import Evaluation
from slipway_components.signals.examples import Examples

Reals = NDArray[np.float64]
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Judged:
    """Answers to windows and to whole recordings; one below the threshold is `unknown`, which is
    wrong unless that is the label itself."""

    windows: Evaluation
    recordings: Evaluation

    @classmethod
    def of(
        cls,
        examples: Sequence[Examples],
        scores: Sequence[Reals],
        labels: Sequence[str],
        unknown: float,
    ) -> Self:
        """`scores`: real ones [windows, labels] for each of the examples.

        A recording's scores are the mean of its windows'; one of silence alone is `unknown`.
        """
        shown = [*labels, *([UNKNOWN] if UNKNOWN not in labels else [])]
        right = np.array([shown.index(part.recording.label) for part in examples])
        counts = [len(part) for part in scores]
        answers = [answers_to(part, unknown, shown) for part in scores]
        means = [
            answers_to(part.mean(axis=0, keepdims=True), unknown, shown)
            if len(part)
            else np.array([shown.index(UNKNOWN)])
            for part in scores
        ]
        windows = Evaluation.of(shown, np.repeat(right, counts), np.concatenate(answers))
        recordings = Evaluation.of(shown, right, np.concatenate(means))
        return cls(_without_empty(windows), _without_empty(recordings))


def answers_to(scores: Reals, unknown: float, shown: Sequence[str]) -> NDArray[np.int64]:
    """Scores [N, labels] → indices into `shown` [N], which begins with the labels and holds
    `unknown`."""
    if not len(scores):
        return np.empty(0, np.int64)
    best = scores.argmax(axis=1)
    return np.where(scores.max(axis=1) < unknown, shown.index(UNKNOWN), best).astype(np.int64)


def _without_empty(evaluation: Evaluation) -> Evaluation:
    """Without a last label `unknown` that neither is nor was answered."""
    *labels, last = evaluation.labels
    matrix = evaluation.matrix
    if last != UNKNOWN or matrix[-1].any() or matrix[:, -1].any():
        return evaluation
    return Evaluation(tuple(labels), matrix[:-1, :-1])
