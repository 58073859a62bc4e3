"""kfp spec of `fit`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def fit(
    recordings: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
    workload: str,
    parameters: str,
) -> None:
    """Train the model that is released, on all recordings.

    Args:
        recordings: The recordings.
        model: The Keras model with its labels and the training's history.
        workload: What the recordings are of.
        parameters: The training's parameters, as JSON.
    """
    import json
    from pathlib import Path

    from slipway_components.signals.fit import task

    task.fit(
        Path(recordings.path), Path(model.path), name=workload, parameters=json.loads(parameters)
    )
    model.metadata["framework"] = "Keras"
