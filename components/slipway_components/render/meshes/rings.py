"""Washers and the rings of ball bearings: much alike from above, not in their section."""

import numpy as np
import trimesh
from manifold3d import CrossSection
from numpy.typing import NDArray

from slipway_components.render.meshes.solids import bevelled, finished, prism, turned


def washer(rng: np.random.Generator) -> trimesh.Trimesh:
    """Flat, narrow to wide; one in four is a split spring washer."""
    if rng.random() < 0.25:
        return _spring_washer(rng)
    inner = 0.5
    outer = inner * rng.uniform(1.75, 3.0)
    height = rng.uniform(0.08, 0.2)
    return finished(bevelled(inner, outer, height, height * rng.uniform(0.05, 0.3)))


def bearing_ring(rng: np.random.Generator) -> trimesh.Trimesh:
    """The inner or the outer ring of a deep-groove ball bearing: high, thin, with a raceway and
    rounded edges."""
    outer = 1.0
    wall = rng.uniform(0.13, 0.22)
    height = rng.uniform(0.38, 0.62)
    bevel = wall * rng.uniform(0.12, 0.25)
    inner = outer - wall
    ring = bevelled(inner, outer, height, bevel)
    ball = height * rng.uniform(0.3, 0.36)
    depth = wall * rng.uniform(0.4, 0.55)
    at = inner - ball + depth if rng.random() < 0.5 else outer + ball - depth
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    groove = [(at + ball * np.cos(a), height / 2 + ball * np.sin(a)) for a in angles]
    ring -= turned([(float(r), float(z)) for r, z in groove])
    return finished(ring)


def _spring_washer(rng: np.random.Generator) -> trimesh.Trimesh:
    inner = 0.5
    outer = inner * rng.uniform(1.5, 1.8)
    height = rng.uniform(0.14, 0.24)
    rise = height * rng.uniform(0.5, 1.0)
    gap = np.radians(rng.uniform(5, 10))
    reach = 2 * outer
    wedge = np.array([(0, 0), (reach, -reach * np.tan(gap)), (reach, 0)])
    cut = prism(CrossSection([wedge]), 2 * height).translate((0, 0, -height / 2))
    ring = bevelled(inner, outer, height, height * 0.1) - cut

    def lift(points: NDArray[np.float64]) -> NDArray[np.float64]:
        turn = np.arctan2(points[:, 1], points[:, 0]) % (2 * np.pi)
        points[:, 2] += rise * turn / (2 * np.pi)
        return points

    return finished(ring.warp_batch(lift))
