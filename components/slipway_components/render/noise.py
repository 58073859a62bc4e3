"""Seeded noise to vary surfaces with."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def fractal(
    rng: np.random.Generator,
    size: int,
    *,
    slope: float = 1.6,
    stretch: float = 1.0,
    coarsest: float = 1.0,
) -> Floats:
    """Noise in [0, 1], `[size, size]`, that tiles: its spectrum falls with frequency ** −slope.

    `stretch` draws it out along x; waves longer than size / `coarsest` are left out.
    """
    frequency = np.hypot(
        np.fft.fftfreq(size)[:, None] * size,
        np.fft.rfftfreq(size)[None, :] * size * stretch,
    )
    amplitude = np.where(frequency >= coarsest, np.maximum(frequency, 1.0) ** -slope, 0.0)
    phases = rng.standard_normal((2, *frequency.shape))
    waves = amplitude * (phases[0] + 1j * phases[1])
    field: Floats = np.fft.irfft2(waves, s=(size, size))
    field = (field - field.mean()) / max(float(field.std()), 1e-12)
    return np.clip(0.5 + field / 5.0, 0.0, 1.0)


def patches(rng: np.random.Generator, size: int, share: float, *, slope: float = 1.5) -> Floats:
    """Patches in [0, 1] that cover about `share` of the tile, with edges from soft to ragged."""
    field = fractal(rng, size, slope=slope)
    low = np.quantile(field, 1.0 - share)
    edge = np.clip((field - low) / rng.uniform(0.08, 0.5) + 0.5, 0.0, 1.0)
    return np.asarray(edge * edge * (3.0 - 2.0 * edge))


def cells(rng: np.random.Generator, size: int, count: int) -> Floats:
    """A tile of `count` flat cells with values in [0, 1], as zinc crystals are."""
    seeds = rng.random((count, 2)) * size
    values = rng.random(count)
    axis = np.arange(size)
    across = np.abs(axis[:, None] - seeds[:, 1])
    down = np.abs(axis[:, None] - seeds[:, 0])
    across, down = np.minimum(across, size - across), np.minimum(down, size - down)
    distance = down[:, None, :] ** 2 + across[None, :, :] ** 2
    return np.asarray(values[distance.argmin(axis=2)])
