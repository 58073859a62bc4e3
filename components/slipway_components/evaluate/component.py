"""kfp spec of `evaluate`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def evaluate(
    model: dsl.Input[dsl.Model],
    images: dsl.Input[dsl.Dataset],
    parts: dsl.Input[dsl.Artifact],
    evaluation: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    confusion: dsl.Output[dsl.ClassificationMetrics],
    picture: dsl.Output[dsl.HTML],
) -> None:
    """Measure the exported model on the test images.

    Args:
        model: The exported model.
        images: The dataset.
        parts: The paths of each side of the split.
        evaluation: metrics.json, confusion.json and confusion.png.
        metrics: Accuracy, and precision and recall of each label, of the int8 file.
        confusion: The confusion matrix.
        picture: The confusion matrix, drawn.
    """
    from pathlib import Path

    from slipway_components.evaluate import task
    from slipway_components.evaluate.picture import as_html

    scores = task.evaluate(
        Path(model.path), Path(images.path), Path(parts.path), Path(evaluation.path)
    )
    for name, value in scores.metrics().items():
        metrics.log_metric(name, value)
    confusion.log_confusion_matrix(list(scores.labels), scores.matrix.tolist())
    page = as_html(Path(evaluation.path) / "confusion.png")
    Path(picture.path).parent.mkdir(parents=True, exist_ok=True)
    Path(picture.path).write_text(page)
