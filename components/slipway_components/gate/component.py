"""kfp spec of `gate`."""

from typing import NamedTuple

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def gate(
    model: dsl.Input[dsl.Artifact],
    floor: float,
    allowed_drop: float,
    channel: str,
    tracking_uri: str,
    metric: str = "accuracy",
) -> NamedTuple("Outputs", [("metrics", dict)]):  # type: ignore[valid-type]
    """Stop a model below the floor, or worse than the one in the channel."""
    from pathlib import Path

    from slipway.wiring import open_model_registry
    from slipway_components.gate import task

    metrics = task.gate(
        Path(model.path),
        open_model_registry(tracking_uri),
        metric=metric,
        floor=floor,
        allowed_drop=allowed_drop,
        channel=channel,
    )
    return (metrics,)
