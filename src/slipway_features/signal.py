"""Recordings of sensors, cut into windows.

A signal is `float64[samples, axes]`, finite; one of a single axis has one column.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]


def check(values: Signal, axes: tuple[str, ...]) -> Signal:
    """The same values; ValueError when they are no signal of these axes."""
    if values.ndim != 2 or values.shape[1] != len(axes):
        raise ValueError(f"{list(values.shape)} values, not [samples, {', '.join(axes)}]")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        sample, axis = bad[0]
        raise ValueError(f"sample {sample} of {axes[axis]} is {values[sample, axis]}")
    return values


def windows(values: Signal, size: int, step: int) -> Iterator[tuple[int, Signal]]:
    """(first sample, [size, axes]) of each complete window, `step` samples apart."""
    for start in range(0, len(values) - size + 1, step):
        yield start, values[start : start + size]
