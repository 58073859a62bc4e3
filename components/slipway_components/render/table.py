"""What the part lies on: wood, concrete, paint, sheet metal, a cutting mat, paper or cloth."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from slipway_components.render.materials import Plugin, bitmap
from slipway_components.render.noise import fractal, patches

Floats = NDArray[np.float64]

REACH = 24.0  # half the table's side, in radii of the part: beyond what a camera sees sharp
_SIZE = 256


def table(rng: np.random.Generator) -> Plugin:
    """A square around the origin in the plane z = 0."""
    import mitsuba as mi

    material = _KINDS[int(rng.integers(len(_KINDS)))](rng)
    turn = mi.ScalarTransform4f().rotate([0, 0, 1], float(rng.uniform(0, 360)))
    return {
        "type": "rectangle",
        "to_world": turn @ mi.ScalarTransform4f().scale([REACH, REACH, 1.0]),
        "bsdf": {"type": "twosided", "bsdf": material},
    }


def _surface(
    rng: np.random.Generator,
    values: Floats,
    tile: float,
    rough: float | None = None,
    *,
    metallic: float = 0.0,
) -> Plugin:
    """Values `[s, s, 3]` on tiles of `tile` part radii, stained here and there; matte without
    `rough`, which is the quicker to render."""
    stains = 1.0 - rng.uniform(0.0, 0.5) * patches(rng, _SIZE, 0.2)
    repeat = 2 * REACH / tile
    shade = bitmap((values * stains[..., None]).clip(0.005, 0.9), repeat)
    if rough is None:
        return {"type": "diffuse", "reflectance": shade}
    gloss = bitmap((rough * (0.7 + 0.6 * fractal(rng, _SIZE))).clip(0.1, 1.0), repeat)
    return {
        "type": "principled",
        "base_color": shade,
        "roughness": gloss,
        "metallic": metallic,
        "specular": 0.4,
    }


def _wood(rng: np.random.Generator) -> Plugin:
    light = np.array([0.50, 0.31, 0.16]) * rng.uniform(0.5, 1.2)
    dark = light * rng.uniform(0.35, 0.65)
    rings = np.sin(2 * np.pi * rng.integers(3, 9) * fractal(rng, _SIZE, slope=2.0, stretch=8.0))
    grain = fractal(rng, _SIZE, slope=0.8, stretch=14.0)
    mix = (0.25 + 0.25 * rings + 0.5 * grain).clip(0, 1)[..., None]
    return _surface(rng, dark + (light - dark) * mix, 7.0, rng.uniform(0.3, 0.7))


def _concrete(rng: np.random.Generator) -> Plugin:
    tint = np.array([0.36, 0.35, 0.33]) * rng.uniform(0.4, 1.3)
    speckle = 0.6 + 0.8 * (
        0.6 * fractal(rng, _SIZE, slope=1.2) + 0.4 * fractal(rng, _SIZE, slope=0.3)
    )
    return _surface(rng, tint * speckle[..., None], 6.0)


def _painted(rng: np.random.Generator) -> Plugin:
    hue = rng.random(3)
    grey = np.full(3, hue.mean())
    tint = (grey + (hue - grey) * rng.uniform(0.1, 0.8)) * rng.uniform(0.15, 0.8)
    fine = 0.9 + 0.2 * fractal(rng, _SIZE, slope=0.8)
    return _surface(rng, tint * fine[..., None], 8.0, rng.uniform(0.25, 0.8))


def _sheet_metal(rng: np.random.Generator) -> Plugin:
    tint = np.array([0.5, 0.5, 0.51]) * rng.uniform(0.6, 1.1)
    brushed = 0.8 + 0.4 * fractal(rng, _SIZE, slope=0.7, stretch=20.0)
    return _surface(rng, tint * brushed[..., None], 6.0, rng.uniform(0.35, 0.6), metallic=0.9)


def _cutting_mat(rng: np.random.Generator) -> Plugin:
    tint = [np.array([0.02, 0.14, 0.09]), np.array([0.03, 0.07, 0.2]), np.array([0.04] * 3)]
    base = tint[int(rng.integers(3))] * rng.uniform(0.7, 1.4)
    values = np.tile(base, (_SIZE, _SIZE, 1)) * (0.8 + 0.4 * fractal(rng, _SIZE)[..., None])
    for line in range(0, _SIZE, _SIZE // 8):
        weight = 0.75 if line % (_SIZE // 2) == 0 else 0.35
        values[line : line + 2] += weight * 0.4 * (1 - values[line : line + 2])
        values[:, line : line + 2] += weight * 0.4 * (1 - values[:, line : line + 2])
    return _surface(rng, values, 6.0)


def _paper(rng: np.random.Generator) -> Plugin:
    tints = [(0.75, 0.74, 0.70), (0.45, 0.32, 0.2), (0.6, 0.56, 0.46)]
    tint = np.array(tints[int(rng.integers(3))]) * rng.uniform(0.8, 1.1)
    fibre = 0.88 + 0.24 * fractal(rng, _SIZE, slope=0.6, stretch=2.0)
    return _surface(rng, tint * fibre[..., None], 8.0)


def _cloth(rng: np.random.Generator) -> Plugin:
    tint = rng.uniform(0.05, 0.5) * (1 + rng.normal(0, 0.15, 3))
    phase = np.arange(_SIZE) * (2 * np.pi * 32 / _SIZE)
    weave = 0.75 + 0.25 * np.sin(phase)[:, None] * np.sin(phase)[None, :]
    worn = 0.8 + 0.4 * fractal(rng, _SIZE)
    return _surface(rng, tint * (weave * worn)[..., None], 5.0)


_KINDS: list[Callable[[np.random.Generator], Plugin]] = [
    _wood,
    _concrete,
    _painted,
    _sheet_metal,
    _cutting_mat,
    _paper,
    _cloth,
]
