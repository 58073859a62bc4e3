"""One sensor's stream: from its samples to what the model makes of them."""

from collections import Counter, deque
from collections.abc import Iterator
from typing import Protocol

from slipway_features.signal import Signal
from slipway_serving.streams.cutting import Cutter, blocks
from slipway_serving.streams.model import Model, Verdict


class Sensor(Protocol):
    """Samples in, verdicts out."""

    def take(self, values: Signal) -> Iterator[Verdict | None]:
        """What the samples [samples, axes] complete; None for what was too quiet."""

    def clear(self) -> None:
        """What comes next does not follow what came."""


class Elector:
    """A class for every window: the one that most of the last few windows have. Of two with as
    many votes it is that of the newer window; its probability is the mean of its voters'."""

    def __init__(self, model: Model, step: int, votes: int) -> None:
        self._model = model
        self._cutter = Cutter(model.window, step, len(model.axes))
        self._last: deque[Verdict] = deque(maxlen=votes)

    def take(self, values: Signal) -> Iterator[Verdict | None]:
        """One for each window; what was quiet takes no part, and begins the votes anew."""
        for window in self._cutter.cut(values):
            verdict = self._model.ask(window)
            if verdict is None:
                self._last.clear()
                yield None
            else:
                self._last.append(verdict)
                yield self._elected()

    def clear(self) -> None:
        """Begin anew."""
        self._cutter.clear()
        self._last.clear()

    def _elected(self) -> Verdict:
        newest_first = list(reversed(self._last))
        label, votes = Counter(one.label for one in newest_first).most_common(1)[0]
        return Verdict(label, sum(one.value for one in self._last if one.label == label) / votes)


class Tumbler:
    """An anomaly score for every so many samples: the mean of those of the windows in them."""

    def __init__(self, model: Model, threshold: float, step: int, samples: int) -> None:
        self._model = model
        self._threshold = threshold
        self._samples = samples
        self._cutter = Cutter(model.window, step, len(model.axes))
        self._scores: list[float] = []
        self._first = 0  # samples of the block under way

    def take(self, values: Signal) -> Iterator[Verdict | None]:
        """One for each block of samples; windows do not cross its borders."""
        for piece, ends in blocks(values, self._first, self._samples):
            asked = (self._model.ask(window) for window in self._cutter.cut(piece))
            self._scores += [verdict.value for verdict in asked if verdict]
            self._first += len(piece)
            if ends:
                yield self._mean()
                self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self._cutter.clear()
        self._scores.clear()
        self._first = 0

    def _mean(self) -> Verdict | None:
        if not self._scores:
            return None
        score = sum(self._scores) / len(self._scores)
        return Verdict(self._model.labels[score > self._threshold], score)
