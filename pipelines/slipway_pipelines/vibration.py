"""The pipeline `vibration`: whether a bearing is healthy, learned from healthy bearings alone."""

from typing import NamedTuple

from kfp import dsl
from slipway_components.base import PIPELINE_IMAGE

from slipway_pipelines._signals import train_on_signals


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def configure(
    name: str,
    major: int,
    data: str,
    recordings: int,
    rate: float,
    window: int,
    step: int,
    stride: int,
    amplitude: str,
    depth: int,
    units: int,
    code: int,
    false_alarms: float,
    folds: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    weights: str,
    rescale: bool,
    gate_floor: float,
    gate_drop: float,
    gate_channel: str,
    bucket: str,
    tracking_uri: str,
    started: int,
) -> NamedTuple(  # type: ignore[valid-type]
    "Outputs",
    [("configuration", str), ("parameters", str), ("preprocessing", str), ("started", int)],
):
    """Check the parameters before anything costs time, and note when the run began."""
    given = dict(locals())
    from slipway_components.configure import task
    from slipway_components.signals.plan import plan
    from slipway_components.signals.vibration_start import located

    from slipway.wiring import check_model_registry, open_bucket

    planned = plan("vibration", given)
    outputs = open_bucket(bucket)
    task.check_bucket(name, outputs)
    check_model_registry(tracking_uri)
    parameters = located(planned.parameters, planned.preprocessing, outputs)
    return planned.configuration, parameters, planned.preprocessing, task.begin(started)


@dsl.pipeline(name="vibration", display_name="Whether a bearing is healthy, from its vibration")
def vibration(
    name: str = "vibration",
    major: int = 1,
    data: str = "synthetic",
    recordings: int = 2,
    rate: float = 100.0,
    window: int = 10,
    step: int = 10,
    stride: int = 2,
    amplitude: str = "keep",
    depth: int = 1,
    units: int = 16,
    code: int = 6,
    false_alarms: float = 0.005,
    folds: int = 3,
    epochs: int = 40,
    batch_size: int = 64,
    learning_rate: float = 0.005,
    seed: int = 1,
    weights: str = "",
    rescale: bool = False,
    gate_floor: float = 0.9,
    gate_drop: float = 0.02,
    gate_channel: str = "latest",
    dataset_store: str = "",
    bucket: str = "",
    tracking_uri: str = "",
    git_commit: str = "",
    started: int = 0,
) -> None:
    """Train a detector of anomalies and hand it over to the model-output bucket.

    Args:
        name: Model name; its image repository is the lower-case name.
        major: MAJOR of the version. Another input needs the next one.
        data: synthetic, or a folder of recordings (healthy.csv and others, or LABEL/FILE.csv, with
            the columns x, y, z), or the URL of a bucket that holds one (file://, gs://, s3://).
        recordings: Synthetic recordings of healthy and of broken bearings.
        rate: Samples a second, 0 for any.
        window: Samples that the model looks at.
        step: Samples from one window to the next.
        stride: Samples from one window to the next that is learned from, step at most.
        amplitude: keep, or remove to scale each window by itself, so that only its shape is left.
        depth: Recurrent layers before the code, and as many after it.
        units: Values that each of them holds.
        code: Values that a window is squeezed into.
        false_alarms: Share of healthy windows that the learned threshold lets pass for anomalies.
        folds: Trainings that judge; each leaves out some of the recordings, which judge it.
        epochs: Rounds over the windows.
        batch_size: Windows in one training step.
        learning_rate: Highest step size of the training.
        seed: The same seed and data give the same model on the same machine.
        weights: Version whose training goes on; none when empty.
        rescale: Whether the scaling is learned anew then, instead of the version's.
        gate_floor: Area under the ROC curve, over windows, that the model must reach.
        gate_drop: By how much it may be below the model that stands in gate_channel.
        gate_channel: Channel whose model it is compared with (latest, alpha, beta or stable).
        dataset_store: URL of a bucket that keeps the recordings, each once; none when empty.
        bucket: URL of the model-output bucket (file://, gs://, s3://).
        tracking_uri: MLflow tracking URI (sqlite:////file, http://host:port).
        git_commit: Commit of the code, for the model's lineage.
        started: Start of the run in unix seconds, the version's timestamp; now when 0.
    """
    plan = configure(
        name=name,
        major=major,
        data=data,
        recordings=recordings,
        rate=rate,
        window=window,
        step=step,
        stride=stride,
        amplitude=amplitude,
        depth=depth,
        units=units,
        code=code,
        false_alarms=false_alarms,
        folds=folds,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        weights=weights,
        rescale=rescale,
        gate_floor=gate_floor,
        gate_drop=gate_drop,
        gate_channel=gate_channel,
        bucket=bucket,
        tracking_uri=tracking_uri,
        started=started,
    )
    train_on_signals(
        plan,
        workload="vibration",
        name=name,
        major=major,
        data=data,
        recordings=recordings,
        seed=seed,
        metric="roc_auc",
        gate_floor=gate_floor,
        gate_drop=gate_drop,
        gate_channel=gate_channel,
        dataset_store=dataset_store,
        bucket=bucket,
        tracking_uri=tracking_uri,
        git_commit=git_commit,
    )
