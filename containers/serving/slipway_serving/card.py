"""Reads `model.json`, the model's card for machines, as far as serving needs it."""

import base64
import json
import math
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from slipway_features.preparing import Preparing, preparing
from slipway_serving.errors import ModelError

_SCHEMA = 1
_INPUTS = {"int8", "uint8", "float32"}


class Task(Enum):
    """What a model's answer is about."""

    IMAGES = "image-classification"
    SERIES = "series-classification"
    ANOMALIES = "anomaly-detection"


class Kernels(Enum):
    """Implementations of LiteRT's operators."""

    SERVING = "serving"  # fast, archs differ by a few steps
    REFERENCE = "reference"  # slow, integers have the same bits with every runtime on every arch


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
    """The bytes of an image file or of one window, as /predict/ takes them, and what the exported
    model answered, stored values per output."""

    data: bytes
    outputs: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Picture:
    """How an image is prepared: uint8[height, width, 3] as (pixel − mean) / std."""

    width: int
    height: int
    mean: float
    std: float


@dataclass(frozen=True)
class Card:
    """A model of images or of windows of a signal."""

    name: str
    version: str
    task: Task
    labels: tuple[str, ...]  # of anomaly-detection what is normal, and what is not
    input: Tensor
    outputs: tuple[Tensor, ...]
    preparing: Picture | Preparing
    kernels: Kernels
    unknown: float  # a best score below it is answered with "unknown"
    anomaly: float  # a mean absolute error above it is an anomaly
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
        problem = _contradiction(card)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{path} is incomplete or malformed: {type(error).__name__} {error}"
        ) from error
    if problem:
        raise ModelError(f"{path}: {problem}")
    return card


def _card(document: dict[str, Any]) -> Card:
    (given,) = document["inputs"]
    version = str(document["version"])
    task = Task(document["task"])
    thresholds = document.get("thresholds", {})
    return Card(
        name=version.rsplit("_", 2)[0],
        version=version,
        task=task,
        labels=tuple(str(label) for label in document["labels"]),
        input=_tensor(given),
        outputs=tuple(_tensor(output) for output in document["outputs"]),
        preparing=(
            _picture(document["preprocessing"])
            if task is Task.IMAGES
            else preparing(document["preprocessing"], document.get("scaling", {}))
        ),
        kernels=Kernels(document.get("kernels", Kernels.SERVING.value)),
        unknown=float(thresholds.get("unknown", 0.0)),
        anomaly=float(thresholds.get("anomaly", 0.0)),
        golden=tuple(_golden(sample) for sample in document.get("golden", [])),
        golden_tolerance=float(document.get("golden_tolerance", 0.0)),
    )


def _picture(preprocessing: dict[str, Any]) -> Picture:
    if preprocessing["kind"] != "image" or preprocessing["channels"] != 3:
        raise ValueError(f"preprocessing {preprocessing} is not that of an image in three channels")
    return Picture(
        width=int(preprocessing["width"]),
        height=int(preprocessing["height"]),
        mean=float(preprocessing["mean"]),
        std=float(preprocessing["std"]),
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
        data=base64.b64decode(document["input"], validate=True),
        outputs=tuple(tuple(float(value) for value in tensor) for tensor in document["output"]),
    )


def _contradiction(card: Card) -> str:
    """What in the card does not fit together; empty when all does."""
    if not card.labels:
        return "there are no labels"
    if card.input.dtype not in _INPUTS:
        return f"the input is {card.input.dtype}, not one of {', '.join(sorted(_INPUTS))}"
    if card.input.dtype != "float32" and not card.input.scale > 0:
        return f"the {card.input.dtype} input has no scale"
    return _input_problem(card) or _output_problem(card)


def _input_problem(card: Card) -> str:
    """Why what is prepared does not fit the input."""
    prepared = card.preparing
    if isinstance(prepared, Picture):
        if card.input.shape != (1, prepared.height, prepared.width, 3):
            size = f"{prepared.width}x{prepared.height}"
            return f"the input {card.input.shape} does not fit the image {size}"
        if not prepared.std > 0 or not math.isfinite(prepared.mean):
            return f"mean {prepared.mean} and std {prepared.std} do not normalise"
        return ""
    shape = prepared.prepare(np.zeros((prepared.window, len(prepared.axes)))).shape
    if card.input.shape != (1, *shape):
        return f"the input {card.input.shape} does not fit the features {shape} of a window"
    return ""


def _output_problem(card: Card) -> str:
    """Why what comes out is not what the task needs."""
    if card.task is not Task.ANOMALIES:
        if not card.outputs or card.outputs[0].shape != (1, len(card.labels)):
            return f"{len(card.labels)} labels do not fit the outputs"
        return ""
    if not card.outputs or card.outputs[0].shape != card.input.shape:
        return f"the output does not have the input's shape {card.input.shape}"
    if len(card.labels) != 2:
        return f"an anomaly is told by two labels, not by {', '.join(card.labels)}"
    if not card.anomaly > 0:
        return "there is no threshold for an anomaly"
    if isinstance(card.preparing, Preparing) and card.preparing.silence:
        return "silence is no reason not to look for an anomaly"
    return ""
