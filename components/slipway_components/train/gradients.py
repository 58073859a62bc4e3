"""The network for a few hundred photographs: edges by fixed filters, then a few learned layers.

A network that has to learn from little what an edge is has little left to learn what is in the
picture. So the first layers are given: the strength of light's change in each of several
directions, at two scales, and of colour's, averaged over cells of 4 × 4 pixels, as histograms of
oriented gradients count it (Dalal and Triggs 2005). Each strength is cut at 6, so that a strong
edge counts no more than a clear one. They are constant convolutions and poolings, so an exported
file is a plain network all the same.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway.domain.errors import InvalidInput
from slipway_components.tensorflow_import import import_keras

GREY = (0.299, 0.587, 0.114)  # of red, green and blue
RED_AGAINST_BLUE = (1.0, 0.0, -1.0)
CELL = 4  # pixels
WIDTHS = (48, 64, 96)  # filters of the learned convolutions
MOMENTUM = 0.9  # of batch normalisation, which has some thousand steps
DROPOUT = 0.3


def check(image_size: int, weights: str) -> None:
    """Raise InvalidInput for what `build` cannot make, or for weights, which it has no use for."""
    if image_size % CELL:
        raise InvalidInput(
            f"image size {image_size} does not fit network gradients",
            hint=f"Use a multiple of {CELL} pixels",
        )
    if weights != "none":
        raise InvalidInput(
            f"weights is {weights!r}, but network gradients begins without any",
            hint="Set weights=none, or network=mobilenet to begin with weights",
        )


def edge_filters(
    size: int, deviation: float, directions: int, colours: tuple[float, float, float]
) -> NDArray[np.float32]:
    """[size, size, 3, directions]: derivatives of a Gaussian, evenly turned over the whole circle.

    Each answers 1 to a step of 1 across its direction, in the mix `colours`.
    """
    half = size // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float64)
    bell = np.exp(-(x**2 + y**2) / (2 * deviation**2))
    angles = 2 * np.pi * np.arange(directions) / directions
    turned = np.stack([(np.cos(a) * x + np.sin(a) * y) * bell for a in angles], axis=-1)
    turned /= np.maximum(x * bell, 0).sum()
    kernel = turned[:, :, np.newaxis, :] * np.array(colours)[:, np.newaxis]
    filters: NDArray[np.float32] = kernel.astype(np.float32)
    return filters


def build(labels: int, *, image_size: int) -> Any:
    """A Keras model [N, size, size, 3] of −1 … 1 → [N, labels] of scores that add up to 1."""
    keras, _ = import_keras()
    layers = keras.layers
    image = keras.Input((image_size, image_size, 3), name="image")
    seen = [
        _edges(image, "fine", edge_filters(5, 1.0, 16, GREY), gain=12, stride=1),
        _edges(image, "coarse", edge_filters(9, 2.0, 16, GREY), gain=8, stride=2),
        _edges(image, "colour", edge_filters(7, 1.5, 8, RED_AGAINST_BLUE), gain=12, stride=2),
        layers.Rescaling(3.0, 3.0, name="bright")(
            layers.AveragePooling2D(CELL, name="average")(image)
        ),
    ]
    values = layers.Concatenate(name="cells")(seen)
    values = layers.BatchNormalization(momentum=MOMENTUM, name="cells_BN")(values)
    for number, (width, stride) in enumerate(zip(WIDTHS, (2, 1, 1), strict=True), start=1):
        if number == len(WIDTHS):
            values = layers.MaxPooling2D(2, name="pool")(values)
        values = layers.Conv2D(
            width, 3, stride, padding="same", use_bias=False, name=f"conv_{number}"
        )(values)
        values = layers.BatchNormalization(momentum=MOMENTUM, name=f"conv_{number}_BN")(values)
        values = layers.ReLU(6.0, name=f"conv_{number}_relu")(values)
    features = layers.Concatenate(name="features")(
        [
            layers.GlobalAveragePooling2D(name="mean")(values),
            layers.GlobalMaxPooling2D(name="most")(values),
        ]
    )
    features = layers.Dropout(DROPOUT, name="dropout")(features)
    scores = layers.Dense(labels, activation="softmax", name="scores")(features)
    return keras.Model(image, scores, name="gradients")


def _edges(image: Any, name: str, kernel: NDArray[np.float32], *, gain: float, stride: int) -> Any:
    """Mean strength of the edges in each cell, 0 … 6."""
    keras, _ = import_keras()
    size, _, _, directions = kernel.shape
    convolution = keras.layers.Conv2D(
        directions,
        size,
        stride,
        padding="same",
        use_bias=False,
        trainable=False,
        name=f"{name}_edges",
    )
    answers = keras.layers.ReLU(6.0, name=f"{name}_relu")(convolution(image))
    convolution.set_weights([kernel * np.float32(gain)])
    return keras.layers.AveragePooling2D(CELL // stride, name=name)(answers)
