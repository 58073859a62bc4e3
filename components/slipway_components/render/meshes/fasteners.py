"""Nuts and bolts. Proportions vary around those of ISO 4032, 4035 and 4017."""

import numpy as np
import trimesh

from slipway_components.render.meshes.solids import (
    bevelled,
    cylinder,
    finished,
    hexagonal,
    threaded_rod,
    turned,
)


def hex_nut(rng: np.random.Generator) -> trimesh.Trimesh:
    """Thin to high, chamfered on one side or both, some with a flange."""
    diameter = 1.0
    flats = rng.uniform(1.5, 1.9)
    height = rng.uniform(0.45, 1.05)
    flange = rng.random() < 0.12
    nut = hexagonal(flats, height, bottom=not flange and rng.random() < 0.7, top=True)
    if flange:
        thickness = rng.uniform(0.12, 0.2)
        nut += bevelled(0.0, flats * rng.uniform(0.62, 0.72), thickness, thickness * 0.3)
    tap = threaded_rod(diameter, rng.uniform(0.12, 0.2), height + 0.4).translate((0, 0, -0.2))
    sink = diameter / 2 + rng.uniform(0.02, 0.08)
    mouths = [(0, -1), (sink + 1, -1), (sink - 0.5, 0.5), (0, 0.5)]
    mouth = turned([(float(r), float(z)) for r, z in mouths])
    nut -= tap + mouth + mouth.mirror((0, 0, 1)).translate((0, 0, height))
    return finished(nut)


def hex_bolt(rng: np.random.Generator) -> trimesh.Trimesh:
    """A hexagonal head on a shank that is threaded along a part or all of its length."""
    diameter = 1.0
    flats = rng.uniform(1.5, 1.8)
    head = rng.uniform(0.55, 0.75)
    length = rng.uniform(1.6, 4.2)
    pitch = rng.uniform(0.13, 0.2)
    plain = length * rng.choice([0.0, rng.uniform(0.2, 0.5)])
    bolt = hexagonal(flats, head, bottom=True, top=False)
    if plain > 0:
        bolt += cylinder(diameter * 0.98, head + plain).trim_by_plane((0, 0, 1), head / 2)
    rod = threaded_rod(diameter, pitch, length - plain + head / 2)
    bolt += rod.translate((0, 0, head / 2 + plain))
    end = head + length
    wide = flats
    tip = [(0, 0), (wide, 0), (wide, end - wide + diameter * 0.38), (diameter * 0.38, end)]
    return finished(bolt ^ turned([(float(r), float(z)) for r, z in [*tip, (0, end)]]))
