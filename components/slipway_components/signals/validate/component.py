"""kfp spec of `validate`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def validate(
    recordings: dsl.Input[dsl.Dataset],
    evaluation: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    confusion: dsl.Output[dsl.ClassificationMetrics],
    picture: dsl.Output[dsl.HTML],
    workload: str,
    parameters: str,
) -> None:
    """Judge the training on recordings that it has not learned from, fold by fold.

    Args:
        recordings: The recordings.
        evaluation: metrics.json, and confusion matrices of windows and of recordings.
        metrics: Accuracy, and precision and recall of each label, of the int8 models.
        confusion: The confusion matrix of the windows.
        picture: The confusion matrix of the windows, drawn.
        workload: What the recordings are of.
        parameters: The training's parameters, as JSON.
    """
    import json
    from pathlib import Path

    from slipway_components.evaluate.picture import as_html
    from slipway_components.signals.validate import task

    done = task.validate(
        Path(recordings.path),
        Path(evaluation.path),
        name=workload,
        parameters=json.loads(parameters),
    )
    for name, value in done.metrics().items():
        metrics.log_metric(name, value)
    windows = done.judged.windows
    confusion.log_confusion_matrix(list(windows.labels), windows.matrix.tolist())
    page = as_html(Path(evaluation.path) / "windows.png")
    Path(picture.path).parent.mkdir(parents=True, exist_ok=True)
    Path(picture.path).write_text(page)
