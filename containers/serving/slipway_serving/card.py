"""Reads `model.json`, the model's card for machines, as far as serving needs it."""

import base64
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway_serving.errors import ModelError

_SCHEMA = 1
_INPUTS = {"int8", "uint8", "float32"}


@dataclass(frozen=True)
class Tensor:
    """One input or output: real = scale × (stored − zero_point); scale 0 means not quantised."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True)
class Golden:
    """The bytes of an image and what the exported model answered, stored values per output."""

    image: bytes
    outputs: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Card:
    """A classifier of images: input uint8[height, width, 3] as (pixel − mean) / std."""

    name: str
    version: str
    labels: tuple[str, ...]
    input: Tensor
    outputs: tuple[Tensor, ...]
    width: int
    height: int
    mean: float
    std: float
    unknown: float  # a best score below it is answered with "unknown"
    golden: tuple[Golden, ...]
    golden_tolerance: float  # largest allowed distance of a stored value


def read_card(path: Path) -> Card:
    """Read and check the file; raises ModelError, naming what is wrong."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != _SCHEMA:
        raise ModelError(f"{path} is not of schema {_SCHEMA}, which is the one this app reads")
    try:
        card = _card(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{path} is incomplete or malformed: {type(error).__name__} {error}"
        ) from error
    problem = _contradiction(card)
    if problem:
        raise ModelError(f"{path}: {problem}")
    return card


def _card(document: dict[str, Any]) -> Card:
    preprocessing = document["preprocessing"]
    if preprocessing["kind"] != "image" or preprocessing["channels"] != 3:
        raise ValueError(f"preprocessing {preprocessing} is not that of an image in three channels")
    (given,) = document["inputs"]
    version = str(document["version"])
    return Card(
        name=version.rsplit("_", 2)[0],
        version=version,
        labels=tuple(str(label) for label in document["labels"]),
        input=_tensor(given),
        outputs=tuple(_tensor(output) for output in document["outputs"]),
        width=int(preprocessing["width"]),
        height=int(preprocessing["height"]),
        mean=float(preprocessing["mean"]),
        std=float(preprocessing["std"]),
        unknown=float(document.get("thresholds", {}).get("unknown", 0.0)),
        golden=tuple(_golden(sample) for sample in document.get("golden", [])),
        golden_tolerance=float(document.get("golden_tolerance", 0.0)),
    )


def _tensor(document: dict[str, Any]) -> Tensor:
    quantisation = document.get("quantisation") or {"scale": 0.0, "zero_point": 0}
    return Tensor(
        name=str(document["name"]),
        shape=tuple(int(size) for size in document["shape"]),
        dtype=str(document["dtype"]),
        scale=float(quantisation["scale"]),
        zero_point=int(quantisation["zero_point"]),
    )


def _golden(document: dict[str, Any]) -> Golden:
    return Golden(
        image=base64.b64decode(document["input"], validate=True),
        outputs=tuple(tuple(float(value) for value in tensor) for tensor in document["output"]),
    )


def _contradiction(card: Card) -> str:
    """What in the card does not fit together; empty when all does."""
    if not card.labels:
        return "there are no labels"
    if card.input.dtype not in _INPUTS:
        return f"the input is {card.input.dtype}, not one of {', '.join(sorted(_INPUTS))}"
    if card.input.shape != (1, card.height, card.width, 3):
        return f"the input {card.input.shape} does not fit the image {card.width}x{card.height}"
    if card.input.dtype != "float32" and not card.input.scale > 0:
        return f"the {card.input.dtype} input has no scale"
    if not card.std > 0 or not math.isfinite(card.mean):
        return f"mean {card.mean} and std {card.std} do not normalise"
    if not card.outputs or card.outputs[0].shape != (1, len(card.labels)):
        return f"{len(card.labels)} labels do not fit the outputs"
    return ""
