"""Where the light comes from: a room with windows and lamps, and lights near the part."""

import numpy as np
from numpy.typing import NDArray

from slipway_components.render.materials import Plugin, colour
from slipway_components.render.noise import fractal

_HEIGHT, _WIDTH = 64, 128  # pixels of the surrounding, by elevation and azimuth


def lights(rng: np.random.Generator) -> dict[str, Plugin]:
    """A surrounding, and up to two lights: large and soft, or small with hard shadows."""
    import mitsuba as mi

    upright = mi.ScalarTransform4f().rotate([0, 0, 1], float(rng.uniform(0, 360)))
    upright = upright @ mi.ScalarTransform4f().rotate([1, 0, 0], 90)
    room = mi.Bitmap(_room(rng).astype(np.float32))
    found: dict[str, Plugin] = {"room": {"type": "envmap", "bitmap": room, "to_world": upright}}
    for index in range(int(rng.choice(3, p=[0.35, 0.45, 0.2]))):
        found[f"light{index}"] = _lamp(rng)
    return found


def warmth(rng: np.random.Generator) -> NDArray[np.float64]:
    """The colour of a light, from a lamp's yellow to an overcast sky's blue; its mean is 1."""
    warm = rng.uniform(-0.18, 0.28)
    tint = np.array([1 + warm, 1.0, 1 - warm])
    return np.asarray(tint / tint.mean())


def _room(rng: np.random.Generator) -> NDArray[np.float64]:
    """Radiance `[h, w, 3]` around the part: the zenith is the first row."""
    elevation = np.linspace(np.pi / 2, -np.pi / 2, _HEIGHT)[:, None]
    azimuth = np.linspace(0, 2 * np.pi, _WIDTH, endpoint=False)[None, :]
    walls = rng.uniform(0.1, 0.6) + 0.5 * fractal(rng, _WIDTH, slope=1.8)[:_HEIGHT]
    ceiling = rng.uniform(0.3, 1.2) * np.clip(np.sin(elevation), 0, 1)
    light = (walls + ceiling)[..., None] * warmth(rng)
    for _ in range(int(rng.integers(1, 5))):
        across = np.abs((azimuth - rng.uniform(0, 2 * np.pi) + np.pi) % (2 * np.pi) - np.pi)
        up = np.abs(elevation - rng.uniform(0.25, 1.35))
        wide, high = rng.uniform(0.1, 0.6), rng.uniform(0.08, 0.35)
        soft = rng.uniform(20, 60)
        window = np.clip(soft * (wide - across), 0, 1) * np.clip(soft * (high - up), 0, 1)
        light += (rng.uniform(4, 22) * window)[..., None] * warmth(rng)
    return light


def _lamp(rng: np.random.Generator) -> Plugin:
    """A square lamp that faces the part from above."""
    import mitsuba as mi

    height, turn = rng.uniform(0.5, 1.4), rng.uniform(0, 2 * np.pi)
    distance = rng.uniform(5.0, 10.0)
    origin = distance * np.array(
        [np.cos(height) * np.cos(turn), np.cos(height) * np.sin(turn), np.sin(height)]
    )
    half = float(rng.choice([rng.uniform(0.15, 0.4), rng.uniform(1.0, 2.5)]))
    power = rng.uniform(1.0, 5.0) * (distance / half) ** 2 / 4 * warmth(rng)
    facing = mi.ScalarTransform4f().look_at(
        origin=origin.tolist(), target=[0.0, 0.0, 0.0], up=[0.3, 0.2, 1.0]
    )
    return {
        "type": "rectangle",
        "to_world": facing @ mi.ScalarTransform4f().scale([half, half, 1.0]),
        "emitter": {"type": "area", "radiance": colour(*power.tolist())},
    }
