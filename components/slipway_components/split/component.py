"""kfp spec of `split`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def split(
    record: dsl.Input[dsl.Artifact],
    parts: dsl.Output[dsl.Artifact],
    seed: int = 1,
    validation: float = 0.15,
    test: float = 0.15,
) -> None:
    """Divide the images into training, validation and test, never a source on two sides.

    Args:
        record: The dataset's snapshot.
        parts: The paths of each side.
        seed: The same seed gives the same split.
        validation: Share of the images that decide when training stops.
        test: Share of the images that the model is judged by.
    """
    from pathlib import Path

    from slipway_components.split import task

    task.split(Path(record.path), Path(parts.path), seed=seed, validation=validation, test=test)
