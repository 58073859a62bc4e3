"""Real values as a model stores them, and back: the same bits in training and on every device."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


def store(
    values: Reals, *, scale: float, zero_point: int, dtype: Literal["int8", "uint8"] = "int8"
) -> NDArray[Any]:
    """stored = value / scale + zero_point, rounded to the nearest (halves to even) and cut to the
    range of `dtype`; same shape as given."""
    limits = np.iinfo(dtype)
    stored = np.rint(values / np.float64(scale)) + zero_point
    whole: NDArray[Any] = np.clip(stored, limits.min, limits.max).astype(dtype)
    return whole


def restore(stored: NDArray[np.integer[Any]], *, scale: float, zero_point: int) -> Reals:
    """value = scale × (stored − zero_point)."""
    return (stored.astype(np.float64) - zero_point) * np.float64(scale)
