"""A sensor's message: some samples, as JSON or, of a microphone, as PCM.

    {"values": [[x, y, z], …], "t": 1501089026.5, "rate": 100}

`values` are samples, or one sample [x, y, z]; of a single axis [v, …]. `t`, in seconds by the
sensor's own clock, is when the first of them was taken; `rate` is in Hz. Both may be left out.
"""

import json
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from slipway_features.signal import Signal

_RATE: Final = 0.01  # share by which a rate may be off
_PCM: Final = 32768.0  # what a sample of 1.0 is in PCM


class Rejected(Exception):
    """A message that is not taken: why, in a word that is counted, and for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True)
class Reading:
    """Samples that follow one another."""

    values: Signal
    time: float | None  # of the first one, seconds


def read_reading(body: bytes, axes: tuple[str, ...], rate: float, *, pcm: bool) -> Reading:
    """A message's samples of those axes and that rate (Hz, 0 for any); Rejected.

    `pcm`: what is no JSON is PCM, 16 bits little endian, one channel.
    """
    if not body.startswith(b"{") and pcm:
        return _pcm(body)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        if pcm:
            return _pcm(body)
        raise Rejected("not-json", f"not JSON: {error}") from error
    if not isinstance(document, dict) or "values" not in document:
        raise Rejected("no-values", 'not like {"values": [[x, y, z], …]}')
    given = document.get("rate", rate)
    if not _is_number(given) or (rate and abs(given - rate) > _RATE * rate):
        raise Rejected("wrong-rate", f"the rate is {given!r} Hz, the model takes {rate:g}")
    time = document.get("t")
    if time is not None and not _is_number(time):
        raise Rejected("bad-time", f"t is {time!r}, not seconds")
    return Reading(_signal(document["values"], axes), None if time is None else float(time))


def _signal(values: Any, axes: tuple[str, ...]) -> Signal:
    try:
        found = np.array(values)
    except (ValueError, OverflowError) as error:
        raise Rejected("wrong-axes", "the samples have not all the same axes") from error
    if not found.size or found.dtype.kind not in "iuf":
        raise Rejected("no-values", "values are not all numbers")
    if found.ndim == 1:
        found = found.reshape(-1, 1) if len(axes) == 1 else found.reshape(1, -1)
    if found.ndim != 2 or found.shape[1] != len(axes):
        raise Rejected("wrong-axes", f"a sample is not of the axes {', '.join(axes)}")
    signal = found.astype(np.float64)
    if not np.isfinite(signal).all():
        raise Rejected("not-finite", "a value is NaN or infinite")
    return signal


def _pcm(body: bytes) -> Reading:
    if not body or len(body) % 2:
        raise Rejected("no-values", f"{len(body)} bytes are neither JSON nor PCM of 16 bits")
    return Reading(np.frombuffer(body, "<i2").astype(np.float64)[:, np.newaxis] / _PCM, None)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
