"""The spectral features against scipy, and what they say about motions that are known."""

from typing import Any

import numpy as np
import pytest
from scipy import signal as scipy_signal

from bench.spectral import PARAMETERS, TOLERANCE, motion, with_scipy
from slipway_features.butterworth import sections
from slipway_features.preparing import preparing
from slipway_features.spectral import spectral

RATE = 62.5
WINDOW = 125


@pytest.mark.parametrize("kind", ["low", "high"])
@pytest.mark.parametrize("order", [1, 2, 3, 4, 5, 8, 12])
@pytest.mark.parametrize("cutoff", [0.5, 7.0, 31.0])
def test_filters_are_scipys(kind: str, order: int, cutoff: float) -> None:
    ours = sections(kind, cutoff=cutoff, order=order, rate=RATE)
    theirs = scipy_signal.butter(order, cutoff, kind, fs=RATE, output="sos")
    _, wanted = scipy_signal.freqz_sos(theirs, 200, fs=RATE)
    _, got = scipy_signal.freqz_sos(ours, 200, fs=RATE)
    assert ours.shape == ((order + 1) // 2, 6)
    assert np.allclose(got, wanted, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", ["low", "high", "none"])
@pytest.mark.parametrize("window", [125, 64])
def test_features_are_scipys(kind: str, window: int) -> None:
    parameters = {**PARAMETERS, "filter": kind, "window": window}
    extract = spectral(parameters)
    for seed in range(5):
        given = motion(seed, window)
        assert np.abs(extract(given) - with_scipy(given, parameters)).max() <= TOLERANCE


def _one_axis(given: np.ndarray[Any, np.dtype[np.float64]], **changed: Any) -> list[float]:
    parameters = {**PARAMETERS, "statistics": False, "filter": "none", **changed}
    values: list[float] = spectral(parameters)(given[:, np.newaxis]).tolist()
    return values


def test_a_sine_is_found_with_its_frequency_height_and_power() -> None:
    time = np.arange(WINDOW) / RATE
    values = _one_axis(9.81 + 3 * np.sin(2 * np.pi * 5 * time), peaks=2, bins=[0.5, 2, 8], order=1)
    rms, frequency, height, second, nothing, below, within, skew, _ = values
    assert rms == pytest.approx(3 / np.sqrt(2), abs=1e-4)
    assert frequency == 5.0
    assert height == pytest.approx(3.0, abs=1e-3)
    assert (second, nothing) == (0.0, 0.0)
    assert below == pytest.approx(-6, abs=1e-3)
    assert within == pytest.approx(np.log10(1.5 * 9 / 2), abs=1e-3)  # Hann: 1 + 2 × ¼ of the power
    assert skew == pytest.approx(0, abs=1e-3)


def test_a_filter_takes_away_what_it_should() -> None:
    time = np.arange(WINDOW) / RATE
    both = np.sin(2 * np.pi * 1 * time) + np.sin(2 * np.pi * 20 * time)
    low = _one_axis(both, filter="low", cutoff=5.0, peaks=1, bins=[])
    high = _one_axis(both, filter="high", cutoff=5.0, peaks=1, bins=[])
    assert (low[1], high[1]) == (1.0, 20.0)
    assert low[0] == pytest.approx(1 / np.sqrt(2), abs=0.05)


def test_gravity_is_no_shock_to_the_filter() -> None:
    """The window begins as if its first sample had always been there."""
    still = np.full((WINDOW, 3), 9.81)
    for kind in ("low", "high", "none"):
        parameters = {**PARAMETERS, "filter": kind, "statistics": False}
        features = spectral(parameters)(still).reshape(3, -1)
        bins = len(PARAMETERS["bins"]) - 1
        assert (features[:, -2 - bins : -2] == -6).all()
        assert (np.delete(features, np.s_[-2 - bins : -2], axis=1) == 0).all()


def test_statistics_are_of_each_axis_and_of_the_length() -> None:
    given = np.zeros((WINDOW, 2))
    given[:, 0], given[:, 1] = 3.0, 4.0
    given[-1] = 6.0, 8.0
    features = spectral({**PARAMETERS, "peaks": 0, "bins": [], "filter": "none"})(given)
    least_and_most = features[2 * 3 :].reshape(3, 5)[:, 2:4]
    assert least_and_most.tolist() == [[3, 6], [4, 8], [5, 10]]
    jumps = features[2 * 3 :].reshape(3, 5)[:, 4]
    assert jumps == pytest.approx(np.array([3, 4, 5]) / (WINDOW - 1), abs=1e-6)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"filter": "band"}, "filter 'band' is none of low, high"),
        ({"cutoff": 40.0}, "cut-off 40.0 Hz is not between 0 and 31.25 Hz"),
        ({"cutoff": 0.0}, "cut-off 0.0 Hz"),
        ({"order": 0}, "filter order 0 is not 1 to 12"),
        ({"rate": 0.0}, "at 0.0 Hz"),
        ({"window": 4}, "in 4 samples"),
        ({"bins": [1.0, 1.0]}, "do not rise"),
        ({"bins": [1.1, 1.3]}, "holds no frequency, they are 0.5 Hz apart up to 31.25 Hz"),
    ],
)
def test_impossible_parameters_are_named(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        spectral({**PARAMETERS, **changed})


def test_a_window_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="124 samples, the features are of 125"):
        spectral(PARAMETERS)(np.zeros((124, 3)))


def test_a_card_names_them() -> None:
    card = {**PARAMETERS, "kind": "spectral", "axes": ["x", "y", "z"], "step": 12}
    prepared = preparing(card, {})
    recording = motion(1, 150)
    starts = [start for start, _ in prepared.windows(recording)]
    assert starts == [0, 12, 24]
    assert (prepared.prepare(recording[:WINDOW]) == spectral(PARAMETERS)(recording[:WINDOW])).all()
