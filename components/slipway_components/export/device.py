"""The inference path of a device: prepare, quantise, invoke; serving does it with this code."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway_components.export.litert import LiteRtModel
from slipway_components.trained import MEAN, STD
from slipway_features import image as features


class DevicePath:
    """From a decoded image to the scores of an exported model."""

    def __init__(self, model: LiteRtModel) -> None:
        self._model = model
        _, self._height, self._width, _ = model.input.shape

    def stored_scores(self, image: NDArray[np.uint8]) -> NDArray[Any]:
        """uint8[height, width, 3] of any size → scores [labels] as the model stores them."""
        return self.scores_of_prepared(
            features.prepare(image, width=self._width, height=self._height)
        )

    def scores_of_prepared(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """As `stored_scores`, for an image that is prepared already."""
        return self._model.invoke(self.stored(pixels))

    def stored(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """A prepared image as the model takes it."""
        quantisation = self._model.input.quantisation
        if quantisation is None:
            return features.normalise(pixels, mean=MEAN, std=STD)
        return features.quantise(
            pixels,
            scale=quantisation.scale,
            zero_point=quantisation.zero_point,
            mean=MEAN,
            std=STD,
        )
