"""WAV files of 16 bits a sample.

The format: Microsoft, Multimedia Programming Interface and Data Specifications 1.0 (1991), RIFF
WAVE; WAVE_FORMAT_EXTENSIBLE as in mmreg.h.
"""

import struct
from collections.abc import Iterator

import numpy as np

from slipway_features.signal import Signal

_PCM = 1
_EXTENSIBLE = 0xFFFE
_FULL_SCALE = 32768.0


def read_wav(data: bytes) -> tuple[Signal, float]:
    """A file's bytes → float64[samples, channels] from -1 to 1, and the rate in Hz; ValueError
    when it is damaged or holds anything but 16-bit PCM."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("it is not a WAV file")
    channels = rate = 0
    for kind, content in _chunks(data):
        if kind == b"fmt ":
            channels, rate = _format(content)
        elif kind == b"data":
            if not channels:
                raise ValueError("the WAV file has samples before their format")
            if not content or len(content) % (2 * channels):
                raise ValueError(f"the WAV file has {len(content)} bytes of samples")
            samples = np.frombuffer(content, "<i2").reshape(-1, channels)
            return samples.astype(np.float64) / _FULL_SCALE, float(rate)
    raise ValueError("the WAV file has no samples")


def write_wav(samples: Signal, rate: int) -> bytes:
    """float64[samples, channels] from -1 to 1, cut to that → a file's bytes."""
    stored = np.clip(np.rint(samples * _FULL_SCALE), -32768, 32767).astype("<i2").tobytes()
    channels = samples.shape[1]
    form = struct.pack("<HHIIHH", _PCM, channels, rate, rate * channels * 2, channels * 2, 16)
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", len(stored)) + stored
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and content of each chunk."""
    position = 12
    while position + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, position)
        content = data[position + 8 : position + 8 + size]
        if len(content) < size:
            raise ValueError(
                f"the WAV file ends after {len(content)} of {size} bytes of its chunk {kind!r}"
            )
        yield kind, content
        position += 8 + size + size % 2


def _format(content: bytes) -> tuple[int, int]:
    """Channels and rate."""
    if len(content) < 16:
        raise ValueError("the WAV file's format is cut off")
    code, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", content)
    if code == _EXTENSIBLE and len(content) >= 26:
        (code,) = struct.unpack_from("<H", content, 24)  # the first field of the sub-format
    if code != _PCM or bits != 16:
        raise ValueError(f"the WAV file has format {code} with {bits} bits; 16-bit PCM is read")
    if not channels or not rate:
        raise ValueError(f"the WAV file has {channels} channels at {rate} Hz")
    return channels, rate
