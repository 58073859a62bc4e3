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
    rate: float = 0.0  # Hz; 0 where it is not said
    time: float | None = None  # of the first one, seconds

    def missing(self, before: "Reading", rate: float) -> float:
        """How many samples, at so many Hz, are missing between that one and this; 0 when their
        times do not tell."""
        if self.time is None or before.time is None or not rate:
            return 0.0
        return abs((self.time - before.time) * rate - len(before.values))


def write_reading(values: Signal, *, rate: float, time: float) -> bytes:
    """A message of samples, the first of them taken at `time`."""
    return json.dumps({"values": values.tolist(), "t": time, "rate": rate}).encode()


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
    given = document.get("rate", 0)
    if not _is_number(given) or given < 0 or (given and rate and abs(given / rate - 1) > _RATE):
        raise Rejected("wrong-rate", f"the rate is {given!r} Hz, the model takes {rate:g}")
    time = document.get("t")
    if time is not None and not _is_number(time):
        raise Rejected("bad-time", f"t is {time!r}, not seconds")
    signal = _signal(document["values"], axes)
    return Reading(signal, float(given), None if time is None else float(time))


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
    if body[:4] == b"RIFF" and body[8:12] == b"WAVE":
        raise Rejected("no-values", "a WAV file; its samples alone are PCM")
    return Reading(np.frombuffer(body, "<i2").astype(np.float64)[:, np.newaxis] / _PCM)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
