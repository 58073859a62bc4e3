"""kfp spec of `render`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def render(
    images: dsl.Output[dsl.Dataset],
    labels: list[str] = [],  # noqa: B006  kfp reads the default from here
    sources: int = 12,
    views: int = 5,
    size: int = 96,
    samples: int = 16,
    seed: int = 1,
    viewpoint: str = "overhead",
    meshes: str = "",
    catalogue: str = "parts",
) -> None:
    """Render training images from CAD meshes.

    Args:
        images: The images, LABEL/SOURCE/view-N.png.
        labels: What to render; all of the catalogue when empty.
        sources: Meshes of different dimensions for each label.
        views: Images of each mesh.
        size: Pixels of an image's side.
        samples: Light paths per pixel; more are slower and less grainy.
        seed: The same seed gives the same images.
        viewpoint: overhead, a camera above a belt; free, from anywhere; or
            near, over one thing that fills the picture.
        meshes: A folder of own meshes, LABEL/FILE in STL, OBJ or PLY; each file is a source.
        catalogue: Which meshes that ship as code: parts or household.
    """
    from pathlib import Path

    from slipway_components.render import task

    task.render(
        Path(images.path),
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
