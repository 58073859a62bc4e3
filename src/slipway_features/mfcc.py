"""Mel-frequency cepstral coefficients: what a sound is like, frame by frame, in numpy alone.

Each frame is weighted with a periodic Hann window, without pre-emphasis, filled up with zeros to
`fft` samples, and its power spectrum summed under triangles of equal area on Slaney's mel scale
(linear to 1 kHz, logarithmic above: Slaney, Auditory Toolbox, Interval Research 1998-010). Of the
sums in decibels an orthonormal DCT-II (Davis and Mermelstein, IEEE ASSP 28(4), 1980) keeps the
first `coefficients`. librosa's `mfcc` computes the same with its defaults and `top_db=None`.
With `relative`, a window's first coefficients, its loudness, are counted from its loudest frame:
how far away or how sensitive the microphone is then makes no difference.

Logarithms and transforms differ in their last bits from one processor to the next, so the
coefficients are rounded to a millionth of a decibel, which is what scaling and model see.

Windows of a stream overlap: frames are remembered by their samples, so that each is computed once
and has the same bits in every window.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slipway_features.signal import Signal

Reals = NDArray[np.float64]

FLOOR: Final = 1e-10  # of a filter's power; -100 dB, far below a 16 bit sample's rounding
DECIMALS: Final = 6
KNOWN: Final = 1024  # frames that are remembered, those of some 60 streams; 4 MB

_LINEAR_HZ = 200 / 3  # a mel below 1 kHz
_BEND_HZ, _BEND_MEL = 1000.0, 15.0
_LOG_STEP = np.log(6.4) / 27  # natural logarithm of the ratio of a mel above 1 kHz


def mfcc(parameters: Mapping[str, Any]) -> "Mfcc":
    """From `{"kind": "mfcc", "rate", "window", "frame", "fft", "filters", "coefficients", "low",
    "high", "relative"}`: lengths in samples, limits in Hz."""
    made = Mfcc(
        rate=float(parameters["rate"]),
        frame=int(parameters["frame"]),
        fft=int(parameters["fft"]),
        filters=int(parameters["filters"]),
        coefficients=int(parameters["coefficients"]),
        low=float(parameters["low"]),
        high=float(parameters["high"]),
        relative=bool(parameters["relative"]),
    )
    window, step = int(parameters["window"]), int(parameters["step"])
    if window % made.frame or step % made.frame:
        raise ValueError(f"window {window} and step {step} are not whole frames of {made.frame}")
    return made


class Mfcc:
    """[window, 1] → [window / frame, coefficients]; frames follow one another without overlap.

    Public are the constants that firmware needs too: `hann` [frame], `bank` [filters, fft/2 + 1]
    and `dct` [coefficients, filters].
    """

    def __init__(
        self,
        *,
        rate: float,
        frame: int,
        fft: int,
        filters: int,
        coefficients: int,
        low: float,
        high: float,
        relative: bool,
    ) -> None:
        if not (0 < frame <= fft and 0 < coefficients <= filters and 0 <= low < high <= rate / 2):
            raise ValueError(
                f"no MFCC of {coefficients} coefficients from {filters} filters between {low} and "
                f"{high} Hz, frames of {frame} in an FFT of {fft} at {rate} Hz"
            )
        self.frame, self.fft, self.relative = frame, fft, relative
        self.hann: Reals = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame) / frame)
        self.bank = _bank(rate, fft, filters, low, high)
        self.dct = _dct(coefficients, filters)
        # Most of the bank is zero, and a product of that size would wake all of BLAS's threads.
        filters_of_weights, self._bins = np.nonzero(self.bank)
        self._weights = self.bank[filters_of_weights, self._bins]
        self._firsts = np.searchsorted(filters_of_weights, np.arange(filters))
        self._known = lru_cache(KNOWN)(self._coefficients)

    def __call__(self, window: Signal) -> Reals:
        """The features of [window, 1]."""
        return self.picture(self.frames(window))

    def picture(self, frames: Reals) -> Reals:
        """A window's frames [frames, coefficients] as its features, of the same shape."""
        if not self.relative:
            return frames
        loudness = np.zeros(frames.shape[1])
        loudness[0] = frames[:, 0].max()
        return frames - loudness

    def frames(self, window: Signal) -> Reals:
        """The coefficients [frames, coefficients] of each whole frame of [samples, 1]."""
        samples = window[:, 0]
        starts = range(0, len(samples) - self.frame + 1, self.frame)
        return np.array([self._known(samples[at : at + self.frame].tobytes()) for at in starts])

    def _coefficients(self, frame: bytes) -> Reals:
        """Of one frame, the bytes of its samples."""
        spectrum = np.fft.rfft(np.frombuffer(frame) * self.hann, self.fft)
        power = spectrum.real**2 + spectrum.imag**2
        filtered = np.add.reduceat(power[self._bins] * self._weights, self._firsts)
        decibels = 10 * np.log10(np.maximum(filtered, FLOOR))
        rounded: Reals = np.round(self.dct @ decibels, DECIMALS)
        return rounded


def _bank(rate: float, fft: int, filters: int, low: float, high: float) -> Reals:
    """[filters, fft/2 + 1] triangles between equally spaced mels, each of area 1 in Hz."""
    edges = _hertz(np.linspace(_mel(low), _mel(high), filters + 2))
    bins = np.arange(fft // 2 + 1) * (rate / fft)
    rising = (bins - edges[:-2, np.newaxis]) / np.diff(edges)[:-1, np.newaxis]
    falling = (edges[2:, np.newaxis] - bins) / np.diff(edges)[1:, np.newaxis]
    triangles = np.maximum(0, np.minimum(rising, falling))
    area: Reals = 2 / (edges[2:] - edges[:-2])
    bank: Reals = triangles * area[:, np.newaxis]
    empty = np.flatnonzero(~bank.any(axis=1))
    if len(empty):
        raise ValueError(f"mel filter {empty[0]} holds no bin of an FFT of {fft} at {rate} Hz")
    return bank


def _mel(hertz: float) -> float:
    if hertz < _BEND_HZ:
        return hertz / _LINEAR_HZ
    return float(_BEND_MEL + np.log(hertz / _BEND_HZ) / _LOG_STEP)


def _hertz(mel: Reals) -> Reals:
    bent = _BEND_HZ * np.exp(_LOG_STEP * (mel - _BEND_MEL))
    return np.where(mel < _BEND_MEL, mel * _LINEAR_HZ, bent)


def _dct(coefficients: int, filters: int) -> Reals:
    """[coefficients, filters] of the orthonormal DCT-II."""
    order = np.arange(coefficients)[:, np.newaxis]
    cosines = np.cos(np.pi * order * (2 * np.arange(filters) + 1) / (2 * filters))
    weights = np.where(order == 0, np.sqrt(1 / filters), np.sqrt(2 / filters))
    dct: Reals = cosines * weights
    return dct
