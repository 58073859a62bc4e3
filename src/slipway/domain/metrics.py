"""What a model's metrics mean: which one speaks for it, and whether more is better."""

from collections.abc import Mapping
from enum import Enum

_MAIN = ("roc_auc", "accuracy")  # what the pipelines' gates look at; the first that a model has
_LOWER = ("loss", "error", "false_alarms", "missed", "seconds", "bytes")


class Better(Enum):
    """Which of two values of a metric one wants."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"  # it says something of the data, not of the model


def main_metric(metrics: Mapping[str, float]) -> str:
    """The name of the metric that speaks for a model; empty when it has none of these."""
    return next((name for name in _MAIN if name in metrics), "")


def better(name: str) -> Better:
    """What to want of a metric, by its name: `accuracy`, `recall/bolt`, `quantisation_loss`."""
    first, _, _ = name.partition("/")
    if first.startswith("baseline"):
        return Better.NEITHER
    return Better.LOWER if first.endswith(_LOWER) else Better.HIGHER


def is_detail(name: str) -> bool:
    """Whether it is of one label only, as `recall/bolt` is."""
    return "/" in name
