"""The pipeline `sounds`: a key, the lock or knocking at a door, or something else."""

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
    silence: float,
    unknown: float,
    folds: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
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

    from slipway.wiring import check_model_registry, open_bucket

    planned = plan("sounds", given)
    task.check_bucket(name, open_bucket(bucket))
    check_model_registry(tracking_uri)
    return planned.configuration, planned.parameters, planned.preprocessing, task.begin(started)


@dsl.pipeline(name="sounds", display_name="What is heard at a door")
def sounds(
    name: str = "sounds",
    major: int = 1,
    data: str = "synthetic",
    recordings: int = 500,
    silence: float = 1e-7,
    unknown: float = 0.8,
    folds: int = 3,
    epochs: int = 10,
    batch_size: int = 128,
    learning_rate: float = 0.004,
    seed: int = 1,
    gate_floor: float = 0.7,
    gate_drop: float = 0.02,
    gate_channel: str = "latest",
    dataset_store: str = "",
    bucket: str = "",
    tracking_uri: str = "",
    git_commit: str = "",
    started: int = 0,
) -> None:
    """Train a classifier of the sounds at a door and hand it over to the model-output bucket.

    Args:
        name: Model name; its image repository is the lower-case name.
        major: MAJOR of the version. Another input or a label less needs the next one.
        data: synthetic, or a folder of recordings (LABEL/NAME.wav, 16 kHz, with annotations
            NAME.txt or not), or the URL of a bucket that holds one (file://, gs://, s3://).
        recordings: Synthetic recordings of each label.
        silence: Mean square of a window below which it is not asked about; full scale is 1.
        unknown: Score below which the answer is unknown.
        folds: Trainings that judge; each leaves out some of the recordings, which judge it.
        epochs: Rounds over the windows.
        batch_size: Windows in one training step.
        learning_rate: Highest step size of the training.
        seed: The same seed and data give the same model on the same machine.
        gate_floor: Accuracy that the model must reach.
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
        silence=silence,
        unknown=unknown,
        folds=folds,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        gate_floor=gate_floor,
        gate_drop=gate_drop,
        gate_channel=gate_channel,
        bucket=bucket,
        tracking_uri=tracking_uri,
        started=started,
    )
    train_on_signals(
        plan,
        workload="sounds",
        name=name,
        major=major,
        data=data,
        recordings=recordings,
        seed=seed,
        metric="accuracy",
        gate_floor=gate_floor,
        gate_drop=gate_drop,
        gate_channel=gate_channel,
        dataset_store=dataset_store,
        bucket=bucket,
        tracking_uri=tracking_uri,
        git_commit=git_commit,
    )
