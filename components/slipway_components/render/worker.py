"""One process that renders: reads jobs as pickles, answers a pickle for every image.

    → Job
    ← the path of each view, then None when the job is done, or a SlipwayError

It ends when its input does, so it outlives the process that started it by one image at most.
"""

import os
import pickle
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from slipway.domain.errors import SlipwayError
from slipway_components.folder import wrapped
from slipway_components.render.sources import Source, generator, load
from slipway_components.render.viewpoint import STANCES, Viewpoint


@dataclass(frozen=True)
class Job:
    """All views of one source."""

    source: Source
    views: int
    size: int  # pixels of a side
    samples: int  # paths per pixel
    seed: int
    viewpoint: Viewpoint
    folder: Path


def render_job(job: Job) -> Iterator[Path]:
    """Write `LABEL/GROUP/view-N.png` below the job's folder, one after another."""
    import numpy as np
    from PIL import Image

    from slipway_components.render.photograph import develop
    from slipway_components.render.resting import resting_poses
    from slipway_components.render.scene import render
    from slipway_components.render.surface import surface_of

    source = job.source
    with np.errstate(all="ignore"):  # degenerate triangles of a user's mesh are skipped
        mesh = load(source, job.seed)
        surface, poses = surface_of(mesh), resting_poses(mesh)
    folder = job.folder / source.label / source.group
    folder.mkdir(parents=True, exist_ok=True)
    for view in range(job.views):
        rng = generator(job.seed, source.label, source.group, str(view))
        radiance = render(
            surface,
            poses,
            rng,
            stance=STANCES[job.viewpoint],
            size=job.size,
            samples=job.samples,
        )
        path = folder / f"view-{view}.png"
        Image.fromarray(develop(radiance, rng)).save(path)
        yield path


def main() -> None:
    """Serve jobs until standard input ends."""
    parent = os.getppid()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    _prepare_mitsuba()
    while (job := _next(sys.stdin.buffer)) is not None:
        try:
            with wrapped(job.folder):
                for path in render_job(job):
                    if os.getppid() != parent:
                        return
                    _send(answers, path)
            _send(answers, None)
        except SlipwayError as error:
            _send(answers, error)
            return


def _prepare_mitsuba() -> None:
    import drjit
    import mitsuba

    mitsuba.set_variant("scalar_rgb")
    mitsuba.set_log_level(mitsuba.LogLevel.Error)
    drjit.set_thread_count(0)  # there is a process for each core


def _next(jobs: BinaryIO) -> Job | None:
    try:
        job: Job = pickle.load(jobs)  # noqa: S301  written by the process that started this one
    except EOFError:
        return None
    return job


def _send(answers: BinaryIO, answer: Path | SlipwayError | None) -> None:
    pickle.dump(answer, answers)
    answers.flush()


if __name__ == "__main__":
    main()
