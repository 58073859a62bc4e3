"""Forks, knives and spoons: an outline of sheet metal, drawn into its shape as a press does."""

from collections.abc import Callable

import numpy as np
import trimesh
from manifold3d import CrossSection, FillRule, Manifold
from numpy.typing import ArrayLike, NDArray

from slipway_components.render.meshes.solids import SEGMENTS, cylinder, finished, prism

Floats = NDArray[np.float64]

_EDGE = 0.06  # longest edge of a face before the sheet is bent, of a length of about 2


def spoon(rng: np.random.Generator) -> trimesh.Trimesh:
    """A bowl between an egg and a circle at the end of a bent handle."""
    length, width = rng.uniform(0.5, 0.75), rng.uniform(0.17, 0.26)
    depth, egg = rng.uniform(0.07, 0.14), rng.uniform(-0.25, 0.25)
    start = 2.0 - length
    turn = np.linspace(0, 2 * np.pi, SEGMENTS, endpoint=False)
    x = start + length / 2 * (1 + np.cos(turn))
    bowl = np.stack([x, width * np.sin(turn) * (1 - egg * np.cos(turn))], axis=1)
    outline = _filled(bowl) + _handle(rng, start + 0.12 * length)

    def press(points: Floats) -> Floats:
        along = (points[:, 0] - start - length / 2) / (length / 2)
        across = points[:, 1] / width
        inside = np.clip(1 - along**2 - across**2, 0, 1)
        points[:, 2] -= depth * np.sqrt(inside) * (1.6 - 0.6 * inside)
        return points

    return _pressed(rng, outline, press, start)


def fork(rng: np.random.Generator) -> trimesh.Trimesh:
    """Three to five tines on a head that narrows into the handle."""
    tines = int(rng.choice([3, 4, 4, 4, 5]))
    width = rng.uniform(0.13, 0.2)
    head = rng.uniform(0.6, 0.95)
    long = head * rng.uniform(0.55, 0.78)
    start, root = 2.0 - head, 2.0 - long
    shoulder = start + (head - long) * rng.uniform(0.4, 0.9)
    neck = 0.045
    half = [
        (start - 0.05, neck),
        (start + 0.3 * (shoulder - start), neck + 0.2 * (width - neck)),
        (start + 0.7 * (shoulder - start), neck + 0.85 * (width - neck)),
        (shoulder, width),
        (2.0, width * rng.uniform(0.85, 1.0)),
    ]
    outline = _filled(half + [(x, -y) for x, y in reversed(half)])
    outline += _handle(rng, start)
    gap = rng.uniform(0.35, 0.6) * 2 * width / tines
    for slot in range(1, tines):
        y = -width + 2 * width * slot / tines
        cut = CrossSection.square((long + 0.2, gap)).translate((root, y - gap / 2))
        outline -= cut + CrossSection.circle(gap / 2, 24).translate((root, y))
    bend, tip = rng.uniform(0.05, 0.16), rng.uniform(0.1, 0.3)

    def press(points: Floats) -> Floats:
        along = np.clip((points[:, 0] - start) / head, 0, 1)
        points[:, 2] += bend * (np.square(along) - 1.4 * along) * np.sin(np.pi * 0.9 * along)
        points[:, 1] *= 1 - tip * np.clip(along - 0.8, 0, 1)
        return points

    return _pressed(rng, outline, press, start)


def knife(rng: np.random.Generator) -> trimesh.Trimesh:
    """A blade that is straight along its back, or serrated, on a flat or a riveted handle."""
    blade = rng.uniform(0.85, 1.25)
    start, height = 2.0 - blade, rng.uniform(0.09, 0.2)
    belly = rng.uniform(1.5, 4.0)
    along = np.linspace(0, 1, 60)
    back = height * 0.5 * (1 - rng.uniform(0, 0.9) * along**belly)
    edge = -height * 0.5 + height * rng.uniform(0.2, 1.0) * along ** rng.uniform(2.0, 6.0)
    if rng.random() < 0.3:
        edge += 0.008 * np.abs(np.sin(along * 60)) * (along > 0.15)
    edge = np.minimum(edge, back - 0.002)
    upper = np.stack([start + blade * along, back], axis=1)
    lower = np.stack([start + blade * along, edge], axis=1)
    profile = _filled(np.concatenate([lower, upper[::-1]]))
    sheet = rng.uniform(0.012, 0.025)
    solid = prism(profile, sheet).translate((0, 0, -sheet / 2))
    thick, grip = rng.uniform(0.03, 0.12), height * rng.uniform(0.75, 1.15)
    if rng.random() < 0.25:  # of one piece, as table knives are
        thick, grip = sheet * rng.uniform(1.2, 2.0), height * rng.uniform(0.6, 0.9)
    swell = rng.uniform(-0.15, 0.25)
    ends = [(0.0, grip * (1 + swell)), (start * 0.5, grip), (start + 0.06, grip * 0.95)]
    radius = min(thick, grip) * 0.45
    balls = []
    for x, size in ends:
        for y in (-1, 1):
            ball = Manifold.sphere(radius, 20).scale((1, 1, thick / (2 * radius)))
            balls.append(ball.translate((x, y * (size / 2 - radius), 0)))
    handle = Manifold.batch_hull(balls[:4]) + Manifold.batch_hull(balls[2:])
    if thick > 0.05:
        for x in np.linspace(0.15, 0.85, int(rng.integers(0, 4))):
            handle += cylinder(0.04, thick / 2 + 0.003, x * start)
    return _cut(rng, solid + handle, start)


def _handle(rng: np.random.Generator, end: float) -> CrossSection:
    """From x = 0 to `end`, wide where it is held and narrow at the neck."""
    wide, neck = rng.uniform(0.06, 0.12), rng.uniform(0.03, 0.05)
    hold = rng.uniform(0.05, 0.35)
    x = np.linspace(0, end, 40)
    along = np.clip((x / end - hold) / (1 - hold), 0, 1)
    half = wide + (neck - wide) * (along * along * (3 - 2 * along))
    half *= np.sqrt(np.clip(1 - np.square(np.clip(1 - x / wide, 0, 1)), 0.0, 1))
    half = np.maximum(half, 0.002)
    upper = np.stack([x, half], axis=1)
    return _filled(np.concatenate([upper * (1, -1), upper[::-1]]))


def _filled(polygon: ArrayLike) -> CrossSection:
    """What the polygon encloses, whichever way round it goes."""
    return CrossSection([np.asarray(polygon, np.float64)], FillRule.NonZero)


def _cut(rng: np.random.Generator, solid: Manifold, start: float) -> trimesh.Trimesh:
    """Some are photographed from so near that part of the handle is out of the picture."""
    kept = rng.uniform(0.0, 0.9) * start if rng.random() < 0.6 else -1.0
    return finished(solid.trim_by_plane((1, 0, 0), kept))


def _pressed(
    rng: np.random.Generator,
    outline: CrossSection,
    press: Callable[[Floats], Floats],
    start: float,
) -> trimesh.Trimesh:
    thickness = rng.uniform(0.02, 0.045)
    arch, lift = rng.uniform(0.0, 0.12), rng.uniform(-0.02, 0.12)
    sheet = prism(outline, thickness).refine_to_length(_EDGE)

    def shape(points: Floats) -> Floats:
        points = press(np.array(points))
        along = points[:, 0] / start
        points[:, 2] += arch * np.sin(np.pi * np.clip(along, 0, 1))
        points[:, 2] += lift * np.square(np.clip(along - 1, 0, 9))
        return points

    return _cut(rng, sheet.warp_batch(shape), start)
