"""The parametric parts, how they are made ready to render, and how they come to rest."""

import numpy as np
import pytest
import trimesh
from slipway_components.render.meshes import PARTS
from slipway_components.render.resting import resting_poses
from slipway_components.render.sources import generator
from slipway_components.render.surface import surface_of


@pytest.mark.parametrize("label", PARTS)
def test_every_part_is_one_closed_body_at_any_dimension(label: str) -> None:
    for index in range(15):
        mesh = PARTS[label](generator(3, label, str(index)))
        assert mesh.is_watertight
        assert mesh.is_winding_consistent
        assert mesh.volume > 0
        assert mesh.body_count == 1


@pytest.mark.parametrize("label", PARTS)
def test_dimensions_follow_the_seed(label: str) -> None:
    first, again, other = (PARTS[label](generator(seed, label)) for seed in (1, 1, 2))
    assert np.array_equal(first.vertices, again.vertices)
    assert not np.allclose(first.extents, other.extents)


def test_holes_are_where_they_belong() -> None:
    """Euler characteristic 2 − 2 × holes: what makes a nut a nut."""
    for label in ("hex-nut", "washer", "bearing-ring"):
        for index in range(8):
            mesh = PARTS[label](generator(1, label, str(index)))
            split_washer = label == "washer" and mesh.euler_number == 2
            assert mesh.euler_number == 0 or split_washer
    assert PARTS["hex-bolt"](generator(1)).euler_number == 2


def test_a_gear_has_whole_teeth() -> None:
    mesh = PARTS["spur-gear"](np.random.default_rng(5))
    section = mesh.section(plane_origin=[0, 0, mesh.bounds[:, 2].mean()], plane_normal=[0, 0, 1])
    assert section is not None
    outline = max((np.asarray(line) for line in section.discrete), key=len)
    reach = np.linalg.norm(outline[:, :2], axis=1)
    outside = reach > (reach.min() + reach.max()) / 2
    teeth = int((np.diff(outside.astype(int)) == 1).sum())
    assert 12 <= teeth <= 34
    assert reach.max() == pytest.approx(teeth / 2 + 1, rel=0.02)  # module 1: addendum 1


def test_surfaces_have_unit_size_and_normals() -> None:
    surface = surface_of(PARTS["hex-bolt"](generator(1)))
    assert np.linalg.norm(surface.positions, axis=1).max() == pytest.approx(1.0)
    assert np.linalg.norm(surface.normals, axis=1) == pytest.approx(1.0)


def test_round_is_smooth_and_edges_stay_sharp() -> None:
    cylinder = surface_of(trimesh.creation.cylinder(radius=0.5, height=1.0, sections=64))
    side = np.abs(cylinder.normals[:, 2]) < 0.5
    radial = cylinder.positions[side, :2]
    radial /= np.linalg.norm(radial, axis=1, keepdims=True)
    assert np.abs(cylinder.normals[side, :2] - radial).max() < 0.02
    assert np.abs(cylinder.normals[~side, 2]) == pytest.approx(1.0)
    box = surface_of(trimesh.creation.box())
    assert np.sort(np.abs(box.normals), axis=1) == pytest.approx(np.tile([0, 0, 1], (36, 1)))


def test_a_placed_part_stands_on_the_table() -> None:
    surface = surface_of(trimesh.creation.box((1, 2, 3)))
    quarter = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    placed = surface.placed(quarter)
    assert placed.positions[:, 2].min() == 0
    assert np.ptp(placed.positions[:, 2]) == pytest.approx(np.ptp(surface.positions[:, 1]))


@pytest.mark.parametrize("label", PARTS)
def test_poses_are_those_of_trimesh(label: str) -> None:
    mesh = PARTS[label](generator(4, label))
    with np.errstate(all="ignore"):
        transforms, likelihoods = mesh.compute_stable_poses(threshold=0.03, seed=0)
    wanted = [t[2, :3] for t, likely in zip(transforms, likelihoods, strict=True) if likely > 0.04]
    found = [pose.rotation for pose in resting_poses(mesh)]
    for down in wanted:
        assert max(float(rotation[2] @ down) for rotation in found) > 0.99
    for rotation in found:
        assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-9)
        assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_what_cannot_stand_on_a_side_is_not_put_on_it() -> None:
    """A slab that leans over its base by more than its centre of mass allows falls."""
    slab = trimesh.creation.box((1, 1, 3))
    slab.apply_transform([[1, 0, 0.6, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    for pose in resting_poses(slab):
        assert pose.rotation @ [0, 0, -1] != pytest.approx([0, 0, -1])
