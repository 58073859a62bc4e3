"""kfp spec of `snapshot`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def snapshot(
    dataset: dsl.Input[dsl.Dataset],
    record: dsl.Output[dsl.Artifact],
    store: str = "",
) -> str:
    """Record the exact training input; returns the dataset's digest.

    Args:
        dataset: The files, LABEL/….
        record: Path, size and SHA-256 of every file.
        store: URL of a bucket that keeps the contents too, by hash; none when empty.
    """
    from pathlib import Path

    from slipway.wiring import open_bucket
    from slipway_components.snapshot import task

    return task.snapshot(
        Path(dataset.path), Path(record.path), open_bucket(store) if store else None
    )
