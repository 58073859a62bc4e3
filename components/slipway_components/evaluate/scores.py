"""Accuracy, precision, recall and the confusion matrix of a classifier's answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Evaluation:
    """What a model answered on labelled images, windows or recordings."""

    labels: tuple[str, ...]
    matrix: NDArray[np.int64]  # [true label, answered label], counts

    @classmethod
    def of(
        cls, labels: Sequence[str], targets: NDArray[np.int64], answers: NDArray[np.int64]
    ) -> Self:
        """Count; `targets` and `answers` are label indices of equal length."""
        matrix = np.zeros((len(labels), len(labels)), np.int64)
        np.add.at(matrix, (targets, answers), 1)
        return cls(tuple(labels), matrix)

    @property
    def accuracy(self) -> float:
        """The share of right answers, 0 to 1."""
        return _share(np.trace(self.matrix), self.matrix.sum())

    def precision(self, label: str) -> float:
        """Of the answers `label`, the share that is right; 0 when it was never answered."""
        row = self.labels.index(label)
        return _share(self.matrix[row, row], self.matrix[:, row].sum())

    def recall(self, label: str) -> float:
        """Of what is `label`, the share that was recognised; 0 when there is none."""
        row = self.labels.index(label)
        return _share(self.matrix[row, row], self.matrix[row].sum())

    def support(self, label: str) -> int:
        """How often `label` was the true one."""
        return int(self.matrix[self.labels.index(label)].sum())

    def metrics(self) -> dict[str, float]:
        """`accuracy`, and `precision/LABEL` and `recall/LABEL` for each label."""
        metrics = {"accuracy": self.accuracy}
        for label in self.labels:
            metrics[f"precision/{label}"] = self.precision(label)
            metrics[f"recall/{label}"] = self.recall(label)
        return metrics


def _share(part: np.int64, whole: np.int64) -> float:
    return float(part / whole) if whole else 0.0
