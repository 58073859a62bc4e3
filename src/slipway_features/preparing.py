"""From a signal to a model's input, as `preprocessing` and `scaling` in the model's card say.

    {"kind": "series", "axes": ["x", "y", "z"], "rate": 100.0, "window": 96, "step": 48, …}

`kind` names the extractor, to which the parameters that follow belong; `rate` is in Hz, 0 for any.
Trainers and the serving container both prepare with this code and no other.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slipway_features.mfcc import mfcc
from slipway_features.scaling import Scaling
from slipway_features.series import series
from slipway_features.signal import Signal, check, windows
from slipway_features.spectral import spectral

Reals = NDArray[np.float64]
Extract = Callable[[Signal], Reals]

# kind → from the parameters to what makes features [...] of one window [window, axes].
EXTRACTORS: Final[Mapping[str, Callable[[Mapping[str, Any]], Extract]]] = {
    "mfcc": mfcc,
    "series": series,
    "spectral": spectral,
}


@dataclass(frozen=True)
class Preparing:
    """How one kind of signal is brought into the form that a model takes."""

    axes: tuple[str, ...]
    rate: float  # Hz; 0 for any
    window: int  # samples
    step: int  # samples from one window to the next
    silence: float  # mean square of a window below which it is not asked about; 0 for never
    extract: Extract
    scaling: Scaling

    def windows(self, values: Signal) -> Iterator[tuple[int, Signal]]:
        """(first sample, [window, axes]) of each complete window of a signal; ValueError when it
        is none of these axes or is not finite."""
        return windows(check(values, self.axes), self.window, self.step)

    def check_rate(self, rate: float) -> None:
        """ValueError when the rate of a signal in Hz is said (not 0) and more than 1 % off."""
        if rate and self.rate and abs(rate - self.rate) > self.rate / 100:
            raise ValueError(f"the rate is {rate:g} Hz, the model takes {self.rate:g} Hz")

    def silent(self, window: Signal) -> bool:
        """Whether there is too little in the window [window, axes] to ask a model about it."""
        return bool(self.silence) and float(np.mean(np.square(window))) < self.silence

    def prepare(self, window: Signal) -> Reals:
        """One window [window, axes] → the model's input without its batch, real values."""
        return self.scaling.apply(self.extract(window))


def preparing(preprocessing: Mapping[str, Any], scaling: Mapping[str, Any]) -> Preparing:
    """From the card's `preprocessing` and `scaling`; KeyError, TypeError, ValueError when they are
    incomplete or contradict themselves."""
    kind = preprocessing["kind"]
    if kind not in EXTRACTORS:
        raise ValueError(f"preprocessing {kind!r} is none of {', '.join(EXTRACTORS)}")
    made = Preparing(
        axes=tuple(str(axis) for axis in preprocessing["axes"]),
        rate=float(preprocessing["rate"]),
        window=int(preprocessing["window"]),
        step=int(preprocessing["step"]),
        silence=float(preprocessing.get("silence", 0.0)),
        extract=EXTRACTORS[kind](preprocessing),
        scaling=Scaling.parse(scaling),
    )
    if not made.axes or made.window < 1 or made.step < 1 or made.rate < 0:
        raise ValueError(f"preprocessing {dict(preprocessing)} describes no windows")
    return made
