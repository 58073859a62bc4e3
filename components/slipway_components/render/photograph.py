"""From radiance to what a camera would have stored: exposure, tone, vignette, sensor noise."""

import numpy as np
from numpy.typing import NDArray


def develop(radiance: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """`[h, w, 3]` linear → `uint8[h, w, 3]` sRGB, exposed for the middle as a camera does."""
    radiance = _without_fireflies(radiance)
    height, width = radiance.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    away = rows**2 + columns**2
    luminance = radiance @ np.array([0.2126, 0.7152, 0.0722])
    weight = np.exp(-away)
    metered = np.exp((np.log(luminance + 1e-4) * weight).sum() / weight.sum())
    exposed = radiance * (rng.uniform(0.13, 0.34) / metered)
    exposed *= 1.0 - rng.uniform(0.0, 0.18) * away[..., None]
    exposed *= 1.0 + rng.normal(0, 0.03, 3)  # white balance is never quite right
    grain = rng.uniform(0.002, 0.02)
    exposed += grain * np.sqrt(exposed.clip(0) + 0.02) * rng.standard_normal(exposed.shape)
    return np.asarray(np.rint(255 * _srgb(_film(exposed.clip(0)))), np.uint8)


def _without_fireflies(radiance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring down single pixels far brighter than all around them: a path that hit a lamp by
    chance, where a real highlight covers more than one."""
    height, width = radiance.shape[:2]
    luminance = radiance.mean(axis=2)
    around = np.pad(luminance, 1, mode="edge")
    shifted = [
        around[row : row + height, column : column + width]
        for row in range(3)
        for column in range(3)
        if (row, column) != (1, 1)
    ]
    limit = 1.3 * np.partition(np.stack(shifted), -2, axis=0)[-2] + 1e-6
    share = np.minimum(1.0, limit / np.maximum(luminance, 1e-9))
    return np.asarray(radiance * share[..., None])


def _film(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Roll highlights off instead of cutting them (Narkowicz's fit of the ACES curve)."""
    x = linear * 0.8
    return np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0.0, 1.0)


def _srgb(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
