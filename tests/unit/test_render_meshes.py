"""The parametric parts, how they are made ready to render, and how they come to rest."""

import numpy as np
import pytest
import trimesh
from slipway_components.render.meshes import HOUSEHOLD, MESHES, PARTS
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


@pytest.mark.parametrize("label", HOUSEHOLD)
def test_every_household_thing_is_closed_at_any_dimension(label: str) -> None:
    for index in range(15):
        mesh = HOUSEHOLD[label](generator(3, label, str(index)))
        assert mesh.is_watertight
        assert mesh.is_winding_consistent
        assert mesh.volume > 0


@pytest.mark.parametrize("label", MESHES)
def test_dimensions_follow_the_seed(label: str) -> None:
    first, again, other = (MESHES[label](generator(seed, label)) for seed in (1, 1, 2))
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


def _across(mesh: trimesh.Trimesh, share: float) -> int:
    """How many pieces a cut across the thing leaves, `share` of its length from the tip."""
    x = mesh.bounds[1, 0] - share * 2.0  # cutlery is 2 long before some of its handle is cut off
    section = mesh.section(plane_origin=[x, 0, 0], plane_normal=[1, 0, 0])
    assert section is not None
    return len(section.discrete)


def test_a_fork_has_tines_and_one_neck() -> None:
    for index in range(8):
        mesh = HOUSEHOLD["forks"](generator(1, "forks", str(index)))
        assert _across(mesh, 0.1) in (3, 4, 5)
        assert _across(mesh, 0.48) == 1


def test_spoons_and_knives_are_of_one_piece_all_along() -> None:
    for label in ("spoons", "knives"):
        for index in range(8):
            mesh = HOUSEHOLD[label](generator(1, label, str(index)))
            assert [_across(mesh, share) for share in (0.05, 0.1, 0.3)] == [1, 1, 1]


def test_a_spoon_is_hollow_and_a_knife_is_flat() -> None:
    """How far the head's middle lies below its rim, of the thing's length."""

    def depth(label: str, index: int) -> float:
        mesh = HOUSEHOLD[label](generator(1, label, str(index)))
        tip = mesh.bounds[1, 0]
        head = mesh.vertices[(mesh.vertices[:, 0] > tip - 0.45) & (mesh.vertices[:, 0] < tip - 0.2)]
        middle = head[np.abs(head[:, 1]) < 0.03]
        return float(
            np.ptp(head[:, 2]) if len(middle) == 0 else head[:, 2].max() - middle[:, 2].min()
        )

    assert min(depth("spoons", index) for index in range(8)) > 0.05
    assert max(depth("knives", index) for index in range(8)) < 0.05


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
