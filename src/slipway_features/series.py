"""The window itself as a model's input, for networks that find their features themselves."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from slipway_features.signal import Signal

_LEAST = 1e-9  # deviation below which a window says nothing but its noise


def series(parameters: Mapping[str, Any]) -> "Series":
    """From `{"kind": "series", "own_scale": BOOL}`; with `own_scale` each window is scaled by
    itself, so that only its shape is left."""
    return Series(own_scale=bool(parameters.get("own_scale", False)))


class Series:
    """[window, axes] → [window, axes]."""

    def __init__(self, *, own_scale: bool) -> None:
        self._own_scale = own_scale

    def __call__(self, window: Signal) -> Signal:
        """The window, with `own_scale` each axis with a mean of 0 and a deviation of 1, rounded to
        a millionth: processors add up in different orders."""
        if not self._own_scale:
            return window
        deviation = np.maximum(window.std(axis=0), _LEAST)
        shape: Signal = np.round((window - window.mean(axis=0)) / deviation, 6)
        return shape
