"""Random variation of training images, outside the model so that nothing of it is exported."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from slipway.domain.errors import InvalidInput

ZOOM = 0.2  # largest share by which an image is enlarged or reduced
SHIFT = 0.08  # largest move, as a share of the size
BRIGHTNESS = 30.0  # largest amount added, of 255
CONTRAST = 0.3  # largest share by which the distance from the mean grey changes


@dataclass(frozen=True)
class Strength:
    """How far an image may be varied."""

    turn: tuple[float, float]  # range of the rotation, radians
    saturation: tuple[float, float]  # range of the factor on the colours' distance from grey
    exchange: bool  # whether red, green and blue change places
    stretch: float = 0.0  # largest share by which one side grows and the other shrinks
    tint: float = 0.0  # largest share by which each of red, green and blue changes by itself
    detail: int = 1  # pixels of the given image, in each direction, for one of the varied one
    mix: float = 0.0  # how evenly pairs are mixed into one (batches.py); 0 for not at all


STRENGTHS: Mapping[str, Strength] = {
    # Parts lie any way round, and paint and light say nothing about a part's kind.
    "strong": Strength((0.0, 2 * np.pi), (0.0, 1.2), exchange=True),
    # Photographs that people take have an upside, and colours that belong to things.
    "mild": Strength((-0.44, 0.44), (0.6, 1.3), exchange=False),
    # Things are laid or held any way round; light has many colours, things have their own. What
    # is thin, like the tines of a fork, survives the turning only where there are pixels to spare.
    "turned": Strength(
        (0.0, 2 * np.pi), (0.0, 1.4), exchange=False, stretch=0.1, tint=0.15, detail=2, mix=0.3
    ),
}


def strength(name: str) -> Strength:
    """The strength of that name; InvalidInput when there is none."""
    if name not in STRENGTHS:
        raise InvalidInput(
            f"augmentation is {name!r}", hint=f"Choose one of {', '.join(sorted(STRENGTHS))}"
        )
    return STRENGTHS[name]


def augment(
    pixels: NDArray[np.uint8], rng: np.random.Generator, how: Strength
) -> NDArray[np.uint8]:
    """Flip, rotate, zoom, shift, and change colours, brightness and contrast.

    uint8[size, size, 3] → uint8[size / detail, size / detail, 3]. What comes into view at the
    edges mirrors the image.
    The same generator state gives the same bits.
    """
    size = len(pixels)
    flipped, turn = rng.random() < 0.5, rng.uniform(*how.turn)
    zoom = 1 + rng.uniform(-ZOOM, ZOOM)
    shift = rng.uniform(-SHIFT, SHIFT, 2) * size
    colours = rng.permutation(3) if how.exchange else np.arange(3)
    saturation = rng.uniform(*how.saturation)
    contrast, brightness = (
        1 + rng.uniform(-CONTRAST, CONTRAST),
        rng.uniform(-BRIGHTNESS, BRIGHTNESS),
    )
    # No draw where nothing can change: the order of the draws makes the model.
    stretch = np.exp(rng.uniform(-how.stretch, how.stretch)) if how.stretch else 1.0
    tint = np.exp(rng.uniform(-how.tint, how.tint, 3)) if how.tint else np.ones(3)

    if flipped:
        pixels = pixels[:, ::-1]
    margin = size // 2
    mirrored = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), "symmetric")
    cosine, sine = np.cos(turn) / zoom, np.sin(turn) / zoom
    wide, high = cosine * stretch, sine * stretch  # the map's first column, (wide, high)
    across, down = -sine / stretch, cosine / stretch
    centre = size / 2
    # Pillow wants the map from an output pixel to the place in the source it is taken from.
    x = margin + centre + shift[0] - (wide + across) * centre
    y = margin + centre + shift[1] - (high + down) * centre
    turned = (
        Image.fromarray(mirrored)
        .transform(
            (size, size),
            Image.Transform.AFFINE,
            (wide, across, x, high, down, y),
            Image.Resampling.BILINEAR,
        )
        .reduce(how.detail)
    )
    values = np.asarray(turned, np.float32)[:, :, colours]
    grey = values.mean(axis=2, keepdims=True)
    values = (values - grey) * np.float32(saturation) + grey
    mean = values.mean()
    changed = (values - mean) * np.float32(contrast) + mean + np.float32(brightness)
    changed *= tint.astype(np.float32)
    varied: NDArray[np.uint8] = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
    return varied
