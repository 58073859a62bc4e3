"""Spur gears with involute teeth (pressure angle 20 degrees, module 1)."""

import numpy as np
import trimesh
from manifold3d import CrossSection, Manifold
from numpy.typing import NDArray

from slipway_components.render.meshes.solids import bevelled, cylinder, finished, prism, turned

_PRESSURE_ANGLE = np.radians(20.0)


def spur_gear(rng: np.random.Generator) -> trimesh.Trimesh:
    """12 to 34 teeth, with a bore, some with keyway, hub, recessed web or holes in the web."""
    teeth = int(rng.integers(12, 35))
    radius = teeth / 2
    width = radius * rng.uniform(0.25, 0.6)
    tip, root = radius + 1.0, radius - 1.25
    bevel = 0.25
    blank = bevelled(0.0, tip, width, bevel)
    gear = prism(_outline(teeth), width) ^ blank
    bore = radius * rng.uniform(0.15, 0.3)
    hub = bore + radius * rng.uniform(0.12, 0.2)
    rim = root - radius * rng.uniform(0.08, 0.14)
    if rim - hub > 0.2 * radius:
        gear = _web(gear, rng, hub, rim, width)
    if rng.random() < 0.5:
        gear += bevelled(0.0, hub, width * rng.uniform(1.2, 1.7), bevel)
    gear -= cylinder(2 * bore, 4 * width)
    if rng.random() < 0.5:
        key = bore * 0.5
        gear -= Manifold.cube((bore * 1.35, key, 4 * width)).translate((0, -key / 2, -width))
    return finished(gear)


def _web(
    gear: Manifold, rng: np.random.Generator, hub: float, rim: float, width: float
) -> Manifold:
    """Turn recesses into both faces between hub and rim, and drill the web."""
    if rng.random() < 0.6:
        depth, slope = width * rng.uniform(0.15, 0.32), 0.1 * (rim - hub)
        profile = [(hub, -1.0), (hub + slope, depth), (rim - slope, depth), (rim, -1.0)]
        recess = turned(profile)
        gear -= recess + recess.mirror((0, 0, 1)).translate((0, 0, width))
    if rng.random() < 0.45:
        count = int(rng.integers(3, 7))
        middle, size = (hub + rim) / 2, (rim - hub) * rng.uniform(0.5, 0.75)
        for angle in np.arange(count) * (2 * np.pi / count):
            x, y = float(middle * np.cos(angle)), float(middle * np.sin(angle))
            gear -= cylinder(size, 4 * width, x, y)
    return gear


def _outline(teeth: int) -> CrossSection:
    """The gear seen along its axis: both flanks of a tooth as involutes of the base circle."""
    radius = teeth / 2
    base, tip, root = radius * np.cos(_PRESSURE_ANGLE), radius + 1.0, radius - 1.25
    half = np.pi / (2 * teeth) * 0.97 + _involute(_PRESSURE_ANGLE)  # 3 % backlash
    radii = np.linspace(max(base, root), tip, 7)
    flank = half - _involute(np.arccos(base / radii))  # half a tooth's angle at each radius
    radii = np.concatenate([[root], radii])
    flank = np.concatenate([[min(flank[0] * 1.15, np.pi / teeth * 0.92)], flank])
    angles = np.concatenate([-flank, flank[::-1]])
    reach = np.concatenate([radii, radii[::-1]])
    turns = np.arange(teeth)[:, None] * (2 * np.pi / teeth) + angles
    points = np.stack([reach * np.cos(turns), reach * np.sin(turns)], axis=-1).reshape(-1, 2)
    return CrossSection([points])


def _involute(angle: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """The involute function, tan(a) − a."""
    return np.asarray(np.tan(angle) - angle)
