"""What a training leaves beside `model.keras`: labels.json, read by export."""

import json
from dataclasses import dataclass
from pathlib import Path

from slipway.domain.errors import NotFound

MEAN = 127.5  # real = (pixel − MEAN) / STD: the range −1 … 1 that MobileNetV2 was made for
STD = 127.5
MODEL_FILE = "model.keras"
LABELS_FILE = "labels.json"


@dataclass(frozen=True)
class Trained:
    """A training's output folder."""

    folder: Path
    labels: tuple[str, ...]  # in the order of the scores
    image_size: int  # pixels, width and height

    @property
    def model(self) -> Path:
        """The Keras file."""
        return self.folder / MODEL_FILE

    def write(self) -> None:
        """Write labels.json."""
        document = {"schema": 1, "labels": self.labels, "image_size": self.image_size}
        (self.folder / LABELS_FILE).write_text(json.dumps(document, indent=2) + "\n")


def read_trained(folder: Path) -> Trained:
    """Read a training's output folder; raises NotFound when it is not one."""
    try:
        document = json.loads((folder / LABELS_FILE).read_bytes())
        trained = Trained(folder, tuple(document["labels"]), int(document["image_size"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotFound(
            f"{folder} holds no trained model: {type(error).__name__} {error}",
            hint=f"Name the folder that train wrote, with {MODEL_FILE} and {LABELS_FILE}",
        ) from error
    if not trained.model.is_file():
        raise NotFound(f"{trained.model} does not exist", hint="Train the model again")
    return trained
