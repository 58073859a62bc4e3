"""Reads the images of a split as arrays: what train, evaluate and export have in common."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slipway.domain.errors import InvalidDataset
from slipway_features import image as features

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Paths relative to the data set, `LABEL/…`, by part."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, sorted: their order is the order of the model's scores."""
        return tuple(sorted({label_of(p) for p in self.train + self.validation + self.test}))


@dataclass(frozen=True)
class Images:
    """Prepared images and the index of each one's label."""

    pixels: NDArray[np.uint8]  # [N, height, width, 3]
    targets: NDArray[np.int64]  # [N]

    def __len__(self) -> int:
        return len(self.targets)


def label_of(path: str) -> str:
    """The label of a relative path: its first folder."""
    return path.split("/", 1)[0]


def read_split(path: Path) -> Split:
    """Read split.json; raises InvalidDataset when it is malformed or a part is empty."""
    try:
        document = json.loads(path.read_bytes())
        split = Split(**{part: tuple(map(str, document[part])) for part in PARTS})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidDataset(
            f"{path} is not a split: {type(error).__name__} {error}", hint="Make the split again"
        ) from error
    for part in PARTS:
        if not getattr(split, part):
            raise InvalidDataset(
                f"the split has no {part} images",
                hint="Give more sources for each label, or a larger share to that part",
            )
    if len(split.labels) < 2:
        raise InvalidDataset(
            f"the split has the one label {split.labels[0]!r}",
            hint="A classifier needs at least two labels",
        )
    missing = sorted(set(split.labels) - {label_of(path) for path in split.train})
    if missing:
        raise InvalidDataset(
            f"the label {missing[0]!r} has no training image",
            hint="Give more sources for that label, or another seed for the split",
        )
    return split


def decode(path: Path) -> NDArray[np.uint8]:
    """The image as uint8[height, width, 3]; raises InvalidDataset when it cannot be read."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise InvalidDataset(
            f"{path} cannot be read as an image: {error}",
            hint="Remove or replace the file, then make the snapshot and the split again",
        ) from error


def load(dataset: Path, paths: Sequence[str], labels: Sequence[str], size: int) -> Images:
    """Read and prepare images exactly as the device does, at `size` × `size` pixels.

    Raises InvalidDataset for an unreadable image or a label that is not in `labels`.
    """
    index = {label: number for number, label in enumerate(labels)}
    pixels = np.empty((len(paths), size, size, 3), np.uint8)
    targets = np.empty(len(paths), np.int64)
    for row, path in enumerate(paths):
        label = label_of(path)
        if label not in index:
            raise InvalidDataset(
                f"{path}: the model has no label {label!r}",
                hint=f"It was trained on {', '.join(labels)}",
            )
        pixels[row] = features.prepare(decode(dataset / path), width=size, height=size)
        targets[row] = index[label]
    return Images(pixels, targets)
