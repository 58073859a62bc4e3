"""A second of 16 kHz sound to its MFCC cascade: ours in numpy alone, and librosa doing the same.

Ours is measured twice: as a stream, in which a window begins with every frame and each frame is
computed once, and window by window, as if none had been seen before.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.report import percentile, report
from slipway_features.mfcc import mfcc

Reals = NDArray[np.float64]

PARAMETERS: Final[Mapping[str, Any]] = {
    "rate": 16_000.0,
    "window": 6_000,
    "step": 400,
    "frame": 400,
    "fft": 512,
    "filters": 40,
    "coefficients": 20,
    "low": 0.0,
    "high": 8_000.0,
    "relative": False,
}
TOLERANCE: Final = 2e-6  # dB; ours are rounded to 1e-6
SECONDS = 100


def main() -> None:
    """Measure all on the same sound, and how far they are apart."""
    given = [sound(seed) for seed in range(SECONDS)]
    stream, stream_seconds = _run(_cascade, given)
    _, apart_seconds = _run(_each_window_anew, given)
    theirs, their_seconds = _run(with_librosa, given)
    report(
        "mfcc",
        windows_per_second=stream.shape[1],
        processor_milliseconds_p50=round(1e3 * percentile(stream_seconds, 0.5), 2),
        processor_milliseconds_p99=round(1e3 * percentile(stream_seconds, 0.99), 2),
        processor_milliseconds_without_memory_p50=round(1e3 * percentile(apart_seconds, 0.5), 2),
        librosa_processor_milliseconds_p50=round(1e3 * percentile(their_seconds, 0.5), 2),
        largest_difference=float(np.abs(stream - theirs).max()),
        tolerance=TOLERANCE,
        seconds_of_sound=SECONDS,
    )


def _run(cascade: Callable[[Reals], Reals], given: list[Reals]) -> tuple[Reals, list[float]]:
    cascade(given[0])
    pictures, seconds = [], []
    for sound in given[1:]:
        begun = time.process_time()
        pictures.append(cascade(sound))
        seconds.append(time.process_time() - begun)
    return np.array(pictures), seconds


def sound(seed: int) -> Reals:
    """A second [16000, 1] of a gliding tone in noise."""
    rng = np.random.default_rng(seed)
    low, high = rng.uniform(200, 4_000, 2)
    hertz = np.linspace(low, high, 16_000)
    tone = np.sin(2 * np.pi * np.cumsum(hertz) / 16_000)
    values: Reals = 0.3 * tone + 0.02 * rng.standard_normal(16_000)
    return values[:, np.newaxis]


def _windows(sound: Reals) -> list[Reals]:
    window, step = PARAMETERS["window"], PARAMETERS["step"]
    return [sound[at : at + window] for at in range(0, len(sound) - window + 1, step)]


_extract = mfcc(PARAMETERS)


def _cascade(sound: Reals) -> Reals:
    """[windows, 15, 20]"""
    return np.array([_extract(window) for window in _windows(sound)])


def _each_window_anew(sound: Reals) -> Reals:
    """As `_cascade`, each frame a little changed from one window to the next, and so unknown."""
    return np.array(
        [
            _extract(window * (1 + number * 2.0**-50))
            for number, window in enumerate(_windows(sound), 1)
        ]
    )


def with_librosa(sound: Reals) -> Reals:
    """As `_cascade`: all frames at once, then cut into windows."""
    import librosa

    # It centres the shorter window in a frame as long as the transform.
    around = (PARAMETERS["fft"] - PARAMETERS["frame"]) // 2
    mels = librosa.feature.melspectrogram(
        y=np.pad(sound[:, 0], around),
        sr=PARAMETERS["rate"],
        n_fft=PARAMETERS["fft"],
        win_length=PARAMETERS["frame"],
        hop_length=PARAMETERS["frame"],
        center=False,
        n_mels=PARAMETERS["filters"],
        dtype=np.float64,
    )
    decibels = librosa.power_to_db(mels, top_db=None)
    frames = librosa.feature.mfcc(S=decibels, n_mfcc=PARAMETERS["coefficients"]).T
    count = PARAMETERS["window"] // PARAMETERS["frame"]
    return np.array([frames[at : at + count] for at in range(len(frames) - count + 1)])


if __name__ == "__main__":
    main()
