"""The fixed filters of the network `gradients`."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from slipway_components.train.gradients import GREY, RED_AGAINST_BLUE, edge_filters


def answers(kernel: NDArray[np.float32], patch: NDArray[np.float64]) -> NDArray[Any]:
    """What each filter answers in the middle of a patch of its own size."""
    return np.asarray(np.einsum("hwc,hwcd->d", patch, kernel))


@pytest.mark.parametrize(("size", "deviation"), [(5, 1.0), (9, 2.0)])
def test_a_step_is_answered_by_its_own_direction_most_and_by_its_height(
    size: int, deviation: float
) -> None:
    kernel = edge_filters(size, deviation, 16, GREY)
    assert kernel.shape == (size, size, 3, 16)
    step = np.zeros((size, size, 3))
    step[:, size // 2 + 1 :] = 1.0  # bright to the right, with a middle column of its own
    seen = answers(kernel, step)
    assert seen.argmax() == 0
    assert seen[0] == pytest.approx(1.0, abs=1e-5)
    assert seen[8] == pytest.approx(-1.0, abs=1e-5)
    assert abs(seen[4]) < 1e-6
    below = answers(kernel, np.rot90(step, -1))
    assert below.argmax() == 4


def test_an_even_picture_is_no_edge_in_any_direction() -> None:
    for colours in (GREY, RED_AGAINST_BLUE):
        even = np.ones((7, 7, 3)) * np.array([0.9, 0.2, -0.4])
        assert abs(answers(edge_filters(7, 1.5, 8, colours), even)).max() < 1e-6


def test_a_change_of_colour_alone_is_seen_by_the_filters_of_colour_alone() -> None:
    step = np.zeros((7, 7, 3))
    step[:, 4:, 0], step[:, 4:, 2] = 1.0, -GREY[0] / GREY[2]  # redder, no brighter
    assert abs(answers(edge_filters(7, 1.5, 8, GREY), step)).max() < 1e-6
    assert answers(edge_filters(7, 1.5, 8, RED_AGAINST_BLUE), step).max() > 1
