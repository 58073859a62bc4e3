"""A model of signals whose answers can be read off its windows."""

import numpy as np
from slipway_serving.streams.model import Verdict

from slipway_features.signal import Signal


class FakeModel:
    """Windows of 4 samples, 2 apart, of axes a and b at 10 Hz.

    The class is `up` where the first axis has a positive mean, else `down`; its probability, or
    the score, is that of the mean's size. A window of zeros is too quiet.
    """

    name, version = "fake", "fake_1_1501089026"
    axes: tuple[str, ...] = ("a", "b")
    labels: tuple[str, ...] = ("healthy", "anomaly")
    rate, window, step = 10.0, 4, 2
    pcm = False

    def __init__(self, threshold: float | None = None) -> None:
        self.threshold = threshold
        self.asked: list[Signal] = []

    def ask(self, window: Signal) -> Verdict | None:
        """As the class says."""
        self.asked.append(window.copy())
        mean = float(np.mean(window[:, 0]))
        return Verdict("up" if mean > 0 else "down", abs(mean)) if window.any() else None
