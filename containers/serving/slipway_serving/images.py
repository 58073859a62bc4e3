"""From bytes to pixels, and from a name to the file in the image folder that it names.

Pixels are what `ingest` makes of the same file for training: upright, on white, eight bits.
"""

import io
import os
import stat
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from slipway_serving.errors import RequestError

Pixels = NDArray[np.uint8]

MAX_PIXELS: Final = 4096 * 4096  # 4 bytes each in Pillow, 3 in the array: 120 MB
_STRIP: Final = 256  # rows that are converted at a time, for the sake of memory
_ORIENTATION: Final = 0x0112
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")

Image.MAX_IMAGE_PIXELS = None  # Pillow would warn first; the limit below refuses at once


def decode(data: bytes) -> Pixels:
    """An image file's bytes → uint8[height, width, 3]; RequestError when they are none."""
    if not data:
        raise RequestError(400, "no-image", "the image is empty: 0 bytes")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            width, height = image.size
            most = MAX_PIXELS // 2 if image.format == "WEBP" else MAX_PIXELS  # decoded twice
            if width * height > most:
                raise RequestError(
                    413, "image-too-large", f"{width}x{height} pixels; at most {most} in all"
                )
            pixels = np.empty((height, width, 3), np.uint8)
            image.load()
            for top in range(0, height, _STRIP):
                bottom = min(top + _STRIP, height)
                pixels[top:bottom] = _rgb(image.crop((0, top, width, bottom)))
            return _upright(pixels, image)
    except (RequestError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise errors of every kind on rubbish
        raise RequestError(400, "not-an-image", _reason(error)) from error


def _rgb(image: Image.Image) -> Pixels:
    """Eight bits a channel; what is transparent lies on white."""
    if image.mode.startswith("I"):  # 16 bits of grey, of which Pillow would cut the upper half
        grey = (np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image)
    return np.asarray(image.convert("RGB"))


def _upright(pixels: Pixels, image: Image.Image) -> Pixels:
    """Turned as the camera says it was held (EXIF 2.32, tag Orientation, 1 to 8)."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001  a malformed EXIF block is no reason to refuse the image
        return pixels
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"the data is not an image; known are {', '.join(_FORMATS)}"
    return f"the image cannot be decoded: {error}"


class ImageFolder:
    """The folder of images that a device shares with the app; nothing outside it can be named."""

    def __init__(self, root: Path, limit: int) -> None:
        self._root = root
        self._limit = limit  # bytes of one file

    def read(self, name: Any) -> bytes:
        """The file at the relative path `name`; RequestError when it is none, is missing, is
        too large, or when the way there leads over `..` or a symbolic link."""
        parts = name.split("/") if isinstance(name, str) else []
        if not parts or any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise RequestError(
                400, "bad-path", f"{name!r} is not a path inside the image folder, like nut.png"
            )
        try:
            return self._read(parts)
        except UnicodeEncodeError as error:
            raise RequestError(400, "bad-path", f"{name!r} is not a file name") from error
        except (FileNotFoundError, NotADirectoryError) as error:
            raise RequestError(
                404, "no-such-image", f"{name!r} is not in the image folder"
            ) from error
        except PermissionError as error:
            raise RequestError(403, "unreadable-image", f"{name!r} may not be read") from error
        except OSError as error:  # ELOOP for a symbolic link, ENAMETOOLONG
            raise RequestError(400, "bad-path", f"{name!r}: {error.strerror}") from error

    def _read(self, parts: list[str]) -> bytes:
        """Walk down one part at a time, so that no link is followed, not even one made just now."""
        name = "/".join(parts)
        opened = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts[:-1]:
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                inner = os.open(part, flags, dir_fd=opened)
                os.close(opened)
                opened = inner
            # Not blocking: a pipe that nobody writes to must not hold a thread.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(parts[-1], flags, dir_fd=opened)
        finally:
            os.close(opened)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise RequestError(400, "bad-path", f"{name!r} is not a file")
            data = file.read(self._limit + 1)
        if len(data) > self._limit:
            raise RequestError(413, "image-too-large", f"{name!r} has over {self._limit} bytes")
        return data
