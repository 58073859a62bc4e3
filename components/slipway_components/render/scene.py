"""One photograph as a Mitsuba scene, all of its variation drawn from one generator.

`mitsuba` has to be imported with the variant `scalar_rgb` set before anything here is called.
"""

import numpy as np
from numpy.typing import NDArray

from slipway_components.render.lights import lights
from slipway_components.render.materials import Plugin, part_material
from slipway_components.render.resting import Pose
from slipway_components.render.surface import Surface
from slipway_components.render.table import table
from slipway_components.render.viewpoint import Stance

Floats = NDArray[np.float64]

_BOUNCES = 4  # between the lamp and the lens: enough for the inside of a ring


def render(
    surface: Surface,
    poses: list[Pose],
    rng: np.random.Generator,
    *,
    stance: Stance,
    size: int,
    samples: int,
) -> Floats:
    """Linear radiance `[size, size, 3]` of a part on a table, resting in one of `poses`."""
    import mitsuba as mi

    placed = surface.placed(_attitude(rng, poses, stance))
    scene = {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": _BOUNCES},
        "sensor": _camera(rng, placed, stance, size, samples),
        "part": _mesh(placed, part_material(rng)),
        "table": table(rng),
        **lights(rng),
    }
    seed = mi.UInt32(int(rng.integers(2**31)))
    image = mi.render(mi.load_dict(scene), spp=samples, seed=seed)
    return np.asarray(image, np.float64)[..., :3]


def _attitude(rng: np.random.Generator, poses: list[Pose], stance: Stance) -> Floats:
    """At rest or leaning at random; any way round."""
    if rng.random() < stance.leaning or not poses:
        quaternion = rng.standard_normal(4)
        w, x, y, z = quaternion / np.linalg.norm(quaternion)
        rest = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
    else:
        weights = np.array([pose.likelihood for pose in poses]) ** stance.evenness
        rest = poses[int(rng.choice(len(poses), p=weights / weights.sum()))].rotation
    angle = rng.uniform(0, 2 * np.pi)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ rest)


def _camera(
    rng: np.random.Generator, part: Surface, stance: Stance, size: int, samples: int
) -> Plugin:
    """Looks down at the part, which fills most of the picture."""
    import mitsuba as mi

    height, turn = np.radians(rng.uniform(*stance.elevation)), rng.uniform(0, 2 * np.pi)
    angle = rng.uniform(*stance.angle)
    distance = rng.uniform(*stance.distance) / np.tan(np.radians(angle / 2))
    middle = np.array([0.0, 0.0, part.positions[:, 2].max() / 2])
    target = middle + rng.uniform(-stance.aside, stance.aside, 3) * [1, 1, 0]
    origin = middle + distance * np.array(
        [np.cos(height) * np.cos(turn), np.cos(height) * np.sin(turn), np.sin(height)]
    )
    roll = rng.normal(0, 0.12, 2)
    return {
        "type": "thinlens",
        "fov": float(angle),
        "aperture_radius": float(distance * rng.uniform(0.001, 0.025)),
        "focus_distance": float(np.linalg.norm(target - origin) * rng.uniform(0.96, 1.02)),
        "to_world": mi.ScalarTransform4f().look_at(
            origin=origin.tolist(), target=target.tolist(), up=[float(roll[0]), float(roll[1]), 1]
        ),
        "film": {
            "type": "hdrfilm",
            "width": size,
            "height": size,
            "pixel_format": "rgb",
            "rfilter": {"type": "gaussian", "stddev": float(rng.uniform(0.4, 0.6))},
        },
        "sampler": {"type": "multijitter", "sample_count": samples},
    }


def _mesh(surface: Surface, material: Plugin) -> object:
    import mitsuba as mi

    corners = len(surface.positions)
    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict(material)
    mesh = mi.Mesh(
        "part",
        vertex_count=corners,
        face_count=corners // 3,
        has_vertex_normals=True,
        has_vertex_texcoords=True,
        props=properties,
    )
    values = mi.traverse(mesh)
    values["faces"] = np.arange(corners, dtype=np.uint32)
    values["vertex_positions"] = surface.positions.astype(np.float32).ravel()
    values["vertex_normals"] = surface.normals.astype(np.float32).ravel()
    values["vertex_texcoords"] = surface.texture.astype(np.float32).ravel()
    values.update()
    return mesh
