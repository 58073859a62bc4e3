"""The path of a signal on a device: extract, scale, store, invoke, with the code of serving."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway.domain.card import Task
from slipway_components.export.litert import LiteRtModel
from slipway_features import tensors
from slipway_features.preparing import Preparing
from slipway_features.signal import Signal

Reals = NDArray[np.float64]


class SignalPath:
    """From windows to the scores of an exported model."""

    def __init__(self, model: LiteRtModel, preparing: Preparing, task: Task = Task.SERIES) -> None:
        """`task` says what a window's scores are."""
        self._model = model
        self.preparing = preparing
        self._task = task

    def stored_scores(self, window: Signal) -> NDArray[Any]:
        """float64[window, axes] → the output as the model stores it."""
        return self._invoke(self.preparing.prepare(window))

    def stored_scores_of(self, features: Reals) -> NDArray[Any]:
        """As `stored_scores`, for a window that is extracted already."""
        return self._invoke(self.preparing.scaling.apply(features))

    def scores_of(self, features: Reals) -> Reals:
        """Features [N, …] → real scores [N, labels], or of anomaly-detection the mean absolute
        error of each [N, 1], before the features were stored."""
        answers = self._restored(np.array([self.stored_scores_of(window) for window in features]))
        if self._task is not Task.ANOMALIES:
            return answers
        real = self.preparing.scaling.apply(features)
        errors = np.abs(real - answers).reshape(len(features), -1)
        # One after another, so that they are added up in the same order as on the device.
        return np.array([[np.mean(error)] for error in errors])

    def stored(self, prepared: Reals) -> NDArray[Any]:
        """Scaled features as the model takes them."""
        quantisation = self._model.input.quantisation
        if quantisation is None:
            return prepared.astype(np.float32)
        return tensors.store(prepared, scale=quantisation.scale, zero_point=quantisation.zero_point)

    def _restored(self, answers: NDArray[Any]) -> Reals:
        output = self._model.output.quantisation
        if output is None:
            return answers.astype(np.float64)
        return tensors.restore(answers, scale=output.scale, zero_point=output.zero_point)

    def _invoke(self, prepared: Reals) -> NDArray[Any]:
        return self._model.invoke(self.stored(prepared))
