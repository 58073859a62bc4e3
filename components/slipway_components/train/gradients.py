"""The network for a few hundred photographs: edges by fixed filters, then a few learned layers.

A network that has to learn from little what an edge is has little left to learn what is in the
picture. So the first layers are given: the strength of light's change in each of several
directions, at two scales, and of colour's, averaged over cells of 4 × 4 pixels, as histograms of
oriented gradients count it (Dalal and Triggs 2005). Each strength is cut at 6, so that a strong
edge counts no more than a clear one. They are constant convolutions and poolings, so an exported
file is a plain network all the same.

What learns is small, and one training of it differs from the next. So there are several over the
same edges, each of which learns by itself from its own beginning, and their scores are averaged
(Lakshminarayanan et al. 2017, "Simple and Scalable Predictive Uncertainty Estimation using Deep
Ensembles").
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
MEMBERS = 4  # that learn, each by itself
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
    """A Keras model [N, size, size, 3] of −1 … 1 → [N, members, labels]: the scores of each
    member, that add up to 1."""
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
    cells = layers.Concatenate(name="cells")(seen)
    members = [_member(cells, labels, f"member_{number}") for number in range(1, MEMBERS + 1)]
    return keras.Model(image, layers.Concatenate(1, name="members")(members), name="gradients")


def averaged(network: Any) -> Any:
    """What answers: the model [N, …] → [N, labels] of the mean of its members' scores; as it is
    where it has no members."""
    keras, _ = import_keras()
    if len(network.output_shape) == 2:
        return network
    mean = keras.layers.GlobalAveragePooling1D(name="scores")(network.output)
    return keras.Model(network.input, mean, name=network.name)


def _member(cells: Any, labels: int, name: str) -> Any:
    """[N, 1, labels] from what is seen in the cells."""
    keras, _ = import_keras()
    layers = keras.layers
    values = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_cells_BN")(cells)
    for number, (width, stride) in enumerate(zip(WIDTHS, (2, 1, 1), strict=True), start=1):
        if number == len(WIDTHS):
            values = layers.MaxPooling2D(2, name=f"{name}_pool")(values)
        convolution = f"{name}_conv_{number}"
        values = layers.Conv2D(width, 3, stride, padding="same", use_bias=False, name=convolution)(
            values
        )
        values = layers.BatchNormalization(momentum=MOMENTUM, name=f"{convolution}_BN")(values)
        values = layers.ReLU(6.0, name=f"{convolution}_relu")(values)
    features = layers.Concatenate(name=f"{name}_features")(
        [
            layers.GlobalAveragePooling2D(name=f"{name}_mean")(values),
            layers.GlobalMaxPooling2D(name=f"{name}_most")(values),
        ]
    )
    features = layers.Dropout(DROPOUT, name=f"{name}_dropout")(features)
    scores = layers.Dense(labels, activation="softmax", name=f"{name}_scores")(features)
    return layers.Reshape((1, labels), name=name)(scores)


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
