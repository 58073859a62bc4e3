"""Endless training batches in an order and with variations that the seed alone decides."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from slipway_components.images import Images
from slipway_components.train.augment import Strength, augment
from slipway_components.trained import MEAN, STD
from slipway_features import image as features

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


def one_hot(targets: NDArray[np.int64], labels: int) -> NDArray[np.float32]:
    """[N] label indices → [N, labels]."""
    return np.eye(labels, dtype=np.float32)[targets]


def training_batches(
    images: Images, labels: int, batch_size: int, seed: int, varied: Strength
) -> Iterator[Batch]:
    """Yield (images [batch_size, size, size, 3], one-hot targets) without end.

    Every image comes once before any comes again, in a new order and `varied` anew each time. A
    batch may hold the end of one round and the beginning of the next, so all are of one size.
    """
    rng = np.random.default_rng(seed)
    queue: list[int] = []
    while True:
        while len(queue) < batch_size:
            queue.extend(rng.permutation(len(images)).tolist())
        rows, queue = queue[:batch_size], queue[batch_size:]
        pixels = np.stack([augment(images.pixels[row], rng, varied) for row in rows])
        given = features.normalise(pixels, mean=MEAN, std=STD)
        targets = one_hot(images.targets[rows], labels)
        yield _mixed(given, targets, rng, varied.mix) if varied.mix else (given, targets)


def _mixed(
    given: NDArray[np.float32], targets: NDArray[np.float32], rng: np.random.Generator, mix: float
) -> Batch:
    """Lay another image of the batch over each, and count both labels by their shares, in every
    second batch (Zhang et al. 2018, "mixup"); shares are drawn from Beta(mix, mix)."""
    if rng.random() < 0.5:
        return given, targets
    share, others = np.float32(rng.beta(mix, mix)), rng.permutation(len(given))
    return (
        share * given + (1 - share) * given[others],
        share * targets + (1 - share) * targets[others],
    )
