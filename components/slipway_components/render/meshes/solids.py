"""What the part families share: threads, hexagons, turned profiles and the way to a mesh.

Lengths are in no particular unit; `finished` brings every part to the same size.
"""

from collections.abc import Sequence

import numpy as np
import trimesh
from manifold3d import CrossSection, FillRule, Manifold

SEGMENTS = 96  # of a full circle: smooth at the sizes that are rendered


def turned(profile: Sequence[tuple[float, float]], segments: int = SEGMENTS) -> Manifold:
    """Revolve a closed polygon of (radius, height) points around the z axis."""
    return CrossSection([np.asarray(profile, np.float64)], FillRule.NonZero).revolve(segments)


def bevelled(inner: float, outer: float, height: float, bevel: float) -> Manifold:
    """A ring, or a disc for inner = 0, from z = 0 whose edges are broken by `bevel`."""
    profile = [
        (outer - bevel, 0.0),
        (outer, bevel),
        (outer, height - bevel),
        (outer - bevel, height),
    ]
    if inner > 0:
        profile += [
            (inner + bevel, height),
            (inner, height - bevel),
            (inner, bevel),
            (inner + bevel, 0.0),
        ]
    else:
        profile += [(0.0, height), (0.0, 0.0)]
    return turned(profile)


def prism(polygon: CrossSection, height: float) -> Manifold:
    """Extrude from z = 0."""
    return Manifold.extrude(polygon, height)


def hexagon(across_flats: float) -> CrossSection:
    """A hexagon around the origin."""
    return CrossSection.circle(across_flats / 3**0.5, 6)


def hexagonal(across_flats: float, height: float, *, bottom: bool, top: bool) -> Manifold:
    """A hexagonal prism from z = 0 whose corners are turned off at 30 degrees at either end."""
    inner, corner = across_flats / 2 * 0.96, across_flats / 3**0.5
    drop = (corner - inner) * 0.577
    profile = [(0.0, 0.0)]
    profile += [(inner, 0.0), (corner, drop)] if bottom else [(corner, 0.0)]
    profile += [(corner, height - drop), (inner, height)] if top else [(corner, height)]
    profile += [(0.0, height)]
    return prism(hexagon(across_flats), height) ^ turned(profile)


def threaded_rod(diameter: float, pitch: float, length: float) -> Manifold:
    """A rod from z = 0 with a thread of depth 0.6 pitch: a circle off its axis, twisted as it is
    extruded, is a helical groove."""
    depth = 0.3 * pitch
    circle = CrossSection.circle(diameter / 2 - depth, 40).translate((depth, 0.0))
    turns = length / pitch
    return Manifold.extrude(circle, length, max(1, int(turns * 14)), turns * 360.0)


def cylinder(diameter: float, length: float, x: float = 0.0, y: float = 0.0) -> Manifold:
    """A cylinder that goes through z = 0, `length` to each side, to be cut out of something."""
    return Manifold.cylinder(2 * length, diameter / 2, circular_segments=SEGMENTS // 2).translate(
        (x, y, -length)
    )


def finished(solid: Manifold) -> trimesh.Trimesh:
    """The solid as a mesh."""
    mesh = solid.to_mesh()
    return trimesh.Trimesh(mesh.vert_properties[:, :3], mesh.tri_verts, process=False)
