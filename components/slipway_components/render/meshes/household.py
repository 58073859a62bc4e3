"""Things that are no cutlery: what else lies about in a household or a workshop."""

from collections.abc import Callable, Sequence

import numpy as np
import trimesh
from manifold3d import CrossSection, Manifold

from slipway_components.render.meshes.brackets import bracket
from slipway_components.render.meshes.fasteners import hex_bolt, hex_nut
from slipway_components.render.meshes.rings import bearing_ring, washer
from slipway_components.render.meshes.solids import SEGMENTS, finished, prism, turned


def something(rng: np.random.Generator) -> trimesh.Trimesh:
    """Any of them, or a part from a workshop."""
    return _KINDS[int(rng.integers(len(_KINDS)))](rng)


def _box(rng: np.random.Generator) -> trimesh.Trimesh:
    """A book, a parcel or a remote control, with broken edges."""
    size = np.array([rng.uniform(0.3, 2.0), rng.uniform(0.3, 1.4), rng.uniform(0.06, 0.8)])
    radius = float(size.min() * rng.uniform(0.05, 0.45))
    ball = Manifold.sphere(radius, 24)
    corners = [
        ball.translate(tuple(np.array([x, y, z]) * (size / 2 - radius)))
        for x in (-1, 1)
        for y in (-1, 1)
        for z in (-1, 1)
    ]
    return finished(Manifold.batch_hull(corners))


def _vessel(rng: np.random.Generator) -> trimesh.Trimesh:
    """A cup, a bowl, a plate or a glass, some with an ear."""
    height, wall = rng.uniform(0.12, 1.3), rng.uniform(0.03, 0.07)
    up = np.linspace(0, 1, 24)
    radius = rng.uniform(0.25, 0.5) + rng.uniform(-0.05, 0.45) * up ** rng.uniform(0.4, 2.5)
    outside = [(float(r), float(z)) for r, z in zip(radius, up * height, strict=True)]
    inside = [(max(r - wall, 0.01), z) for r, z in outside if z > wall]
    solid = turned([(0.0, 0.0), *outside, *reversed(inside), (0.0, wall)])
    if height > 0.5 and rng.random() < 0.5:
        ear = CrossSection.circle(wall * 1.3, 20).translate((height * 0.28, 0.0)).revolve(40)
        ring = ear.rotate((90, 0, 0)).translate((float(radius[12]), 0, height / 2))
        solid += ring - turned(
            [(0.0, -1.0), (radius.min() * 0.9, -1.0), (radius.min() * 0.9, 2.0), (0.0, 2.0)]
        )
    return finished(solid)


def _bottle(rng: np.random.Generator) -> trimesh.Trimesh:
    """A bottle, a candle, a jar or a cork."""
    height, body = rng.uniform(0.5, 2.0), rng.uniform(0.18, 0.4)
    neck = body * rng.uniform(0.25, 1.0)
    low, high = rng.uniform(0.45, 0.7) * height, rng.uniform(0.75, 0.95) * height
    profile = [(0.0, 0.0), (body * 0.95, 0.0), (body, body * 0.06), (body, low), (neck, high)]
    return finished(turned([*profile, (neck, height), (0.0, height)]))


def _sticks(rng: np.random.Generator) -> trimesh.Trimesh:
    """A pencil, a bar, a ruler: long as cutlery is, and without a head."""
    length, thick = 2.0, rng.uniform(0.03, 0.12)
    sides = int(rng.choice([4, 6, SEGMENTS]))
    solid = prism(CrossSection.circle(thick, sides), length)
    flat = rng.uniform(0.15, 1.0)
    if rng.random() < 0.5:
        tip = turned([(0.0, 0.0), (thick * 1.2, 0.0), (0.0, thick * 5)])
        solid = solid.trim_by_plane((0, 0, -1), -length + 0.01) + tip.translate(
            (0, 0, length - 0.02)
        )
    return finished(solid.scale((1, flat, 1)))


def _pile(rng: np.random.Generator) -> trimesh.Trimesh:
    """Several boxes, balls and rollers that are stuck together: no thing that has a name."""
    solid = Manifold()
    for _ in range(int(rng.integers(2, 6))):
        place = rng.uniform(-0.6, 0.6, 3) * (1, 1, 0.4)
        size = rng.uniform(0.15, 0.6, 3)
        kind = int(rng.integers(3))
        one = (
            Manifold.cube((1, 1, 1), center=True),
            Manifold.sphere(0.5, 48),
            Manifold.cylinder(1, 0.5, rng.uniform(0.1, 0.5), SEGMENTS, center=True),
        )[kind]
        turn = rng.uniform(0, 360, 3)
        solid += one.scale(tuple(size)).rotate(tuple(turn)).translate(tuple(place))
    return finished(solid)


_KINDS: Sequence[Callable[[np.random.Generator], trimesh.Trimesh]] = (
    _box,
    _vessel,
    _bottle,
    _sticks,
    _pile,
    bearing_ring,
    bracket,
    hex_bolt,
    hex_nut,
    washer,
)
