"""Meshes of parts and household things as code: dimensions are drawn from a seeded generator."""

from collections.abc import Callable, Mapping

import numpy as np
import trimesh

from slipway_components.render.meshes.brackets import bracket
from slipway_components.render.meshes.cutlery import fork, knife, spoon
from slipway_components.render.meshes.fasteners import hex_bolt, hex_nut
from slipway_components.render.meshes.gears import spur_gear
from slipway_components.render.meshes.household import something
from slipway_components.render.meshes.rings import bearing_ring, washer

PARTS: Mapping[str, Callable[[np.random.Generator], trimesh.Trimesh]] = {
    "bearing-ring": bearing_ring,
    "bracket": bracket,
    "hex-bolt": hex_bolt,
    "hex-nut": hex_nut,
    "spur-gear": spur_gear,
    "washer": washer,
}

HOUSEHOLD: Mapping[str, Callable[[np.random.Generator], trimesh.Trimesh]] = {
    "forks": fork,
    "knives": knife,
    "spoons": spoon,
    "unknown": something,
}

CATALOGUES = {"parts": PARTS, "household": HOUSEHOLD}
MESHES = {**PARTS, **HOUSEHOLD}
