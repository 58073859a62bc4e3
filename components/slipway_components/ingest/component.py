"""kfp spec of `ingest`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def ingest(
    images: dsl.Output[dsl.Dataset],
    source: str,
    skip_bad: bool = False,
    size: int = 0,
) -> None:
    """Take a folder of labelled images as training data.

    Args:
        images: The images as PNG, LABEL/FILE or LABEL/GROUP/FILE.
        source: The folder, LABEL/FILE or LABEL/GROUP/FILE in JPEG, PNG, BMP or WebP.
        skip_bad: Leave out files that are no images instead of refusing the folder.
        size: Longest side in pixels, larger images are shrunk; 0 leaves them as they are.
    """
    from pathlib import Path

    from slipway_components.ingest import task

    task.ingest(
        Path(source),
        Path(images.path),
        on_bad="skip" if skip_bad else "refuse",
        size=size or None,
    )
