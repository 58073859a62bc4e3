"""kfp spec of `export` for signals."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def export(
    model: dsl.Input[dsl.Model],
    recordings: dsl.Input[dsl.Dataset],
    evaluation: dsl.Input[dsl.Artifact],
    export: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
    version: str,
    lineage: dict,  # type: ignore[type-arg]  # kfp knows the bare dict alone
) -> None:
    """Export SavedModel, LiteRT files and the model's card.

    Args:
        model: The trained model.
        recordings: The recordings.
        evaluation: How models that were trained in the same way did.
        export: saved_model/, model.tflite, model_float.tflite and model.json.
        metrics: What the card says of the model's quality.
        version: The model version.
        lineage: What the model was made from.
    """
    from pathlib import Path

    from slipway_components.signals.export import task

    card = task.export(
        Path(model.path),
        Path(recordings.path),
        Path(evaluation.path),
        Path(export.path),
        version=version,
        lineage=lineage,
    )
    export.metadata["version"] = str(card.version)
    for name, value in card.metrics.items():
        metrics.log_metric(name, value)
