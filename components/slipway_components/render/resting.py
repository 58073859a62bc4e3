"""How a part comes to rest on a table."""

from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LIKELY = 0.02  # of all ways to drop it; what is rarer is left out


@dataclass(frozen=True)
class Pose:
    """A way to stand still."""

    rotation: Floats  # [3, 3]
    likelihood: float  # that a dropped part ends in it


def resting_poses(mesh: trimesh.Trimesh) -> list[Pose]:
    """The poses in which a side of the part's convex hull is down and the centre of mass lies
    over it, the likelier first. The likelihood is taken to be the side's share of all directions
    from the centre of mass (Boothroyd's quasi-static model)."""
    hull = mesh.convex_hull
    centre = mesh.center_mass if mesh.is_watertight else hull.center_mass
    corners = hull.vertices[hull.faces] - centre  # [f, 3, 3]
    side = np.arange(len(hull.faces))
    for facet in hull.facets:
        side[facet] = facet[0]
    share = np.bincount(side, _solid_angles(corners), len(side)) / (4 * np.pi)
    poses = []
    for index in np.argsort(-share, kind="stable"):
        if share[index] < _LIKELY:
            break
        normal = hull.face_normals[index]
        if _pierced(corners[side == index], normal):
            poses.append(Pose(_turned_down(normal), float(share[index])))
    return poses


def _solid_angles(corners: Floats) -> Floats:
    """Of triangles `[f, 3, 3]` seen from the origin (Van Oosterom and Strackee 1983)."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    la, lb, lc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
    volume = (a * np.cross(b, c)).sum(axis=1)
    below = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (c * a).sum(1) * lb
    return np.asarray(np.abs(2 * np.arctan2(volume, below)))


def _turned_down(normal: Floats) -> Floats:
    """A rotation that turns `normal` to −z."""
    up = -normal
    helper = np.eye(3)[np.abs(up).argmin()]
    across = np.cross(helper, up)
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(up, across), up])


def _pierced(corners: Floats, normal: Floats) -> bool:
    """Whether the ray from the origin along `normal` goes through one of the triangles."""
    turns = np.cross(corners, np.roll(corners, -1, axis=1)) @ normal  # [f, 3]
    return bool((turns >= -1e-9).all(axis=1).any())
