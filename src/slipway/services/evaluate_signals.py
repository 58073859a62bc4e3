"""The figures of models of signals, out of their answers to labelled recordings."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from slipway.domain.card import ModelCard
from slipway.domain.prediction import UNKNOWN, Window
from slipway.services.asking import Asked
from slipway.services.measures import classified, roc_auc

HEALTHY: Final = "healthy"  # any other label of a folder is an anomaly


def told_apart(card: ModelCard, asked: Asked) -> dict[str, Any]:
    """Windows and recordings of a classifier. A recording's scores are the means of its windows';
    silent windows are counted and have no part in anything else."""
    counts = asked.counts
    for item, windows in asked.answers(card.labels):
        label = item.recording.label
        heard = [window for window in windows if window.scores]
        counts.silent += len(windows) - len(heard)
        counts.windows += [(label, window.scores[0].label) for window in heard]
        counts.whole(item.file, label, _of_all(card, heard))
    counts.check()
    return {
        "windows": classified(card.labels, counts.windows),
        "recordings": classified(card.labels, counts.wholes),
        "unknown": sum(answer == UNKNOWN for _, answer in counts.windows),
        "silent": counts.silent,
        "mistakes": counts.mistakes,
        "rejected": counts.rejected,
    }


def _of_all(card: ModelCard, windows: Sequence[Window]) -> str:
    sums = dict.fromkeys(card.labels, 0.0)
    for window in windows:
        for label, score in {one.label: one.score for one in window.scores}.items():
            if label in sums:
                sums[label] += score / len(windows)
    best = max(sums, key=lambda label: sums[label])
    return best if windows and sums[best] >= card.thresholds.get("unknown", 0.0) else UNKNOWN


def detected(card: ModelCard, asked: Asked) -> dict[str, Any]:
    """Of anomaly-detection, all over windows: `roc_auc`; `loss_ratio`, the mean error of what is
    not healthy over that of what is; `false_alarms` and `missed`, the shares on the wrong side of
    the `threshold`; and `baseline_roc_auc`, what the mean absolute difference from one sample to
    the next of the same windows does without a model, whichever way round it is better."""
    errors: dict[bool, list[float]] = {True: [], False: []}  # by whether it is healthy
    jumps: dict[bool, list[float]] = {True: [], False: []}
    threshold = card.thresholds["anomaly"]
    wholes = []
    for item, windows in asked.answers(()):
        values, healthy = item.recording.values, item.recording.label == HEALTHY
        scores = [window.error or 0.0 for window in windows]
        errors[healthy] += scores
        for window in windows:
            cut = values[window.start : window.start + asked.preparing.window]
            jumps[healthy].append(
                float(np.abs(np.diff(asked.preparing.extract(cut), axis=0)).mean())
            )
        mean = float(np.mean(scores))
        answer = card.labels[int(mean > threshold)]
        wholes.append(
            {"file": item.file, "label": item.recording.label, "score": mean, "answer": answer}
        )
    asked.counts.wholes = [(str(one["label"]), str(one["answer"])) for one in wholes]
    asked.counts.check()
    good, bad = (np.array(errors[healthy]) for healthy in (True, False))
    baseline = roc_auc(np.array(jumps[True]), np.array(jumps[False]))
    return {
        "roc_auc": roc_auc(good, bad),
        "loss_ratio": float(bad.mean() / good.mean()) if len(good) and len(bad) else None,
        "false_alarms": float((good > threshold).mean()) if len(good) else None,
        "missed": float((bad <= threshold).mean()) if len(bad) else None,
        "threshold": threshold,
        "baseline_roc_auc": None if baseline is None else max(baseline, 1 - baseline),
        "windows": {"healthy": len(good), "anomaly": len(bad)},
        "recordings": wholes,
        "rejected": asked.counts.rejected,
    }
