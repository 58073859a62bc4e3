"""What the pipelines on images share: from the images to the model-output bucket."""

from typing import Any

from slipway_components.evaluate.component import evaluate
from slipway_components.export.component import export
from slipway_components.gate.component import gate
from slipway_components.publish.component import publish
from slipway_components.register.component import register
from slipway_components.snapshot.component import snapshot
from slipway_components.split.component import split
from slipway_components.train.component import train
from slipway_components.version.component import version


def train_on_images(
    plan: Any,
    images: Any,
    *,
    name: str,
    major: int,
    validation_share: float,
    test_share: float,
    network: str,
    image_size: int,
    alpha: float,
    blocks: int,
    weights: str,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    patience: int,
    augmentation: str,
    seed: int,
    kernels: str,
    gate_floor: float,
    gate_drop: float,
    gate_channel: str,
    dataset_store: str,
    bucket: str,
    tracking_uri: str,
    git_commit: str,
) -> None:
    """Add all tasks behind `plan`, the task that checked the parameters, and `images`, the one that
    collects the images.

    `plan` has the outputs `configuration`, `preprocessing` and `started`.
    """
    # What depends on the time, or on what buckets and registries hold, is done anew in every run.
    plan.set_caching_options(enable_caching=False)
    dataset = images.outputs["images"]
    record = snapshot(dataset=dataset, store=dataset_store)
    allocated = version(
        snapshot=record.outputs["record"],
        name=name,
        major=major,
        preprocessing=plan.outputs["preprocessing"],
        started=plan.outputs["started"],
        configuration=plan.outputs["configuration"],
        git_commit=git_commit,
        bucket=bucket,
    )
    allocated.set_caching_options(enable_caching=False)
    sides = split(
        record=record.outputs["record"],
        seed=seed,
        validation=validation_share,
        test=test_share,
    )
    sides.after(allocated)
    trained = train(
        images=dataset,
        parts=sides.outputs["parts"],
        network=network,
        image_size=image_size,
        alpha=alpha,
        blocks=blocks,
        weights=weights,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        patience=patience,
        augmentation=augmentation,
        seed=seed,
    )
    exported = export(
        model=trained.outputs["model"],
        images=dataset,
        parts=sides.outputs["parts"],
        version=allocated.outputs["version"],
        lineage=allocated.outputs["lineage"],
        kernels=kernels,
    )
    evaluation = evaluate(
        model=exported.outputs["export"],
        images=dataset,
        parts=sides.outputs["parts"],
    )
    passed = gate(
        model=exported.outputs["export"],
        floor=gate_floor,
        allowed_drop=gate_drop,
        channel=gate_channel,
        tracking_uri=tracking_uri,
    )
    passed.after(evaluation)  # a model that is stopped leaves its confusion matrix behind
    passed.set_caching_options(enable_caching=False)
    registered = register(
        model=exported.outputs["export"],
        training=trained.outputs["model"],
        evaluation=evaluation.outputs["evaluation"],
        configuration=plan.outputs["configuration"],
        bucket=bucket,
        tracking_uri=tracking_uri,
    )
    registered.after(passed)
    registered.set_caching_options(enable_caching=False)
    published = publish(
        model=exported.outputs["export"],
        snapshot=record.outputs["record"],
        version=allocated.outputs["version"],
        bucket=bucket,
    )
    published.after(registered)
    published.set_caching_options(enable_caching=False)
