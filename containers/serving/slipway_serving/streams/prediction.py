"""What the device tells about a sensor."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Origin:
    """Who tells it."""

    device: str
    model: str
    version: str


@dataclass(frozen=True)
class Prediction:
    """What a sensor's latest samples are. Rules see `label` and `value` alone."""

    origin: Origin
    sensor: str
    label: str
    value: float  # the label's probability, or an anomaly score
    timestamp: float  # unix seconds
    threshold: float | None = None  # of an anomaly score

    def document(self) -> dict[str, Any]:
        """The message."""
        value = round(self.value, 6)
        told: dict[str, Any] = (
            {"probability": value}
            if self.threshold is None
            else {
                "score": value,
                "threshold": self.threshold,
                "anomaly": self.value > self.threshold,
            }
        )
        return {
            "class": self.label,
            **told,
            "timestamp": round(self.timestamp, 3),
            "device": self.origin.device,
            "sensor": self.sensor,
            "model": self.origin.model,
            "version": self.origin.version,
        }
