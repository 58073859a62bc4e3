"""Random variation of training images."""

import numpy as np
import pytest
from slipway_components.images import Images
from slipway_components.train.augment import BRIGHTNESS, STRENGTHS, Strength, augment, strength
from slipway_components.train.batches import training_batches

from slipway.domain.errors import InvalidInput

STRONG = STRENGTHS["strong"]


def picture(size: int = 24) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rows, columns = np.mgrid[0:size, 0:size]
    return np.stack([rows * 10, columns * 10, (rows + columns) * 5], axis=-1).astype(np.uint8)


def test_the_same_generator_state_gives_the_same_bits() -> None:
    one, two = (augment(picture(), np.random.default_rng(7), STRONG) for _ in range(2))
    assert one.shape == picture().shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, two)


def test_every_variation_is_another_one() -> None:
    rng = np.random.default_rng(7)
    assert len({augment(picture(), rng, STRONG).tobytes() for _ in range(20)}) == 20


@pytest.mark.parametrize("how", STRENGTHS.values(), ids=STRENGTHS)
def test_no_foreign_colour_comes_in_at_the_edges(how: Strength) -> None:
    even = np.full((24, 24, 3), 128, np.uint8)
    rng = np.random.default_rng(1)
    for _ in range(20):
        varied = augment(even, rng, how).astype(int)
        assert np.ptp(varied, axis=(0, 1)).max() == 0
        farthest = (128 + BRIGHTNESS) * np.exp(how.tint) - 128
        assert abs(varied[0, 0] - 128).max() <= farthest + 1
        assert np.ptp(varied) == 0 or how.tint


def test_a_round_of_batches_shows_every_image_once() -> None:
    count = 10
    images = Images(np.stack([picture()] * count), np.arange(count))
    batches = training_batches(images, count, 4, 3, STRONG)
    seen = np.concatenate([next(batches)[1].argmax(axis=1) for _ in range(5)])
    assert sorted(seen[:count]) == list(range(count))
    assert sorted(seen[count:]) == list(range(count))
    assert list(seen[:count]) != list(seen[count:])


def test_the_seed_decides_order_and_variation() -> None:
    images = Images(np.stack([picture()] * 6), np.arange(6))
    one, same, other = (next(training_batches(images, 6, 4, seed, STRONG)) for seed in (3, 3, 4))
    assert np.array_equal(one[0], same[0])
    assert np.array_equal(one[1], same[1])
    assert not np.array_equal(one[0], other[0])
    assert one[0].dtype == np.float32
    assert abs(one[0]).max() <= 1


def test_mixed_images_have_mixed_labels_in_every_second_batch() -> None:
    light, dark = (np.full((24, 24, 3), value, np.uint8) for value in (200, 50))
    images = Images(np.stack([light, dark] * 4), np.array([0, 1] * 4))
    still = Strength((0.0, 0.0), (1.0, 1.0), exchange=False, mix=1.0)
    batches = training_batches(images, 2, 8, 3, still)
    mixed = 0
    for _ in range(20):
        given, targets = next(batches)
        assert given.dtype == targets.dtype == np.float32
        assert targets.sum(axis=1) == pytest.approx(np.ones(8))
        shares = targets[(targets > 0.01).all(axis=1)]
        mixed += len(shares) > 0
        middle = [image.mean() for image in given[(targets > 0.3).all(axis=1)]]
        assert all(-0.5 < one < 0.5 for one in middle), "neither the one nor the other alone"
    assert 4 <= mixed <= 16


def test_a_mild_variation_keeps_what_is_up_and_what_is_red() -> None:
    red_below = np.zeros((24, 24, 3), np.uint8)
    red_below[12:, :, 0] = 200

    def kept(how: Strength) -> int:
        rng = np.random.default_rng(2)
        varied = (augment(red_below, rng, how).astype(int) for _ in range(20))
        redness = (image[:, :, 0] - image[:, :, 1:].max(axis=2) for image in varied)
        return sum(int(red[18:].mean() > red[:6].mean() + 40) for red in redness)

    assert kept(STRENGTHS["mild"]) == 20
    assert kept(STRONG) < 10


def test_a_strength_that_does_not_exist_is_named() -> None:
    with pytest.raises(InvalidInput, match="augmentation is 'wild'") as caught:
        strength("wild")
    assert caught.value.hint == "Choose one of mild, strong, turned"


def test_what_is_turned_is_shown_half_as_large_in_its_own_colours() -> None:
    red_below = np.zeros((48, 48, 3), np.uint8)
    red_below[24:, :, 0] = 200
    rng = np.random.default_rng(2)
    varied = [augment(red_below, rng, STRENGTHS["turned"]).astype(int) for _ in range(20)]
    assert {image.shape for image in varied} == {(24, 24, 3)}
    redness = [(image[:, :, 0] - image[:, :, 1:].max(axis=2)) for image in varied]
    below = sum(int(red[18:].mean() > red[:6].mean() + 40) for red in redness)
    above = sum(int(red[:6].mean() > red[18:].mean() + 40) for red in redness)
    assert below > 2, "it may stay as it is"
    assert above > 2, "it may turn"
