"""What a part is made of, how worn it is and how dirty: descriptions for Mitsuba."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway_components.render.noise import cells, fractal, patches

Floats = NDArray[np.float64]
Plugin = dict[str, Any]  # a plugin as mitsuba.load_dict takes it

_SIZE = 128  # pixels along a texture tile


def bitmap(values: Floats, repeat: float = 1.0) -> Plugin:
    """A texture from linear values `[h, w]` or `[h, w, 3]`, `repeat` tiles for a unit of uv."""
    import mitsuba as mi

    pixels = values.astype(np.float32)
    return {
        "type": "bitmap",
        "bitmap": mi.Bitmap(pixels[..., None] if pixels.ndim == 2 else pixels),
        "raw": True,
        "to_uv": mi.ScalarTransform3f().scale([repeat, repeat]),
    }


def colour(red: float, green: float, blue: float) -> Plugin:
    """One linear colour."""
    return {"type": "rgb", "value": [red, green, blue]}


def part_material(rng: np.random.Generator) -> Plugin:
    """Steel, brass, galvanised, blackened or plastic, more or less dirty."""
    kinds = list(_KINDS)
    kind = kinds[int(rng.choice(len(kinds), p=[0.36, 0.14, 0.18, 0.16, 0.16]))]
    return {"type": "twosided", "bsdf": _dirty(rng, _KINDS[kind](rng), rusts=kind == "steel")}


def _steel(rng: np.random.Generator) -> Plugin:
    tint = rng.uniform(0.42, 0.62) * np.array([1.0, 1.0, 1.0]) + rng.normal(0, 0.012, 3)
    return _metal(rng, tint, rough=(0.16, 0.42))


def _brass(rng: np.random.Generator) -> Plugin:
    tint = np.array([0.80, 0.57, 0.26]) * rng.uniform(0.75, 1.05) + rng.normal(0, 0.02, 3)
    return _metal(rng, tint, rough=(0.15, 0.4))


def _galvanised(rng: np.random.Generator) -> Plugin:
    spangle = cells(rng, _SIZE, int(rng.integers(30, 90)))
    tint = np.array([0.58, 0.60, 0.63]) * rng.uniform(0.85, 1.1)
    return {
        "type": "principled",
        "base_color": bitmap(tint * (0.85 + 0.25 * spangle[..., None]), 1.2),
        "metallic": 1.0,
        "roughness": bitmap(rng.uniform(0.35, 0.5) + 0.18 * spangle, 1.2),
    }


def _blackened(rng: np.random.Generator) -> Plugin:
    tint = np.array([0.05, 0.05, 0.055]) * rng.uniform(0.7, 1.8)
    return {
        "type": "principled",
        "base_color": bitmap(tint * _mottle(rng, 0.5)[..., None]),
        "metallic": 0.5,
        "specular": 0.7,
        "roughness": bitmap(rng.uniform(0.25, 0.45) * _mottle(rng, 0.6)),
    }


def _plastic(rng: np.random.Generator) -> Plugin:
    choices = [
        (0.75, 0.73, 0.68),
        (0.03, 0.03, 0.035),
        (0.45, 0.05, 0.04),
        (0.04, 0.12, 0.4),
        (0.06, 0.28, 0.12),
        (0.7, 0.42, 0.05),
        (0.3, 0.3, 0.32),
    ]
    tint = np.array(choices[int(rng.integers(len(choices)))]) * rng.uniform(0.8, 1.2)
    return {
        "type": "principled",
        "base_color": colour(*tint.clip(0.01, 0.9)),
        "specular": 0.5,
        "roughness": bitmap(rng.uniform(0.25, 0.55) * _mottle(rng, 0.3)),
    }


_KINDS: dict[str, Callable[[np.random.Generator], Plugin]] = {
    "steel": _steel,
    "brass": _brass,
    "galvanised": _galvanised,
    "blackened": _blackened,
    "plastic": _plastic,
}


def _metal(rng: np.random.Generator, tint: Floats, *, rough: tuple[float, float]) -> Plugin:
    """Bare metal: machining marks along one direction, stains, scratches' effect on gloss."""
    marks = fractal(rng, _SIZE, slope=0.9, stretch=float(rng.choice([1.0, 6.0])))
    stains = _mottle(rng, 0.35)
    return {
        "type": "principled",
        "base_color": bitmap(tint.clip(0.05, 0.95) * stains[..., None]),
        "metallic": 1.0,
        "roughness": bitmap((rng.uniform(*rough) * (0.6 + 0.8 * marks)).clip(0.08, 1.0), 1.5),
    }


def _mottle(rng: np.random.Generator, depth: float) -> Floats:
    """A factor around 1 − depth / 2 that varies by about ± depth / 2."""
    return 1.0 - depth * fractal(rng, _SIZE, slope=1.4)


def _dirty(rng: np.random.Generator, clean: Plugin, *, rusts: bool) -> Plugin:
    """Lay grease, dust or, where the metal can, rust over a part of the surface."""
    if rng.random() < 0.3:
        return clean
    share = rng.uniform(0.03, 0.35)
    coats = [((0.035, 0.028, 0.02), 0.35), ((0.3, 0.26, 0.2), 0.9)]
    if rusts:
        coats.append(((0.23, 0.085, 0.03), 0.85))
    tint, roughness = coats[int(rng.integers(len(coats)))]
    grain = fractal(rng, _SIZE, slope=1.0)[..., None]
    coat = {
        "type": "principled",
        "base_color": bitmap(np.array(tint) * (0.6 + 0.8 * grain), 2.0),
        "specular": 0.3,
        "roughness": roughness,
    }
    speckle = 0.4 + 0.6 * patches(rng, _SIZE, 0.5, slope=0.9)
    amount = patches(rng, _SIZE, share, slope=1.3) * speckle * rng.uniform(0.3, 0.95)
    return {"type": "blendbsdf", "weight": bitmap(amount, 0.9), "clean": clean, "dirt": coat}
