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
        yield features.normalise(pixels, mean=MEAN, std=STD), one_hot(images.targets[rows], labels)
