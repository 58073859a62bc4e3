"""One motion window to its spectral features: ours in numpy alone, and scipy doing the same."""

import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.report import percentile, report
from slipway_features.spectral import spectral

Reals = NDArray[np.float64]

PARAMETERS: Final[Mapping[str, Any]] = {
    "rate": 62.5,
    "window": 125,
    "filter": "low",
    "cutoff": 10.0,
    "order": 4,
    "peaks": 3,
    "bins": [0.5, 2.0, 4.0, 8.0, 16.0, 31.25],
    "statistics": True,
}
TOLERANCE: Final = 2e-6  # ours are rounded to 1e-6
WINDOWS = 200


def main() -> None:
    """Measure both on the same windows, and how far they are apart."""
    extract = spectral(PARAMETERS)
    given = [motion(seed, PARAMETERS["window"]) for seed in range(WINDOWS)]
    ours, our_seconds = _run(extract, given)
    theirs, their_seconds = _run(lambda window: with_scipy(window, PARAMETERS), given)
    report(
        "spectral",
        features=ours.shape[1],
        microseconds_p50=round(1e6 * percentile(our_seconds, 0.5)),
        microseconds_p99=round(1e6 * percentile(our_seconds, 0.99)),
        scipy_microseconds_p50=round(1e6 * percentile(their_seconds, 0.5)),
        largest_difference=float(np.abs(ours - theirs).max()),
        tolerance=TOLERANCE,
        windows=WINDOWS,
    )


def _run(extract: Callable[[Reals], Reals], given: list[Reals]) -> tuple[Reals, list[float]]:
    extract(given[0])
    features, seconds = [], []
    for window in given:
        begun = time.perf_counter()
        features.append(extract(window))
        seconds.append(time.perf_counter() - begun)
    return np.array(features), seconds


def motion(seed: int, samples: int) -> Reals:
    """[samples, 3] of swings at random frequencies, with gravity and noise, in m/s²."""
    random = np.random.default_rng(seed)
    instants = np.arange(samples)[:, np.newaxis] / PARAMETERS["rate"]
    values = random.normal((0.0, 0.0, 9.81), 0.3, (samples, 3))
    for _ in range(4):
        frequency, phase = random.uniform(0.5, 25, 3), random.uniform(0, 2 * np.pi, 3)
        values += random.uniform(0, 4, 3) * np.sin(2 * np.pi * frequency * instants + phase)
    return values


def with_scipy(window: Reals, parameters: Mapping[str, Any]) -> Reals:
    """The same features by scipy's filters, peak finder and statistics."""
    from scipy import signal

    filtered = window
    if parameters["filter"] != "none":
        sections = signal.butter(
            parameters["order"],
            parameters["cutoff"],
            parameters["filter"],
            fs=parameters["rate"],
            output="sos",
        )
        state = signal.sosfilt_zi(sections)[:, :, np.newaxis] * window[0]
        filtered, _ = signal.sosfilt(sections, window, axis=0, zi=state)
    features = [_of_axis(axis, parameters) for axis in (filtered - filtered.mean(axis=0)).T]
    if parameters["statistics"]:
        length = np.linalg.norm(window, axis=1)
        features += [_statistics(values) for values in (*window.T, length)]
    return np.concatenate(features)


def _of_axis(values: Reals, parameters: Mapping[str, Any]) -> Reals:
    from scipy import fft, signal, stats

    hann = signal.windows.hann(len(values), sym=False)
    frequencies = fft.rfftfreq(len(values), 1 / parameters["rate"])
    amplitude = 2 * np.abs(fft.rfft(values * hann)) / hann.sum()
    places, _ = signal.find_peaks(amplitude)
    places = places[np.argsort(-amplitude[places], kind="stable")][: parameters["peaks"]]
    peaks = np.zeros((parameters["peaks"], 2))
    peaks[: len(places)] = np.stack([frequencies[places], amplitude[places]], axis=1)
    edges = parameters["bins"]
    power = np.array(
        [
            np.sum(amplitude[(frequencies >= low) & (frequencies < high)] ** 2) / 2
            for low, high in pairwise(edges)
        ]
    )
    return np.concatenate(
        [
            [np.sqrt(np.mean(values**2))],
            peaks.ravel(),
            np.log10(power + 1e-6),
            [stats.skew(values), stats.kurtosis(values)],
        ]
    )


def _statistics(values: Reals) -> Reals:
    jumps = np.abs(np.diff(values)).mean()
    return np.array([values.mean(), values.std(), values.min(), values.max(), jumps])


if __name__ == "__main__":
    main()
