"""kfp spec of `collect`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def collect(
    images: dsl.Output[dsl.Dataset],
    data: str,
    skip_bad: bool,
    labels: list[str],
    sources: int,
    views: int,
    size: int,
    samples: int,
    seed: int,
    viewpoint: str,
    meshes: str,
    catalogue: str,
) -> None:
    """Render the training images, or take those of a folder or bucket."""
    from pathlib import Path

    from slipway_components.collect import task

    task.collect(
        Path(images.path),
        data=data,
        skip_bad=skip_bad,
        labels=labels,
        sources=sources,
        views=views,
        size=size,
        samples=samples,
        seed=seed,
        viewpoint=viewpoint,
        meshes=meshes,
        catalogue=catalogue,
    )
