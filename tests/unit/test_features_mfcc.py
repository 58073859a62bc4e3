"""Mel-frequency cepstral coefficients: against librosa, and the same bits in every window."""

from typing import Any

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from slipway_features.mfcc import mfcc

PARAMETERS: dict[str, Any] = {
    "kind": "mfcc", "rate": 16_000.0, "window": 6_000, "step": 400, "frame": 400, "fft": 512,
    "filters": 40, "coefficients": 20, "low": 0.0, "high": 8_000.0, "relative": False,
}  # fmt: skip
AGREEMENT = 2e-6  # dB; the coefficients are rounded to 1e-6


def _sound(samples: int, seed: int = 0) -> NDArray[np.float64]:
    """Noise and a tone that rise from silence, [samples, 1]."""
    rng = np.random.default_rng(seed)
    tone = np.sin(2 * np.pi * 1234 * np.arange(samples) / 16_000)
    rising = np.linspace(0, 0.3, samples)
    values: NDArray[np.float64] = (tone + rng.standard_normal(samples)) * rising
    return values[:, np.newaxis]


@pytest.mark.parametrize(("low", "high", "filters"), [(0.0, 8_000.0, 40), (300.0, 6_000.0, 24)])
def test_agrees_with_librosa(low: float, high: float, filters: int) -> None:
    sound = _sound(6_000)
    mine = mfcc({**PARAMETERS, "low": low, "high": high, "filters": filters})(sound)
    # librosa centres the shorter window in a frame as long as the transform.
    mels = librosa.feature.melspectrogram(
        y=np.pad(sound[:, 0], 56), sr=16_000, n_fft=512, win_length=400, hop_length=400,
        center=False, n_mels=filters, fmin=low, fmax=high, dtype=np.float64,
    )  # fmt: skip
    decibels = librosa.power_to_db(mels, top_db=None)
    theirs = librosa.feature.mfcc(S=decibels, n_mfcc=20).T
    assert mine.shape == theirs.shape == (15, 20)
    assert np.abs(mine - theirs).max() < AGREEMENT


def test_a_frame_has_the_same_bits_in_every_window() -> None:
    sound = _sound(16_000)
    whole = mfcc(PARAMETERS)(sound)
    sliding = mfcc(PARAMETERS)
    for first in range(0, 40 - 15 + 1):
        window = sound[first * 400 : first * 400 + 6_000]
        assert np.array_equal(sliding(window), whole[first : first + 15])


def test_loudness_makes_no_difference_when_it_is_relative() -> None:
    sound = _sound(6_000)
    relative = mfcc({**PARAMETERS, "relative": True})
    assert np.abs(relative(sound) - relative(sound / 50)).max() < 1e-4
    assert relative(sound)[:, 0].max() == 0
    absolute = mfcc(PARAMETERS)
    assert np.abs(absolute(sound) - absolute(sound / 50))[:, 0].min() > 100


def test_silence_is_finite() -> None:
    silent = mfcc(PARAMETERS)(np.zeros((6_000, 1)))
    assert np.allclose(silent[:, 0], -100 * np.sqrt(40))
    assert np.abs(silent[:, 1:]).max() < 1e-6


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"frame": 600}, "frames of 600 in an FFT of 512"),
        ({"coefficients": 41}, "41 coefficients from 40 filters"),
        ({"high": 9_000.0}, "9000.0 Hz"),
        ({"window": 6_100}, "6100 .* not whole frames of 400"),
        ({"filters": 200}, "mel filter 0 holds no bin"),
    ],
)
def test_impossible_parameters_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mfcc({**PARAMETERS, **wrong})
