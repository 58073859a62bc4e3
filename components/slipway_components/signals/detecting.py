"""How well a network that gives normal windows back tells those that are not normal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.services.measures import roc_auc
from slipway_components.signals.examples import Examples
from slipway_components.signals.judging import Judged

Reals = NDArray[np.float64]

_BINS = 60  # of the histogram


@dataclass(frozen=True, eq=False)
class Sides:
    """A number for each window, by which anomalies may be told."""

    normal: Reals
    anomalous: Reals

    @classmethod
    def of(cls, examples: Sequence[Examples], numbers: Sequence[Reals], normal: str) -> Self:
        """`numbers` [windows] of each of the examples; `normal` is the label of those that are."""
        right = [one.recording.label == normal for one in examples]
        pairs = list(zip(right, numbers, strict=True))
        return cls(
            np.concatenate([part for is_normal, part in pairs if is_normal]),
            np.concatenate([part for is_normal, part in pairs if not is_normal]),
        )

    def roc_auc(self) -> float:
        """Over windows: how likely an anomalous one has the greater number."""
        return roc_auc(self.normal, self.anomalous) or 0.0


@dataclass(frozen=True, eq=False)
class Detection:
    """How the int8 models of all folds did together, each on windows that it did not learn from."""

    judged: Judged  # in each fold by the threshold that the errors of the other folds give
    errors: Sides
    errors_float: Sides
    levels: Sides  # the mean absolute value of a window, which needs no model
    jumps: Sides  # the mean absolute difference from one sample to the next, which needs none
    threshold: float  # of all folds' errors
    split: str  # how it was split, in one sentence

    @classmethod
    def of(
        cls,
        examples: Sequence[Examples],
        answers: Sequence[Reals],
        answers_float: Sequence[Reals],
        folds: Sequence[int],
        *,
        labels: tuple[str, ...],
        false_alarms: float,
        split: str,
    ) -> Self:
        """`answers` [windows, 1] are the errors of the windows of each of the examples, `folds`
        says in which fold each was judged, `labels` what is normal, and what is not.

        A threshold is the error that the share `false_alarms` of normal windows exceeds, of windows
        that the network had not learned from.
        """
        normal = labels[0]
        errors = [part[:, 0] for part in answers]
        by_fold: dict[int, list[Reals]] = {}
        for one, part, number in zip(examples, errors, folds, strict=True):
            if one.recording.label == normal:
                by_fold.setdefault(number, []).append(part)

        def threshold(without: int | None = None) -> float:
            kept = [part for number, of in by_fold.items() if number != without for part in of]
            return float(np.quantile(np.concatenate(kept), 1 - false_alarms, method="higher"))

        # The threshold as the score of what is normal: the greater of the two is the answer.
        scores = [
            np.column_stack([np.full(len(part), threshold(number)), part])
            for part, number in zip(errors, folds, strict=True)
        ]
        features = [one.features for one in examples]
        jumps = [np.abs(np.diff(part, axis=1)).mean(axis=(1, 2)) for part in features]
        return cls(
            Judged.of(examples, scores, labels, 0.0),
            Sides.of(examples, errors, normal),
            Sides.of(examples, [part[:, 0] for part in answers_float], normal),
            Sides.of(examples, [np.abs(part).mean(axis=(1, 2)) for part in features], normal),
            Sides.of(examples, jumps, normal),
            threshold(),
            split,
        )

    @property
    def thresholds(self) -> dict[str, float]:
        """For the card."""
        return {"anomaly": self.threshold}

    def said(self) -> Iterator[str]:
        """Lines for people."""
        found = self.metrics()
        yield (
            f"over windows the ROC-AUC is {found['roc_auc']:.4f}, of the mean absolute difference"
            f" {found['baseline_roc_auc']:.4f}, of the mean absolute value"
            f" {found['baseline_level_roc_auc']:.4f}"
        )
        yield (
            f"anomalies have {found['loss_ratio']:.1f} times the error; {found['false_alarms']:.2%}"
            f" false alarms, {found['missed']:.2%} missed"
        )

    def metrics(self) -> dict[str, float]:
        """For the card: of windows, and of recordings where the name says so."""
        windows = self.judged.windows
        (right, alarms), (missed, found) = windows.matrix
        return {
            **windows.metrics(),
            "accuracy_recordings": self.judged.recordings.accuracy,
            "roc_auc": self.errors.roc_auc(),
            "roc_auc_float": self.errors_float.roc_auc(),
            "loss_ratio": float(self.errors.anomalous.mean() / self.errors.normal.mean()),
            "false_alarms": float(alarms / (right + alarms)),
            "missed": float(missed / (missed + found)),
            "baseline_roc_auc": _either_way(self.jumps.roc_auc()),
            "baseline_level_roc_auc": _either_way(self.levels.roc_auc()),
        }

    def draw(self, path: Path) -> None:
        """A histogram of the errors, with the threshold, as PNG."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot()
        both = np.concatenate([self.errors.normal, self.errors.anomalous])
        bins = np.geomspace(max(both.min(), both.max() / 1e6), both.max(), _BINS).tolist()
        axes.hist(self.errors.normal, bins, alpha=0.6, label="normal")
        axes.hist(self.errors.anomalous, bins, alpha=0.6, label="anomalous")
        axes.axvline(self.threshold, color="black", linestyle="--", label="threshold")
        axes.set(xscale="log", xlabel="mean absolute error of a window", ylabel="windows")
        axes.legend()
        figure.savefig(path, dpi=100, metadata={"Software": None})


def _either_way(auc: float) -> float:
    """A rule without a model is used whichever way round it is better."""
    return max(auc, 1 - auc)
