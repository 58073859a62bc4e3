"""A mesh made ready for rendering: unit size, smooth where it is round, with texture coordinates.

Every face keeps three corners of its own, so that neighbouring faces can differ in normal and in
texture coordinate. Units: the part's bounding sphere has radius 1.
"""

from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SHARP = np.cos(np.radians(32.0))  # faces that meet at a larger angle keep their edge


@dataclass(frozen=True)
class Surface:
    """Corners of the faces, three after another: n = 3 × faces."""

    positions: Floats  # [n, 3]
    normals: Floats  # [n, 3], of length 1
    texture: Floats  # [n, 2], one texture tile for each unit of length

    def placed(self, rotation: Floats) -> "Surface":
        """Turned by `rotation` [3, 3], then moved along z until it stands on z = 0."""
        positions = self.positions @ rotation.T
        positions[:, 2] -= positions[:, 2].min()
        return Surface(positions, self.normals @ rotation.T, self.texture)


def surface_of(mesh: trimesh.Trimesh) -> Surface:
    """Centre, scale to radius 1, and find normals and texture coordinates."""
    points = np.asarray(mesh.vertices, np.float64)
    points = points - (points.min(axis=0) + points.max(axis=0)) / 2
    points /= np.linalg.norm(points, axis=1).max()
    faces = np.asarray(mesh.faces)
    corners = points[faces]  # [f, 3, 3]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(across, axis=1, keepdims=True)
    kept = area[:, 0] > 1e-12
    faces, corners, flat = faces[kept], corners[kept], across[kept] / area[kept]
    return Surface(
        positions=corners.reshape(-1, 3),
        normals=_smoothed(faces, corners, flat),
        texture=_box_texture(corners, flat),
    )


def _smoothed(faces: NDArray[np.int64], corners: Floats, flat: Floats) -> Floats:
    """Each corner's normal: the mean of the faces around its vertex that bend away little from
    its own face, weighted by the angle they have there."""
    sides = np.roll(corners, -1, axis=1) - corners
    sides /= np.maximum(np.linalg.norm(sides, axis=2, keepdims=True), 1e-15)
    cosines = -(sides * np.roll(sides, 1, axis=1)).sum(axis=2)
    weight = np.arccos(np.clip(cosines, -1, 1)).ravel()
    vertex = faces.ravel()
    order = np.argsort(vertex, kind="stable")
    _, start, count = np.unique(vertex[order], return_index=True, return_counts=True)
    # all pairs (corner, other corner at the same vertex)
    per_corner = np.repeat(count, count)
    first = np.repeat(order, per_corner)
    offset = np.arange(len(first)) - np.repeat(np.cumsum(per_corner) - per_corner, per_corner)
    second = order[np.repeat(np.repeat(start, count), per_corner) + offset]
    normals = flat[first // 3]
    others = flat[second // 3]
    near = (normals * others).sum(axis=1) > _SHARP
    pull = others[near] * weight[second[near], None]
    summed = np.stack(
        [np.bincount(first[near], pull[:, axis], len(vertex)) for axis in range(3)], axis=1
    )
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return np.asarray(summed / np.maximum(length, 1e-15))


def _box_texture(corners: Floats, flat: Floats) -> Floats:
    """Project each face along the axis that it faces most."""
    axis = np.abs(flat).argmax(axis=1)
    planes = np.array([(1, 2), (0, 2), (0, 1)])[axis]  # [f, 2]
    return np.take_along_axis(corners, planes[:, None, :].repeat(3, 1), axis=2).reshape(-1, 2)
