"""The pipeline `objects`: forks, knives, spoons or something else, from photographs."""

from typing import NamedTuple

from kfp import dsl
from slipway_components.base import PIPELINE_IMAGE
from slipway_components.collect.component import collect

from slipway_pipelines._images import train_on_images


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def configure(
    name: str,
    major: int,
    data: str,
    skip_bad: bool,
    render_sources: int,
    render_views: int,
    render_size: int,
    render_samples: int,
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
    bucket: str,
    tracking_uri: str,
    started: int,
) -> NamedTuple(  # type: ignore[valid-type]
    "Outputs", [("configuration", str), ("preprocessing", str), ("started", int)]
):
    """Check the parameters before anything costs time, and note when the run began."""
    given = dict(locals())
    from slipway_components.configure import task
    from slipway_components.configure.images import plan

    from slipway.wiring import check_model_registry, open_bucket

    planned = plan(given)
    task.check_bucket(name, open_bucket(bucket))
    check_model_registry(tracking_uri)
    return planned.configuration, planned.preprocessing, task.begin(started)


@dsl.pipeline(name="objects", display_name="Household objects, from photographs")
def objects(
    name: str = "objects",
    major: int = 1,
    data: str = "synthetic",
    skip_bad: bool = False,
    render_sources: int = 16,
    render_views: int = 4,
    render_size: int = 96,
    render_samples: int = 16,
    validation_share: float = 0.05,
    test_share: float = 0.15,
    network: str = "gradients",
    image_size: int = 96,
    alpha: float = 0.35,
    blocks: int = 7,
    weights: str = "none",
    epochs: int = 240,
    batch_size: int = 16,
    learning_rate: float = 0.003,
    patience: int = 0,
    augmentation: str = "turned",
    seed: int = 1,
    kernels: str = "reference",
    gate_floor: float = 0.7,
    gate_drop: float = 0.02,
    gate_channel: str = "latest",
    dataset_store: str = "",
    bucket: str = "",
    tracking_uri: str = "",
    git_commit: str = "",
    started: int = 0,
) -> None:
    """Train a classifier of household objects and hand it over to the model-output bucket.

    Args:
        name: Model name; its image repository is the lower-case name.
        major: MAJOR of the version. Another input or a label less needs the next one.
        data: synthetic, which renders cutlery and other things; or a folder of labelled images
            (LABEL/FILE or LABEL/GROUP/FILE), or the URL of a bucket that holds one (file://,
            gs://, s3://).
        skip_bad: Leave out files that are no images, instead of refusing the folder.
        render_sources: Meshes of different dimensions that are rendered for each label.
        render_views: Images of each mesh.
        render_size: Pixels of a rendered image's side.
        render_samples: Light paths per pixel; more are slower and less grainy.
        validation_share: Share of the images that the training is watched by; with a patience they
            decide when it stops.
        test_share: Share of the images that the model is judged by.
        network: mobilenet, MobileNetV2; or gradients, which is given what an edge is and learns the
            rest: better with some hundred photographs and no weights.
        image_size: Pixels of the model's input side, from 32.
        alpha: Width of MobileNetV2.
        blocks: How many of MobileNetV2's 17 blocks are used; few learn faster from few images.
        weights: Weights of the backbone. none trains the whole network; imagenet fetches them; or
            a file. A training's model.keras lends its head too when the labels are the same.
        epochs: Rounds over the training images, at most.
        batch_size: Images in one training step.
        learning_rate: Step size of the training.
        patience: Rounds without progress after which training stops and goes back to the best; 0
            trains all rounds and keeps the last.
        augmentation: How images are varied: strong, any way round and in any colour; mild; or
            turned, any way round in their own colours.
        seed: The same seed and data give the same model on the same machine.
        kernels: Which of LiteRT's kernels serve the model: reference, the same bits on every arch;
            or serving, about ten times as fast, archs differ by a few int8 steps.
        gate_floor: Accuracy that the model must reach.
        gate_drop: By how much it may be below the model that stands in gate_channel.
        gate_channel: Channel whose model it is compared with (latest, alpha, beta or stable).
        dataset_store: URL of a bucket that keeps the training images, each once; none when empty.
        bucket: URL of the model-output bucket (file://, gs://, s3://).
        tracking_uri: MLflow tracking URI (sqlite:////file, http://host:port).
        git_commit: Commit of the code, for the model's lineage.
        started: Start of the run in unix seconds, the version's timestamp; now when 0.
    """
    plan = configure(
        name=name,
        major=major,
        data=data,
        skip_bad=skip_bad,
        render_sources=render_sources,
        render_views=render_views,
        render_size=render_size,
        render_samples=render_samples,
        validation_share=validation_share,
        test_share=test_share,
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
        kernels=kernels,
        gate_floor=gate_floor,
        gate_drop=gate_drop,
        gate_channel=gate_channel,
        bucket=bucket,
        tracking_uri=tracking_uri,
        started=started,
    )
    images = collect(
        data=data,
        skip_bad=skip_bad,
        labels=[],
        sources=render_sources,
        views=render_views,
        size=render_size,
        samples=render_samples,
        seed=seed,
        viewpoint="near",
        meshes="",
        catalogue="household",
    )
    images.after(plan)
    train_on_images(
        plan,
        images,
        name=name,
        major=major,
        validation_share=validation_share,
        test_share=test_share,
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
        kernels=kernels,
        gate_floor=gate_floor,
        gate_drop=gate_drop,
        gate_channel=gate_channel,
        dataset_store=dataset_store,
        bucket=bucket,
        tracking_uri=tracking_uri,
        git_commit=git_commit,
    )
