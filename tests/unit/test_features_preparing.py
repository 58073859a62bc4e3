"""From a signal to a model's input: windows, learned scaling, stored values."""

from typing import Any

import numpy as np
import pytest

from slipway_features.preparing import preparing
from slipway_features.scaling import Scaling
from slipway_features.tensors import restore, store

CARD = {"kind": "series", "axes": ["x", "y"], "rate": 50.0, "window": 4, "step": 2}


def _signal(samples: int) -> Any:
    return np.arange(2.0 * samples).reshape(samples, 2)


def test_windows_are_complete_and_a_step_apart() -> None:
    cut = list(preparing(CARD, {}).windows(_signal(9)))
    assert [start for start, _ in cut] == [0, 2, 4]
    assert all(np.array_equal(window, _signal(9)[start : start + 4]) for start, window in cut)
    assert list(preparing(CARD, {}).windows(_signal(3))) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((5, 3)), r"\[5, 3\] values, not \[samples, x, y\]"),
        (np.zeros(5), r"\[5\] values"),
        (np.array([[0, 1], [np.nan, 1]]), "sample 1 of x is nan"),
        (np.array([[0, -np.inf]]), "sample 0 of y is -inf"),
    ],
)
def test_what_is_no_signal_of_the_axes_is_refused(values: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list(preparing(CARD, {}).windows(values))


def test_a_rate_may_be_off_by_one_percent() -> None:
    made = preparing(CARD, {})
    for rate in (0.0, 50.0, 49.5, 50.5):
        made.check_rate(rate)
    for rate in (49.4, 50.6, 5.0):
        with pytest.raises(ValueError, match=f"the rate is {rate:g} Hz, the model takes 50 Hz"):
            made.check_rate(rate)
    preparing({**CARD, "rate": 0}, {}).check_rate(7.0)


def test_silence_is_a_mean_square() -> None:
    made = preparing({**CARD, "silence": 0.25}, {})
    assert made.silent(np.full((4, 2), 0.49))
    assert not made.silent(np.full((4, 2), -0.5))
    assert not preparing(CARD, {}).silent(np.zeros((4, 2)))


def test_own_scale_leaves_the_shape_alone() -> None:
    made = preparing({**CARD, "own_scale": True}, {})
    window = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [4.0, 5.0]])
    prepared = made.prepare(window)
    assert np.abs(prepared.mean(axis=0)).max() < 1e-6
    assert prepared[:, 0].std() == pytest.approx(1, abs=1e-5)
    assert not prepared[:, 1].any()
    assert np.array_equal(made.prepare(1000 * window + 7), prepared)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "image"},
        {"axes": []},
        {"window": 0},
        {"step": 0},
        {"rate": -1},
        {"rate": "fast"},
        {"axes": None},
    ],
)
def test_preprocessing_that_describes_no_windows_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        preparing({**CARD, **change}, {})
    with pytest.raises(KeyError):
        preparing({key: CARD[key] for key in CARD if key not in change}, {})


def test_scaling_is_learned_applied_and_kept() -> None:
    values = np.random.default_rng(0).normal(3, [2, 5, 0], (50, 4, 3))
    learned = Scaling.standard(values)
    scaled = learned.apply(values).reshape(-1, 3)
    assert np.allclose(scaled.mean(axis=0), 0)
    assert np.allclose(scaled.std(axis=0), [1, 1, 0])
    limits = Scaling.between(-2, 2, least=0, most=255)
    assert limits.apply(np.array([-3.0, -2, 0, 2, 9])).tolist() == [0, 0, 127.5, 255, 255]
    for scaling in (learned, limits, Scaling()):
        assert Scaling.parse(scaling.to_dict()) == scaling
    assert np.array_equal(
        preparing(CARD, limits.to_dict()).prepare(_signal(4)), limits.apply(_signal(4))
    )


@pytest.mark.parametrize(
    "document",
    [
        {"offset": [1.0]},
        {"offset": [1.0], "factor": [1.0, 2.0]},
        {"offset": [], "factor": []},
        {"offset": [float("nan")], "factor": [1.0]},
        {"offset": [1.0], "factor": [1.0], "clip": [1.0]},
    ],
)
def test_scaling_that_contradicts_itself_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Scaling.parse(document)


def test_scaling_of_another_width_or_range_is_refused() -> None:
    with pytest.raises(ValueError, match="3 values, the scaling is of 2"):
        Scaling((0.0, 0.0), (1.0, 1.0)).apply(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="no range"):
        Scaling.between(1, 1, least=0, most=1)


def test_stored_values_are_rounded_cut_and_restored() -> None:
    values = np.array([-99.0, -0.25, 0.0, 0.25, 0.75, 199.0])
    stored = store(values, scale=0.5, zero_point=-1)
    assert stored.dtype == np.int8
    assert stored.tolist() == [-128, -1, -1, -1, 1, 127]
    assert restore(stored[1:5], scale=0.5, zero_point=-1).tolist() == [0.0, 0.0, 0.0, 1.0]
    assert store(values, scale=0.5, zero_point=3, dtype="uint8").tolist() == [0, 3, 3, 3, 5, 255]
