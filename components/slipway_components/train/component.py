"""kfp spec of `train`."""

from kfp import dsl

from slipway_components.base import PIPELINE_IMAGE


@dsl.component(base_image=PIPELINE_IMAGE, install_kfp_package=False)
def train(
    images: dsl.Input[dsl.Dataset],
    parts: dsl.Input[dsl.Artifact],
    model: dsl.Output[dsl.Model],
    network: str = "mobilenet",
    image_size: int = 96,
    alpha: float = 0.35,
    blocks: int = 17,
    weights: str = "none",
    epochs: int = 60,
    batch_size: int = 32,
    learning_rate: float = 0.003,
    patience: int = 15,
    augmentation: str = "strong",
    seed: int = 1,
) -> None:
    """Train the classifier.

    Args:
        images: The dataset.
        parts: The paths of each side of the split.
        model: The Keras model with its labels and the training's history.
        network: mobilenet, MobileNetV2 with a head of scores; or gradients, which is given what an
            edge is and learns the rest, for some hundred photographs without any weights.
        image_size: Pixels of the model's input side, from 32.
        alpha: Width of MobileNetV2.
        blocks: How many of MobileNetV2's 17 blocks are used; few learn faster from few images.
        weights: none trains the whole network, imagenet fetches weights, or a file. A training's
            model.keras lends its head too when the labels are the same.
        epochs: Rounds over the training images, at most.
        batch_size: Images in one training step.
        learning_rate: Highest step size of the training.
        patience: Rounds without progress after which training stops and goes back to the best; 0
            trains all rounds and keeps the last.
        augmentation: How images are varied: strong, any way round and in any colour; mild; or
            turned, any way round in their own colours.
        seed: The same seed and data give the same model on the same machine.
    """
    from pathlib import Path

    from slipway_components.train import task

    task.train(
        Path(images.path),
        Path(parts.path),
        Path(model.path),
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
    model.metadata["framework"] = "Keras"
