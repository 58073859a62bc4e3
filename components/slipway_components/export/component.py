"""kfp spec of `export`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def export(
    model: dsl.Input[dsl.Model],
    images: dsl.Input[dsl.Dataset],
    parts: dsl.Input[dsl.Artifact],
    export: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
    version: str,
    lineage: dict,  # type: ignore[type-arg]  # kfp knows the bare dict alone
    kernels: str,
) -> None:
    """Export SavedModel, LiteRT files and the model's card.

    Args:
        model: The trained model.
        images: The dataset.
        parts: The paths of each side of the split.
        export: saved_model/, model.tflite, model_float.tflite and model.json.
        metrics: Accuracies of the exported files, and what quantisation cost.
        version: The model version.
        lineage: What the model was made from.
        kernels: Which of LiteRT's kernels will serve it, serving or reference.
    """
    from pathlib import Path

    from slipway.domain.card import Kernels
    from slipway_components.export import task

    card = task.export(
        Path(model.path),
        Path(images.path),
        Path(parts.path),
        Path(export.path),
        version=version,
        lineage=lineage,
        kernels=Kernels(kernels),
    )
    export.metadata["version"] = str(card.version)
    for name, value in card.metrics.items():
        metrics.log_metric(name, value)
