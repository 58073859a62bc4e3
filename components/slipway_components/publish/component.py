"""kfp spec of `publish`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def publish(
    model: dsl.Input[dsl.Artifact],
    snapshot: dsl.Input[dsl.Artifact],
    version: str,
    bucket: str,
) -> str:
    """Hand the model over to the model-output bucket, TRAINER-DONE last; returns its URL."""
    from pathlib import Path

    from slipway.wiring import open_bucket
    from slipway_components.publish import task

    return task.publish(Path(model.path), Path(snapshot.path), open_bucket(bucket), version=version)
