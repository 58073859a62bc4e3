"""kfp spec of `register`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def register(
    model: dsl.Input[dsl.Artifact],
    training: dsl.Input[dsl.Artifact],
    evaluation: dsl.Input[dsl.Artifact],
    configuration: str,
    bucket: str,
    tracking_uri: str,
) -> str:
    """Record the run and register the model version; returns the run's id."""
    from pathlib import Path

    from slipway.wiring import open_bucket, open_model_registry
    from slipway_components.register import task

    return task.register(
        Path(model.path),
        Path(training.path),
        Path(evaluation.path),
        open_bucket(bucket),
        open_model_registry(tracking_uri),
        configuration=configuration,
    )
