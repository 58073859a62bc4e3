"""Spectral features of motion: what a window holds at which frequency, and plain statistics.

The filter is a Butterworth low- or high-pass, the window's spectrum a Hann-weighted FFT. What
rounds differently from one processor or version of numpy to another is rounded here to fixed
steps: the spectrum before peaks are looked for in it, the features at the end. A feature is then
the same bits everywhere.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway_features.butterworth import impulse_response
from slipway_features.signal import Signal

Reals = NDArray[np.float64]

_SPECTRUM_DECIMALS = 9
_DECIMALS = 6  # of a feature
_LEAST_POWER = 1e-6  # added before the logarithm: a still axis has no power
_LEAST_DEVIATION = 1e-3  # below it a window has no shape, its skew and kurtosis are 0


def spectral(parameters: Mapping[str, Any]) -> "Spectral":
    """From `{"filter": "low"|"high"|"none", "cutoff": HZ, "order": N, "peaks": N, "bins": [HZ, …],
    "statistics": BOOL}` and the card's `rate` and `window`; ValueError when they contradict each
    other."""
    return Spectral(
        rate=float(parameters["rate"]),
        window=int(parameters["window"]),
        filter_kind=str(parameters["filter"]),
        cutoff=float(parameters["cutoff"]),
        order=int(parameters["order"]),
        peaks=int(parameters["peaks"]),
        bins=tuple(float(edge) for edge in parameters["bins"]),
        statistics=bool(parameters["statistics"]),
    )


class Spectral:
    """[window, axes] → [features]: those of each axis in turn, then the statistics.

    Of each axis, filtered: RMS, frequency (Hz) and height of each peak, highest first, the
    logarithm of the power between each two edges of `bins`, skew, excess kurtosis. The statistics
    are of each axis as it came and of the length of the vector: mean, deviation, least, most,
    mean absolute difference from one sample to the next.
    """

    def __init__(
        self,
        *,
        rate: float,
        window: int,
        filter_kind: str,
        cutoff: float,
        order: int,
        peaks: int,
        bins: tuple[float, ...],
        statistics: bool,
    ) -> None:
        if not rate > 0 or window < 8 or peaks < 0:
            raise ValueError(f"{peaks} peaks in {window} samples at {rate} Hz cannot be found")
        if any(low >= high for low, high in pairwise(bins)):
            raise ValueError(f"bins {list(bins)} do not rise")
        self._window, self._peaks, self._statistics = window, peaks, statistics
        self._filter = _filter_matrix(filter_kind, cutoff, order, rate, window)
        self._passes_constant = filter_kind != "high"
        self._frequencies = np.arange(window // 2 + 1) * (rate / window)
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
        self._weights = hann[:, np.newaxis] / hann.sum()
        self._bins = [
            (self._frequencies >= low) & (self._frequencies < high) for low, high in pairwise(bins)
        ]
        if not all(inside.any() for inside in self._bins):
            raise ValueError(
                f"bins {list(bins)} Hz: one holds no frequency, they are {rate / window:.3g} Hz "
                f"apart up to {rate / 2:.4g} Hz"
            )

    def __call__(self, window: Signal) -> Reals:
        """The features of one window; ValueError when it has another length."""
        if len(window) != self._window:
            raise ValueError(f"{len(window)} samples, the features are of {self._window}")
        filtered = self._filtered(window)
        centred = filtered - filtered.mean(axis=0)
        amplitude = 2 * np.abs(np.fft.rfft(centred * self._weights, axis=0))
        amplitude = np.round(amplitude, _SPECTRUM_DECIMALS)
        of_axes = [
            np.sqrt(np.mean(np.square(centred), axis=0))[np.newaxis],
            self._highest(amplitude),
            self._power(amplitude),
            _shape(centred),
        ]
        features = np.concatenate(of_axes).T.ravel()
        if self._statistics:
            features = np.concatenate([features, _statistics(window)])
        return np.round(features, _DECIMALS)

    def _filtered(self, window: Signal) -> Signal:
        """As if the first sample had lasted for ever before the window began."""
        if self._filter is None:
            return window
        filtered: Signal = self._filter @ (window - window[0])
        return filtered + window[0] if self._passes_constant else filtered

    def _highest(self, amplitude: Reals) -> Reals:
        """[2 × peaks, axes]: frequency and height of the highest local maxima, 0 where there are
        no more; of equal ones the lower frequency comes first."""
        found = np.zeros((2 * self._peaks, amplitude.shape[1]))
        inner = amplitude[1:-1]
        maxima = (inner > amplitude[:-2]) & (inner >= amplitude[2:])
        for axis in range(amplitude.shape[1]):
            places = np.flatnonzero(maxima[:, axis]) + 1
            heights = amplitude[places, axis]
            best = np.argsort(-heights, kind="stable")[: self._peaks]
            found[0 : 2 * len(best) : 2, axis] = self._frequencies[places[best]]
            found[1 : 2 * len(best) : 2, axis] = heights[best]
        return found

    def _power(self, amplitude: Reals) -> Reals:
        """[bins, axes]: log10 of the sum of squared amplitudes / 2."""
        power = np.square(amplitude) / 2
        sums = np.zeros((len(self._bins), amplitude.shape[1]))
        for number, inside in enumerate(self._bins):
            sums[number] = power[inside].sum(axis=0)
        return np.log10(sums + _LEAST_POWER)


def _filter_matrix(
    kind: str, cutoff: float, order: int, rate: float, window: int
) -> NDArray[np.float64] | None:
    """The filter over a window is linear: [window, window], each column the impulse response
    beginning one sample later."""
    if kind == "none":
        return None
    response = impulse_response(kind, cutoff=cutoff, order=order, rate=rate, samples=window)
    lag = np.arange(window)[:, np.newaxis] - np.arange(window)
    return np.where(lag >= 0, response[np.maximum(lag, 0)], 0.0)


def _shape(centred: Signal) -> Reals:
    """[2, axes]: skew and excess kurtosis, the third and fourth standardised moments."""
    variance = np.mean(np.square(centred), axis=0)
    moving = variance > _LEAST_DEVIATION**2
    spread = np.where(moving, variance, 1.0)
    skew = np.mean(centred**3, axis=0) / spread**1.5
    kurtosis = np.mean(centred**4, axis=0) / spread**2 - 3
    return np.where(moving, np.stack([skew, kurtosis]), 0.0)


def _statistics(window: Signal) -> Reals:
    length = np.sqrt(np.sum(np.square(window), axis=1, keepdims=True))
    values = np.concatenate([window, length], axis=1)
    return np.stack(
        [
            values.mean(axis=0),
            values.std(axis=0),
            values.min(axis=0),
            values.max(axis=0),
            np.abs(np.diff(values, axis=0)).mean(axis=0),
        ]
    ).T.ravel()
