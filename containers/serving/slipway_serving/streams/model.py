"""What streams need of a model, and what the engine gives them."""

from typing import NamedTuple, Protocol

from slipway_features.signal import Signal
from slipway_serving.card import Task
from slipway_serving.engine import Engine
from slipway_serving.predictions import ranked


class Verdict(NamedTuple):
    """Of one window: its class with its probability, or its anomaly score."""

    label: str
    value: float


class Model(Protocol):
    """A model of signals."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def version(self) -> str:
        """The model version."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Of its samples."""

    @property
    def rate(self) -> float:
        """Hz; 0 for any."""

    @property
    def window(self) -> int:
        """Samples."""

    @property
    def step(self) -> int:
        """Samples from one window to the next."""

    @property
    def pcm(self) -> bool:
        """Whether its samples may come as PCM."""

    @property
    def threshold(self) -> float | None:
        """The score above which something is an anomaly; None where classes are told apart."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes; where there is a threshold: below it, and above it."""

    def ask(self, window: Signal) -> Verdict | None:
        """About one window [window, axes]; None when it is too quiet to be asked about."""


class EngineModel:
    """The engine of a model of signals."""

    def __init__(self, engine: Engine) -> None:
        """ModelError when it takes images."""
        card, signal = engine.card, engine.signal
        self._engine = engine
        self.name = card.name
        self.version = card.version
        self.labels = card.labels
        self.axes = signal.axes
        self.rate = signal.rate
        self.window = signal.window
        self.step = signal.step
        self.pcm = len(signal.axes) == 1
        self.threshold = card.anomaly if card.task is Task.ANOMALIES else None

    def ask(self, window: Signal) -> Verdict | None:
        """As `Model.ask`."""
        answer = self._engine.answer(window)
        if answer.silent:
            return None
        best = ranked(self._engine.card, answer.scores)[0]
        return Verdict(best["label"], best["score"])
