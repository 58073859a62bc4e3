"""Properties of the preprocessing, over seeded random images."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from slipway_features.image import normalise, prepare, quantise
from slipway_features.tensors import restore

Pixels = NDArray[np.uint8]

SIZES = [(1, 1), (2, 3), (7, 5), (96, 96), (100, 37), (37, 100), (200, 133)]


def _image(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_same_size_is_identity(height: int, width: int) -> None:
    image = _image(height, width)
    result = prepare(image, width=width, height=height)
    assert np.array_equal(result, image)
    assert not np.shares_memory(result, image)


@pytest.mark.parametrize("value", [0, 1, 127, 254, 255])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_constant_stays_constant(height: int, width: int, value: int) -> None:
    image = np.full((height, width, 3), value, np.uint8)
    assert (prepare(image, width=31, height=17) == value).all()


def test_memory_layout_does_not_matter() -> None:
    image = _image(120, 90)
    wanted = prepare(image, width=32, height=24)
    assert np.array_equal(prepare(np.asfortranarray(image), width=32, height=24), wanted)
    wide = _image(120, 180)
    wide[:, ::2] = image
    assert np.array_equal(prepare(wide[:, ::2], width=32, height=24), wanted)
    flipped = prepare(np.ascontiguousarray(image[::-1])[::-1], width=32, height=24)
    assert np.array_equal(flipped, wanted)
    assert wanted.flags["C_CONTIGUOUS"]


def test_whole_factor_is_the_rounded_mean_of_blocks() -> None:
    image = _image(12, 8)
    blocks = image.reshape(3, 4, 2, 4, 3).sum(axis=(1, 3), dtype=int)
    assert np.array_equal(prepare(image, width=2, height=3), (2 * blocks + 16) // 32)


@pytest.mark.parametrize(("height", "width"), [(5, 5), (3, 3), (16, 16)])
def test_agrees_with_exact_fractions(height: int, width: int) -> None:
    """Against the definition, an integral over areas, in rational numbers; up and down."""
    image = _image(height, width)
    size = 7
    result = prepare(image, width=size, height=size)

    def overlap(source: int, target: int, count: int) -> Fraction:
        low = max(Fraction(source), Fraction(target * count, size))
        high = min(Fraction(source + 1), Fraction((target + 1) * count, size))
        return max(Fraction(0), high - low)

    for row in range(size):
        for column in range(size):
            total = sum(
                overlap(y, row, height) * overlap(x, column, width) * int(image[y, x, 1])
                for y in range(height)
                for x in range(width)
            )
            exact = total * size * size / (height * width)
            assert result[row, column, 1] == int(exact + Fraction(1, 2))


def test_enlarging_by_a_whole_factor_repeats_pixels() -> None:
    image = _image(3, 4)
    enlarged = prepare(image, width=12, height=9)
    assert np.array_equal(enlarged, image.repeat(3, axis=0).repeat(3, axis=1))


def test_crop_keeps_the_centre() -> None:
    image = np.zeros((10, 30, 3), np.uint8)
    image[:, 10:20] = 255
    assert (prepare(image, width=10, height=10) == 255).all()
    assert (prepare(image.swapaxes(0, 1), width=10, height=10) == 255).all()


def test_large_photographs_do_not_overflow() -> None:
    image = np.full((3000, 4000, 3), 255, np.uint8)
    assert (prepare(image, width=96, height=96) == 255).all()


def test_known_bits() -> None:
    """Guards the arithmetic itself: a model in the field relies on these numbers."""
    image = (np.arange(5 * 7 * 3).reshape(5, 7, 3) * 37 % 256).astype(np.uint8)
    assert prepare(image, width=2, height=2).tolist() == [
        [[156, 90, 127], [115, 152, 87]],
        [[136, 112, 149], [137, 133, 108]],
    ]


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.float32),
    ],
)
def test_refuses_what_is_no_image(image: Pixels) -> None:
    with pytest.raises(ValueError, match=r"not an image uint8\[H, W, 3\]"):
        prepare(image, width=2, height=2)


def test_refuses_impossible_parameters() -> None:
    with pytest.raises(ValueError, match="0x3 is not positive"):
        prepare(_image(4, 4), width=0, height=3)
    with pytest.raises(ValueError, match=r"std 0\.0"):
        normalise(_image(4, 4), mean=0, std=0.0)


def test_normalise_covers_minus_one_to_one() -> None:
    pixels = np.array([[0, 255]], np.uint8)
    result = normalise(pixels, mean=127.5, std=127.5)
    assert result.dtype == np.float32
    assert result.tolist() == [[-1.0, 1.0]]


def test_quantise_and_restore_are_inverse_up_to_half_a_step() -> None:
    pixels = np.arange(256, dtype=np.uint8)
    scale, zero_point = 2 / 255, -1
    stored = quantise(pixels, scale=scale, zero_point=zero_point, mean=127.5, std=127.5)
    assert stored.dtype == np.int8
    assert stored.min() == -128
    assert stored.max() == 127
    reals = (pixels - 127.5) / 127.5
    back = restore(stored, scale=scale, zero_point=zero_point)
    assert np.abs(back - reals).max() <= 0.51 * scale


def test_quantise_cuts_at_the_limits() -> None:
    pixels = np.array([0, 255], np.uint8)
    signed = quantise(pixels, scale=0.001, zero_point=0, mean=127.5, std=127.5)
    assert signed.tolist() == [-128, 127]
    unsigned = quantise(pixels, scale=0.001, zero_point=0, mean=127.5, std=127.5, dtype="uint8")
    assert unsigned.tolist() == [0, 255]
