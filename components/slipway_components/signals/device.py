"""The path of a signal on a device: extract, scale, store, invoke, with the code of serving."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway_components.export.litert import LiteRtModel
from slipway_features import tensors
from slipway_features.preparing import Preparing
from slipway_features.signal import Signal

Reals = NDArray[np.float64]


class SignalPath:
    """From windows to the scores of an exported model."""

    def __init__(self, model: LiteRtModel, preparing: Preparing) -> None:
        self._model = model
        self.preparing = preparing

    def stored_scores(self, window: Signal) -> NDArray[Any]:
        """float64[window, axes] → the output as the model stores it."""
        return self._invoke(self.preparing.prepare(window))

    def stored_scores_of(self, features: Reals) -> NDArray[Any]:
        """As `stored_scores`, for a window that is extracted already."""
        return self._invoke(self.preparing.scaling.apply(features))

    def scores_of(self, features: Reals) -> Reals:
        """Features [N, …] → real scores [N, labels]."""
        answers = np.array([self.stored_scores_of(window) for window in features])
        output = self._model.output.quantisation
        if output is None:
            return answers.astype(np.float64)
        return tensors.restore(answers, scale=output.scale, zero_point=output.zero_point)

    def stored(self, prepared: Reals) -> NDArray[Any]:
        """Scaled features as the model takes them."""
        quantisation = self._model.input.quantisation
        if quantisation is None:
            return prepared.astype(np.float32)
        return tensors.store(prepared, scale=quantisation.scale, zero_point=quantisation.zero_point)

    def _invoke(self, prepared: Reals) -> NDArray[Any]:
        return self._model.invoke(self.stored(prepared))
