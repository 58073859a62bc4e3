"""Trains the classifier: transfer learning with weights, without them all that can learn."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from slipway.domain.choice import choose
from slipway.domain.errors import InvalidInput
from slipway_components.folder import appearing
from slipway_components.images import load, read_split
from slipway_components.progress import say
from slipway_components.tensorflow_import import begin_training
from slipway_components.train import gradients, mobilenet
from slipway_components.train.augment import strength
from slipway_components.train.fitting import Curves, Fitting
from slipway_components.train.head import keep_head
from slipway_components.trained import Trained

FINE_TUNING_RATE = 0.05  # of the head's learning rate: pretrained layers are only nudged


class Network(StrEnum):
    """What learns."""

    GRADIENTS = "gradients"
    MOBILENET = "mobilenet"


@dataclass(frozen=True)
class TrainingParameters:
    """What a training is told; history.json repeats it. InvalidInput or NotFound for what cannot
    be, as far as it can be known without TensorFlow."""

    network: str  # gradients or mobilenet
    image_size: int  # pixels, width and height
    alpha: float  # width multiplier of MobileNetV2
    blocks: int  # inverted residual blocks that are kept, 17 for all
    weights: str  # imagenet, none, or a file
    epochs: int
    batch_size: int
    learning_rate: float
    patience: int  # epochs without a better validation loss before it stops; 0 for never
    augmentation: str  # strong, mild or turned
    seed: int

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "learning_rate"):
            if not getattr(self, name) > 0:
                raise InvalidInput(
                    f"{name} is {getattr(self, name)}", hint="Use a value greater than 0"
                )
        if self.patience < 0:
            raise InvalidInput(
                f"patience is {self.patience}", hint="Use 0 to train all epochs, or more"
            )
        if not 0 <= self.seed < 2**32:
            raise InvalidInput(f"seed is {self.seed}", hint="Use 0 to 4294967295")
        strength(self.augmentation)
        choose(Network, self.network, f"network is {self.network!r}")
        mobilenet.check(self.image_size, self.alpha, self.blocks, self.weights)
        if self.network == Network.GRADIENTS:
            gradients.check(self.image_size, self.weights)

    def build(self, labels: int) -> Any:
        """The Keras model that learns, with so many scores."""
        if self.network == Network.GRADIENTS:
            return gradients.build(labels, image_size=self.image_size)
        return mobilenet.build(
            labels,
            image_size=self.image_size,
            alpha=self.alpha,
            blocks=self.blocks,
            weights=self.weights,
        )

    def described(self) -> str:
        """What learns from what, for people."""
        network = "network gradients"
        if self.network == Network.MOBILENET:
            network = f"MobileNetV2 {self.alpha} of {self.blocks} blocks"
        return f"{network} at {self.image_size} pixels, weights {self.weights}"


def train(
    dataset: Path,
    split: Path,
    output: Path,
    *,
    network: str = "mobilenet",
    image_size: int = 96,
    alpha: float = 0.35,
    blocks: int = mobilenet.BLOCKS,
    weights: str = "imagenet",
    epochs: int = 60,
    batch_size: int = 32,
    learning_rate: float = 0.003,
    patience: int = 15,
    augmentation: str = "strong",
    seed: int = 1,
) -> Curves:
    """Train on the images of `split` and write the new folder `output`; returns the curves.

    `output` gets `model.keras`, `labels.json` and `history.json` (parameters, curves by epoch,
    the epoch that was kept). Without weights the whole network learns; with weights its head does
    for a third of the epochs, then the top of the backbone too, at a low rate; a head that came
    with the weights, for the same labels, is taken as it is. The weights of the best validation
    loss are kept, or with a `patience` of 0 the last ones. The same inputs give the same model on
    the same machine.

    Raises InvalidInput for an impossible parameter, InvalidDataset, NotFound for a weights file
    that is not there, Unavailable when the ImageNet weights cannot be fetched.
    """
    parameters = TrainingParameters(
        network,
        image_size,
        alpha,
        blocks,
        weights,
        epochs,
        batch_size,
        learning_rate,
        patience,
        augmentation,
        seed,
    )
    parts = read_split(split)
    labels = parts.labels
    with appearing(output) as folder:
        begin_training(seed)
        model = parameters.build(len(labels))
        varied = strength(augmentation)
        training = load(dataset, parts.train, labels, image_size * varied.detail)
        validation = load(dataset, parts.validation, labels, image_size)
        say(
            f"train: {len(training)} images, {len(validation)} for validation, {len(labels)} "
            f"labels, {parameters.described()}"
        )
        fitting = Fitting(
            model,
            training,
            validation,
            labels=len(labels),
            batch_size=batch_size,
            seed=seed,
            varied=varied,
        )
        if weights == "none":
            fitting.fit(epochs, rate=learning_rate, patience=patience)
        else:
            head = 0 if keep_head(model, weights, labels) else max(1, epochs // 3)
            if head:
                model.get_layer("backbone").trainable = False
                fitting.fit(head, rate=learning_rate, patience=patience)
            if epochs > head:
                mobilenet.unfreeze_top(model)
                rate = learning_rate * FINE_TUNING_RATE
                fitting.fit(epochs - head, rate=rate, patience=patience)
        trained = Trained(folder, labels, image_size)
        gradients.averaged(model).save(trained.model)
        trained.write()
        history = {
            "schema": 1,
            "parameters": asdict(parameters),
            "best_epoch": fitting.best_epoch,
            "curves": fitting.curves,
        }
        (folder / "history.json").write_text(json.dumps(history, indent=2) + "\n")
    return fitting.curves
