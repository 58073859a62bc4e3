"""Asks the model: from an image or a window of a signal to scores."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slipway_features import image as features
from slipway_features.preparing import Preparing
from slipway_features.reading import read
from slipway_features.signal import Signal
from slipway_features.tensors import restore, store
from slipway_serving.card import Golden, Kernels, Picture, Task, Tensor, read_card
from slipway_serving.errors import ModelError
from slipway_serving.images import decode
from slipway_serving.interpreter import Array, Interpreter

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """What the model says of one window."""

    scores: Reals  # one per label; of anomaly-detection one alone, the window's mean absolute error
    silent: bool = False  # there was too little in the window to ask about it; the scores are 0


class Engine:
    """The model in `folder`: model.tflite and model.json. Threads may share one engine; a lock
    lets in one request at a time, which also bounds the memory that decoded images take."""

    def __init__(self, folder: Path, threads: int = 1, kernels: Kernels | None = None) -> None:
        """Load the model, with other kernels than the card's if told so; ModelError when it does
        not load or contradicts its card."""
        card = self.card = read_card(folder / "model.json")
        self.kernels = kernels or card.kernels
        self._lock = threading.Lock()
        self._model = Interpreter(
            folder / "model.tflite",
            [card.input],
            card.outputs,
            threads=threads,
            kernels=self.kernels,
        )
        self.runtime = self._model.runtime
        self.integers = self._model.integers

    @property
    def signal(self) -> Preparing:
        """How the signals that the model takes are prepared; ModelError when it takes images."""
        if isinstance(self.card.preparing, Picture):
            raise ModelError(f"{self.card.version} takes images, not signals")
        return self.card.preparing

    def answer(self, window: Signal) -> Answer:
        """Ask about one window float64[window, axes] of a signal, finite."""
        signal = self.signal
        if signal.silent(window):
            return Answer(np.zeros(len(self.card.labels)), silent=True)
        real = signal.prepare(window)
        return Answer(self.judge(real, self.run([self._stored(real)])))

    def scores(self, image: bytes) -> Reals:
        """An image file's bytes → one score per label; RequestError when it is no image."""
        return self._real(self.stored(image)[0])

    def stored(self, data: bytes) -> list[Array]:
        """An image file's bytes, or one window as a recording of its length → the output tensors
        as the model stores them; RequestError and ValueError when it is neither."""
        preparing = self.card.preparing
        if isinstance(preparing, Picture):
            with self._lock:
                return self._model.invoke([self._pixels(data, preparing)])
        values = read(data, preparing.axes).values
        if len(values) != preparing.window:
            raise ValueError(f"{len(values)} samples are not a window of {preparing.window}")
        return self.run([self._stored(preparing.prepare(values))])

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """Stored input tensors, of the card's shapes and types → stored output tensors."""
        with self._lock:
            return self._model.invoke(inputs)

    def judge(self, real: Reals, outputs: Sequence[Array]) -> Reals:
        """What the model was given, in real values, and its stored outputs → scores as in Answer.

        The given values are those before they were stored: what lies beyond the range of a stored
        value is as far from the model's answer as it is.
        """
        answer = self._real(outputs[0])
        if self.card.task is not Task.ANOMALIES:
            return answer
        return np.array([np.mean(np.abs(real.reshape(-1) - answer))])

    def restored(self, stored: Array) -> Reals:
        """The real values of a stored input."""
        return _restored(self.card.input, stored)

    def distance(self, sample: Golden) -> float:
        """How far the answer to a golden sample is from the stored one, at the worst value.

        Infinite when the shapes differ or a value is not a number.
        """
        worst = 0.0
        answers = self.stored(sample.data)
        if len(answers) != len(sample.outputs):
            return float("inf")
        for answer, expected in zip(answers, sample.outputs, strict=True):
            if answer.size != len(expected):
                return float("inf")
            distances = np.abs(answer.reshape(-1).astype(np.float64) - np.array(expected))
            worst = max(worst, float(np.nan_to_num(distances, nan=np.inf).max(initial=0.0)))
        return worst

    def _pixels(self, data: bytes, picture: Picture) -> Array:
        """An image file's bytes → the stored input."""
        given = self.card.input
        pixels = features.prepare(decode(data), width=picture.width, height=picture.height)
        mean, std = picture.mean, picture.std
        if given.dtype == "float32":
            return features.normalise(pixels, mean=mean, std=std)[np.newaxis]
        quantised = features.quantise(
            pixels,
            scale=given.scale,
            zero_point=given.zero_point,
            mean=mean,
            std=std,
            dtype="uint8" if given.dtype == "uint8" else "int8",
        )
        return quantised[np.newaxis]

    def _stored(self, real: Reals) -> Array:
        """A window's real values → the stored input."""
        given = self.card.input
        if given.dtype == "float32":
            return real.astype(np.float32)[np.newaxis]
        dtype: Literal["uint8", "int8"] = "uint8" if given.dtype == "uint8" else "int8"
        stored = store(real, scale=given.scale, zero_point=given.zero_point, dtype=dtype)
        return stored[np.newaxis]

    def _real(self, output: Array) -> Reals:
        """The flat real values of the first output."""
        return _restored(self.card.outputs[0], output.reshape(-1))


def _restored(tensor: Tensor, stored: Array) -> Reals:
    if not tensor.scale:
        return stored.astype(np.float64)
    return restore(stored, scale=tensor.scale, zero_point=tensor.zero_point)
