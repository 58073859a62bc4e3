"""Turns one image file into an upright RGB PNG."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slipway_features.image import prepare

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("JPEG", "PNG", "BMP", "WEBP")


class BadPicture(Exception):
    """The file cannot be used; the message says why, without its name."""


@contextmanager
def pillow_warnings() -> Iterator[None]:
    """While `convert` is used, maybe in many threads: a suspiciously large image is refused, not
    warned of; other warnings, such as of a malformed EXIF block, are of no use to anyone."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def convert(file: Path, target: Path, size: int | None) -> None:
    """Write `file` as PNG to `target`, its longest side at most `size`; raises BadPicture."""
    from PIL import Image

    pixels = np.asarray(_read(file))
    height, width = pixels.shape[:2]
    longest = max(height, width)
    if size is not None and longest > size:
        width, height = max(1, width * size // longest), max(1, height * size // longest)
        pixels = prepare(pixels, width=width, height=height)
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(target)


def _read(file: Path) -> "Image.Image":
    from PIL import Image, ImageOps, UnidentifiedImageError

    if file.is_file() and file.stat().st_size == 0:
        raise BadPicture("the file is empty")
    try:
        with Image.open(file, formats=FORMATS) as image:
            image.load()
            return _rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise BadPicture(f"not an image in {', '.join(FORMATS)}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadPicture(f"too large: {error}") from error
    except Exception as error:  # a decoder may raise anything on broken bytes
        raise BadPicture(f"cannot be decoded: {error}") from error


def _rgb(image: "Image.Image") -> "Image.Image":
    """Eight bits a channel, no transparency."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits of grey, of which Pillow would cut the upper half
        grey = np.asarray(image).astype(np.int64) >> 8
        return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(ground, image).convert("RGB")
    return image.convert("RGB")
