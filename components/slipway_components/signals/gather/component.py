"""kfp spec of `gather`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def gather(
    recordings: dsl.Output[dsl.Dataset],
    workload: str,
    data: str,
    synthetic: int,
    seed: int,
    secret: str = "",
) -> None:
    """Make recordings up, or take those of a folder or bucket.

    Args:
        recordings: The recordings, LABEL/NAME.npz.
        workload: What the recordings are of.
        data: synthetic, or a folder, or the URL of a bucket.
        synthetic: Recordings for each label that are made up.
        seed: The same seed makes the same recordings up.
        secret: Where the key lies that the files are signed with; they are not checked when empty.
    """
    from pathlib import Path

    from slipway_components.signals.gather import task

    task.gather(
        Path(recordings.path),
        name=workload,
        data=data,
        recordings=synthetic,
        seed=seed,
        secret=secret,
    )
