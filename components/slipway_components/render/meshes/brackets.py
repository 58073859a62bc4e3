"""Angle brackets of folded sheet metal."""

import numpy as np
import trimesh
from manifold3d import CrossSection, Manifold

from slipway_components.render.meshes.solids import SEGMENTS, cylinder, finished, prism


def bracket(rng: np.random.Generator) -> trimesh.Trimesh:
    """Two legs at a right angle with round corners and one to three holes or a slot in each;
    some with a gusset between the legs."""
    width = 1.0
    thickness = rng.uniform(0.07, 0.16)
    base, wall = rng.uniform(0.8, 1.8), rng.uniform(0.8, 1.8)
    bend = thickness * rng.uniform(1.2, 2.2)
    solid = _fold(base, wall, width, thickness, bend)
    solid ^= _rounded(base, width, wall, rng.uniform(0.03, 0.3))
    solid -= _holes(rng, base, width, thickness + bend * 0.5)
    upright = _holes(rng, wall, width, thickness + bend * 0.5)
    solid -= upright.mirror((1, 0, -1))
    if rng.random() < 0.4:
        size = min(base, wall) * rng.uniform(0.4, 0.7)
        plate = rng.uniform(0.6, 1.0) * thickness
        corner = thickness * 0.5
        triangle = CrossSection([np.array([(corner, corner), (size, corner), (corner, size)])])
        gusset = prism(triangle, plate).rotate((90, 0, 0)).translate((0, plate / 2, 0))
        solid += gusset
    return finished(solid)


def _fold(base: float, wall: float, width: float, thickness: float, bend: float) -> Manifold:
    """The sheet, folded with the outer radius `bend`: base along x, wall along z."""
    outer = CrossSection([np.array([(0, 0), (base, 0), (base, wall), (0, wall)])])
    square = CrossSection([np.array([(0, 0), (bend, 0), (bend, bend), (0, bend)])])
    disc = CrossSection.circle(bend, SEGMENTS).translate((bend, bend))
    outer -= square - disc
    inside = CrossSection.square((10.0, 10.0)).translate((thickness, thickness))
    radius = max(bend - thickness, 0.01)
    corner = CrossSection.square((radius, radius)).translate((thickness, thickness))
    corner -= CrossSection.circle(radius, SEGMENTS).translate((bend, bend))
    sheet = outer - (inside - corner)
    return prism(sheet, width).rotate((90, 0, 0)).translate((0, width / 2, 0))


def _rounded(base: float, width: float, wall: float, radius: float) -> Manifold:
    """What stays when the free corners of both legs are rounded."""
    reach = 2.0 + max(base, wall)

    def leg(length: float) -> CrossSection:
        inner = CrossSection.square((length - radius + reach, width - 2 * radius))
        inner = inner.translate((-reach, -width / 2 + radius))
        return inner.offset(radius, circular_segments=SEGMENTS)

    flat = prism(leg(base), 2 * reach).translate((0, 0, -reach))
    upright = prism(leg(wall), 2 * reach).translate((0, 0, -reach)).mirror((1, 0, -1))
    return flat ^ upright


def _holes(rng: np.random.Generator, length: float, width: float, start: float) -> Manifold:
    """Tools that drill through the base leg, along z."""
    size = rng.uniform(0.16, 0.3)
    low, high = start + size, length - size
    if rng.random() < 0.25 and high > low:
        ends = [cylinder(size, 0.5, low, 0.0), cylinder(size, 0.5, high, 0.0)]
        return Manifold.batch_hull(ends)
    kind = int(rng.integers(1, 4))
    if kind == 1:
        return cylinder(size * 1.4, 0.5, (low + high) / 2, 0.0)
    if kind == 2:
        size *= 0.8
        return cylinder(size, 0.5, high, width / 4) + cylinder(size, 0.5, high, -width / 4)
    return cylinder(size, 0.5, low, 0.0) + cylinder(size, 0.5, high, 0.0)
