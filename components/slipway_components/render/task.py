"""Render training images of things: the same images for the same seed, on any number of cores."""

import importlib
import importlib.util
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from slipway.domain.choice import choose
from slipway.domain.errors import InvalidInput, MissingTool
from slipway_components.folder import appearing
from slipway_components.progress import say, track
from slipway_components.render.sources import Source, from_folder, load, parametric
from slipway_components.render.viewpoint import Viewpoint
from slipway_components.render.worker import Job
from slipway_components.render.workers import render_all


def render(
    output: Path,
    *,
    labels: Sequence[str],
    sources: int,
    views: int,
    size: int,
    samples: int,
    seed: int,
    viewpoint: str = Viewpoint.OVERHEAD,
    workers: int = 0,
    meshes: Path | None = None,
    catalogue: str = "parts",
) -> None:
    """Fill `output` with `LABEL/SOURCE/view-N.png`, square RGB images of `size` pixels.

    `labels`: what to render, all of `catalogue` (parts or household) when empty. `sources`: meshes
    of different dimensions for each label; with `meshes`, a folder of `LABEL/FILE` (STL, OBJ, PLY),
    each file is a source instead. `views`: images of each, from a `viewpoint`: overhead, free or
    near. `samples`: paths per pixel, made up to a full grid. `workers`: processes, 0 for one on
    each core. The folder appears complete or not at all.

    Raises InvalidInput, InvalidDataset naming a mesh that cannot be used, NotFound,
    AlreadyExists, MissingTool, DiskFull, Failed.
    """
    for name, value, low, high in (
        ("sources", sources, 1, 9999),
        ("views", views, 1, 9999),
        ("size", size, 16, 4096),
        ("samples", samples, 1, 65536),
        ("seed", seed, 0, 2**63),
        ("workers", workers, 0, 1024),
    ):
        if not low <= value <= high:
            raise InvalidInput(f"{name} is {value}", hint=f"It goes from {low} to {high}")
    for module in ("mitsuba", "trimesh", "manifold3d"):
        if importlib.util.find_spec(module) is None:
            raise MissingTool(f"{module} is not installed", hint="pip install 'slipway[train]'")
    _import_trimesh()
    found = from_folder(meshes, labels) if meshes else parametric(labels, sources, catalogue)
    seen_from = choose(Viewpoint, viewpoint, f"viewpoint is {viewpoint!r}")
    with appearing(output) as folder:
        _check(found, seed)
        jobs = [Job(source, views, size, samples, seed, seen_from, folder) for source in found]
        images = render_all(jobs, workers or len(os.sched_getaffinity(0)))
        for _ in track(images, "render", total=views * len(jobs), unit="images"):
            pass


def _import_trimesh() -> None:
    """Import it before others do, and keep a ctrl-C until that is done: it takes whatever is
    raised meanwhile for a sign that a package it could use is missing."""
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        importlib.import_module("trimesh")
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def _check(sources: Sequence[Source], seed: int) -> None:
    """Find out about a broken file before hours of rendering, not after."""
    files = [source for source in sources if source.file]
    for source in files:
        load(source, seed)
    if files:
        say(f"render: {len(files)} meshes read")
