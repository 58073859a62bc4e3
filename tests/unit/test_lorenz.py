"""The simulated bearing."""

import json

import numpy as np
import pytest
from slipway_components.signals.bearing import Bearing
from slipway_components.signals.lorenz import Lorenz, State, step

from slipway.domain.errors import InvalidInput
from slipway_features.messages import read_reading


def test_a_step_is_that_of_the_recordings() -> None:
    """Two neighbouring samples of recordings of either state, from their first lines."""
    healthy = step((1.171105, 1.651190, 15.305175), 10.0, 28.0, 8.0 / 3.0)
    broken = step((6.633295, 1.253797, 92.554255), 30.0, 128.0, 28.0 / 3.0)
    assert healthy == pytest.approx((1.209512, 1.760817, 14.995702), abs=2e-6)
    assert broken == pytest.approx((5.342216, 2.758637, 85.761436), abs=2e-6)


def test_the_same_seed_gives_the_same_samples() -> None:
    assert np.array_equal(Lorenz(3).take(50), Lorenz(3).take(50))
    assert not np.array_equal(Lorenz(3).take(50), Lorenz(4).take(50))


def test_samples_are_the_same_however_they_are_taken() -> None:
    whole, pieces = Lorenz(3), Lorenz(3)
    assert np.array_equal(
        whole.take(30), np.concatenate([pieces.take(number) for number in (1, 9, 20)])
    )


def test_a_broken_bearing_shakes_more_and_can_be_mended() -> None:
    lorenz = Lorenz(1)
    healthy = np.abs(np.diff(lorenz.take(2000), axis=0)).mean()
    lorenz.state = State.BROKEN
    broken = np.abs(np.diff(lorenz.take(2000), axis=0)).mean()
    lorenz.state = State.HEALTHY
    lorenz.take(500)
    mended = np.abs(np.diff(lorenz.take(2000), axis=0)).mean()
    assert broken > 10 * healthy
    assert mended == pytest.approx(healthy, rel=0.2)


def test_messages_follow_one_another() -> None:
    bearing = Bearing("b", State.HEALTHY, rate=100.0, batch=10, seed=1)
    first, second = (
        read_reading(bearing.message(), ("x", "y", "z"), 100.0, pcm=False) for _ in range(2)
    )
    assert first.values.shape == (10, 3)
    assert second.missing(first, 100.0) < 0.01
    expected = Lorenz(1).take(20).round(6)
    assert np.array_equal(np.concatenate([first.values, second.values]), expected)
    assert json.loads(bearing.message())["rate"] == 100.0


def test_a_sensor_name_that_is_none() -> None:
    with pytest.raises(InvalidInput, match="sensor's name"):
        Bearing("a/b", State.HEALTHY, rate=100.0, batch=10, seed=1)
