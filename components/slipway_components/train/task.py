"""Trains the classifier: transfer learning with weights, the whole network without."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from slipway.domain.errors import InvalidInput
from slipway_components.folder import appearing
from slipway_components.images import load, read_split
from slipway_components.progress import say
from slipway_components.tensorflow_import import begin_training
from slipway_components.train.augment import strength
from slipway_components.train.fitting import Curves, Fitting
from slipway_components.train.head import keep_head
from slipway_components.train.network import BLOCKS, build, check, unfreeze_top
from slipway_components.trained import Trained

FINE_TUNING_RATE = 0.05  # of the head's learning rate: pretrained layers are only nudged


@dataclass(frozen=True)
class TrainingParameters:
    """What a training is told; history.json repeats it. InvalidInput or NotFound for what cannot
    be, as far as it can be known without TensorFlow."""

    image_size: int  # pixels, width and height
    alpha: float  # width multiplier of MobileNetV2
    blocks: int  # inverted residual blocks that are kept, 17 for all
    weights: str  # imagenet, none, or a file
    epochs: int
    batch_size: int
    learning_rate: float
    patience: int  # epochs without a better validation loss before it stops
    augmentation: str  # strong or mild
    seed: int

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience", "learning_rate"):
            if not getattr(self, name) > 0:
                raise InvalidInput(
                    f"{name} is {getattr(self, name)}", hint="Use a value greater than 0"
                )
        if not 0 <= self.seed < 2**32:
            raise InvalidInput(f"seed is {self.seed}", hint="Use 0 to 4294967295")
        strength(self.augmentation)
        check(self.image_size, self.alpha, self.blocks, self.weights)


def train(
    dataset: Path,
    split: Path,
    output: Path,
    *,
    image_size: int = 96,
    alpha: float = 0.35,
    blocks: int = BLOCKS,
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
    the best epoch). Without weights the whole network learns; with weights its head does for a
    third of the epochs, then the top of the backbone too, at a low rate; a head that came with the
    weights, for the same labels, is taken as it is. The weights of the best validation loss are
    kept. The same inputs give the same model on the same machine.

    Raises InvalidInput for an impossible parameter, InvalidDataset, NotFound for a weights file
    that is not there, Unavailable when the ImageNet weights cannot be fetched.
    """
    parameters = TrainingParameters(
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
        network = build(
            len(labels), image_size=image_size, alpha=alpha, blocks=blocks, weights=weights
        )
        training = load(dataset, parts.train, labels, image_size)
        validation = load(dataset, parts.validation, labels, image_size)
        say(
            f"train: {len(training)} images, {len(validation)} for validation, {len(labels)} "
            f"labels, MobileNetV2 {alpha} of {blocks} blocks at {image_size} pixels, "
            f"weights {weights}"
        )
        fitting = Fitting(
            network,
            training,
            validation,
            labels=len(labels),
            batch_size=batch_size,
            seed=seed,
            varied=strength(augmentation),
        )
        if weights == "none":
            fitting.fit(epochs, rate=learning_rate, patience=patience)
        else:
            head = 0 if keep_head(network, weights, labels) else max(1, epochs // 3)
            if head:
                network.get_layer("backbone").trainable = False
                fitting.fit(head, rate=learning_rate, patience=patience)
            if epochs > head:
                unfreeze_top(network)
                rate = learning_rate * FINE_TUNING_RATE
                fitting.fit(epochs - head, rate=rate, patience=patience)
        trained = Trained(folder, labels, image_size)
        network.save(trained.model)
        trained.write()
        history = {
            "schema": 1,
            "parameters": asdict(parameters),
            "best_epoch": fitting.best_epoch,
            "curves": fitting.curves,
        }
        (folder / "history.json").write_text(json.dumps(history, indent=2) + "\n")
    return fitting.curves
