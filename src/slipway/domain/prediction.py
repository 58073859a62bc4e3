"""What a served model answers."""

from collections.abc import Sequence
from dataclasses import dataclass

UNKNOWN = "unknown"  # the answer when no label is sure enough


@dataclass(frozen=True)
class Score:
    """One label and how sure the model is of it, 0 to 1; of anomaly-detection how far what it was
    given is from what it knows."""

    label: str
    score: float


@dataclass(frozen=True)
class Window:
    """The answer to one window of a recording."""

    start: int  # its first sample
    scores: Sequence[Score]  # none when it was silent, and of anomaly-detection
    error: float | None  # of anomaly-detection: how far it is from what the model knows


@dataclass(frozen=True)
class Prediction:
    """The answer to one image or recording, best score first, and by whom it was given."""

    version: str  # model version
    digest: str  # of the image that the server runs in, empty outside of one
    scores: Sequence[Score]  # of anomaly-detection the one label that its error means
    windows: Sequence[Window]  # none of an image
    threshold: float | None  # of anomaly-detection: an error above it is an anomaly
    latency_ms: float  # in the server
