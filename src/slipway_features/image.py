"""From a photograph to a model's input: the same bits in training and on every device.

The resize is area averaging in integers, the quantisation a table of 256 entries computed in
IEEE doubles, so neither a processor's vector unit nor the version of numpy can change a result.
Images are `uint8[H, W, 3]`; a wrong shape or type raises ValueError.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from slipway_features.tensors import store

Pixels = NDArray[np.uint8]
Sums = NDArray[np.int64]


def prepare(image: Pixels, *, width: int, height: int) -> Pixels:
    """Crop the centre to the aspect of `width:height`, then average areas.

    `uint8[H, W, 3]` → `uint8[height, width, 3]`, C-contiguous, a copy. Enlarging repeats pixels
    and mixes them where an output pixel lies over two. Halves round up.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"not an image uint8[H, W, 3]: {image.dtype}{list(image.shape)}")
    if width < 1 or height < 1:
        raise ValueError(f"size {width}x{height} is not positive")
    cropped = _crop(image, width, height)
    area = cropped.shape[0] * cropped.shape[1]
    rows = _area_sums(cropped, height)  # [height, W, 3]
    sums = _area_sums(rows.swapaxes(0, 1), width).swapaxes(0, 1)  # [height, width, 3]
    return np.ascontiguousarray((2 * sums + area) // (2 * area)).astype(np.uint8)


def normalise(pixels: Pixels, *, mean: float, std: float) -> NDArray[np.float32]:
    """What a float model is given: (pixel − mean) / std."""
    return _reals(mean, std).astype(np.float32)[pixels]


def quantise(
    pixels: Pixels,
    *,
    scale: float,
    zero_point: int,
    mean: float,
    std: float,
    dtype: Literal["int8", "uint8"] = "int8",
) -> NDArray[Any]:
    """What a quantised model is given: stored = (pixel − mean) / std / scale + zero_point.

    Rounded to the nearest (halves to even) and cut to the range of `dtype`; same shape as given.
    """
    table = store(_reals(mean, std), scale=scale, zero_point=zero_point, dtype=dtype)
    stored: NDArray[Any] = table[pixels]
    return stored


def _reals(mean: float, std: float) -> NDArray[np.float64]:
    """The real value of each of the 256 pixel values."""
    if not std > 0:
        raise ValueError(f"std {std!r} is not positive")
    return (np.arange(256, dtype=np.float64) - mean) / np.float64(std)


def _crop(image: Pixels, width: int, height: int) -> Pixels:
    """The largest centred part whose aspect is nearest to `width:height`."""
    rows, columns = image.shape[:2]
    if columns * height > rows * width:
        kept = max(1, (2 * rows * width + height) // (2 * height))
        left = (columns - kept) // 2
        return image[:, left : left + kept]
    kept = max(1, (2 * columns * height + width) // (2 * width))
    top = (rows - kept) // 2
    return image[top : top + kept]


def _area_sums(values: NDArray[Any], size: int) -> Sums:
    """Resize the first axis, n → size: weighted sums whose integer weights add up to n.

    On a ruler with n × size marks, input j covers size marks from j × size, output i covers n
    marks from i × n; the weight is the number of marks that both cover.
    """
    count = len(values)
    result = np.empty((size, *values.shape[1:]), np.int64)
    for index in range(size):
        first, head = divmod(index * count, size)  # marks of `first` before the output begins
        last, tail = divmod((index + 1) * count, size)  # marks of `last` that belong to it
        total = size * values[first:last].sum(axis=0, dtype=np.int64)
        total -= head * values[first].astype(np.int64)
        if tail:
            total += tail * values[last].astype(np.int64)
        result[index] = total
    return result
