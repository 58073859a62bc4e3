"""How right answers are: of classifiers by counting, of anomaly detections by ranks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from slipway_components.evaluate.scores import Evaluation

from slipway.domain.prediction import UNKNOWN

Reals = NDArray[np.float64]


def classified(labels: Sequence[str], pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Accuracy, confusion (a row for each true label, a column for each answer), and precision,
    recall and support of each label, out of (true label, answer).

    The answer `unknown` is wrong, unless that is the true label; it is shown where it occurs.
    """
    shown = list(labels)
    if UNKNOWN not in shown and any(UNKNOWN in pair for pair in pairs):
        shown.append(UNKNOWN)
    indices = np.array([[shown.index(word) for word in pair] for pair in pairs], np.int64)
    targets, answers = indices.reshape(-1, 2).T
    counted = Evaluation.of(shown, targets, answers)
    return {
        "accuracy": counted.accuracy,
        "labels": shown,
        "confusion": counted.matrix.tolist(),
        "per_class": {
            label: {
                "precision": counted.precision(label),
                "recall": counted.recall(label),
                "support": counted.support(label),
            }
            for label in shown
        },
    }


def roc_auc(negatives: Reals, positives: Reals) -> float | None:
    """The chance that one of the positives is above one of the negatives, ties counting half; None
    when there are none of either.

    It is the area under the receiver's operating characteristic: Mann and Whitney's U over the
    number of pairs (Hanley and McNeil, Radiology 143, 1982).
    """
    if not len(negatives) or not len(positives):
        return None
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, "left")
    not_above = np.searchsorted(ordered, positives, "right")
    return float((below + not_above).mean() / 2 / len(ordered))
