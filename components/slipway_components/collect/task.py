"""One step for both sources of images, so that a pipeline needs no condition on the user's text."""

from collections.abc import Sequence
from pathlib import Path

from slipway.domain.errors import InvalidInput
from slipway_components.fetch import local_folder
from slipway_components.folder import wrapped

RENDERED = ("rendered", "synthetic")  # the second is what all workloads call made-up data


def collect(
    output: Path,
    *,
    data: str,
    skip_bad: bool,
    labels: Sequence[str],
    sources: int,
    views: int,
    size: int,
    samples: int,
    seed: int,
    viewpoint: str,
    meshes: str,
    catalogue: str,
) -> None:
    """Fill `output` with `LABEL/…` images.

    `data` is `rendered` or `synthetic` (then `labels` to `catalogue` go to `render`), a folder of
    labelled images, or the URL of a bucket with `LABEL/…` objects; `skip_bad` leaves out what is no
    image instead of refusing it. Raises what `render` and `ingest` raise.
    """
    if data in RENDERED:
        from slipway_components.render.task import render

        render(
            output,
            labels=labels,
            sources=sources,
            views=views,
            size=size,
            samples=samples,
            seed=seed,
            viewpoint=viewpoint,
            meshes=Path(meshes) if meshes else None,
            catalogue=catalogue,
        )
        return
    if labels or meshes:
        raise InvalidInput(
            f"{'labels' if labels else 'meshes'} is given, but the images come from {data}",
            hint=f"Leave it empty, the folders' names are the labels; or set data={RENDERED[0]}",
        )
    with wrapped(output), local_folder(data) as folder:
        _ingest(folder, output, skip_bad)


def _ingest(source: Path, output: Path, skip_bad: bool) -> None:
    from slipway_components.ingest.task import ingest

    ingest(source, output, on_bad="skip" if skip_bad else "refuse", size=None)
