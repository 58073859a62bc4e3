"""The model card for machines, `model.json`: all that a serving container needs to know.

The serving app reads the same file without importing this package, so the JSON is the contract
and this class its one description:

    {"schema": 1, "version": "equipmentparts_1_1501089026", "task": "image-classification",
     "labels": ["bracket", …],
     "inputs":  [{"name": "image", "shape": [1, 96, 96, 3], "dtype": "int8",
                  "quantisation": {"scale": 0.0078, "zero_point": -1}}],
     "outputs": [{"name": "scores", "shape": [1, 5], "dtype": "int8", "quantisation": {…}}],
     "preprocessing": {"kind": "image", …},           parameters of slipway_features
     "scaling": {"offset": [0.1, …], "factor": [2.5, …]},       of signals, learned in training
     "kernels": "serving",                            which LiteRT kernels answer
     "thresholds": {"unknown": 0.0},                  below it the answer is "unknown"
     "metrics": {"accuracy": 0.97, …},
     "lineage": {"git_commit": …, "configuration_digest": …, "dataset_digest": …, "seeds": "…"},
     "golden": [{"input": BASE64, "output": [[-128, …]]}],    raw bytes as /predict/ takes them,
     "golden_tolerance": 0.0}       each output tensor flat, as exported; largest allowed distance

A signal's preprocessing is what slipway_features.preparing reads. What is scaled is learned anew by
every training, and so is no part of the interface that MAJOR guards.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Self

from slipway.domain.errors import InvalidCard, SlipwayError
from slipway.domain.names import ModelVersion

SCHEMA = 1
_AGAIN = "Export the model again; docs/own-model.md lists the fields"

Value = str | int | float | bool | list[str] | list[int] | list[float]


class Task(StrEnum):
    """What a model's answer is about."""

    IMAGES = "image-classification"
    SERIES = "series-classification"  # windows of a signal
    ANOMALIES = "anomaly-detection"  # the model gives each window back, as far as it knows it


class Kernels(StrEnum):
    """Which of LiteRT's implementations of its operators serve a model."""

    SERVING = "serving"  # fast; archs differ by a few steps
    REFERENCE = "reference"  # slow; with integers the same bits on every arch


@dataclass(frozen=True)
class Quantisation:
    """real = scale × (stored − zero_point)."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class Tensor:
    """One input or output tensor of the exported model."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantisation: Quantisation | None = None


@dataclass(frozen=True)
class GoldenSample:
    """A real input and what the exported model answered to it."""

    input: str  # base64 of the bytes that /predict/ takes: a PNG file, or one window as JSON
    output: tuple[tuple[float, ...], ...]  # one flat tuple per output tensor, in stored units


@dataclass(frozen=True)
class ModelCard:
    """What `model.json` says; see the module's docstring for the fields."""

    version: ModelVersion
    task: Task
    labels: tuple[str, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    preprocessing: Mapping[str, Value]
    scaling: Mapping[str, list[float]] = field(default_factory=dict)
    kernels: Kernels = Kernels.SERVING
    thresholds: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    lineage: Mapping[str, str] = field(default_factory=dict)
    golden: tuple[GoldenSample, ...] = ()
    golden_tolerance: float = 0.0

    def to_json(self) -> bytes:
        """The file's bytes: sorted keys, two spaces, a final newline."""
        document = {"schema": SCHEMA, **asdict(self), "version": str(self.version)}
        return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()

    @classmethod
    def parse(cls, data: bytes, name: str = "model.json") -> Self:
        """Read the bytes of the file `name`; raises InvalidCard, naming the field at fault."""
        try:
            document = json.loads(data)
        except ValueError as error:
            raise InvalidCard(f"{name} is not JSON: {error}", hint=_AGAIN) from error
        schema = document.get("schema") if isinstance(document, dict) else None
        if schema != SCHEMA:
            raise InvalidCard(
                f"{name} has schema {schema!r}",
                hint=f"This Slipway reads schema {SCHEMA}; export the model again",
            )
        try:
            return cls(
                version=ModelVersion.parse(document["version"]),
                task=Task(document["task"]),
                labels=tuple(map(str, document["labels"])),
                inputs=tuple(map(_tensor, document["inputs"])),
                outputs=tuple(map(_tensor, document["outputs"])),
                preprocessing=dict(document["preprocessing"]),
                scaling={k: _numbers(v) for k, v in document.get("scaling", {}).items()},
                kernels=Kernels(document.get("kernels", Kernels.SERVING)),
                thresholds={k: float(v) for k, v in document.get("thresholds", {}).items()},
                metrics={k: float(v) for k, v in document.get("metrics", {}).items()},
                lineage={k: str(v) for k, v in document.get("lineage", {}).items()},
                golden=tuple(map(_golden, document.get("golden", []))),
                golden_tolerance=float(document.get("golden_tolerance", 0.0)),
            )
        except SlipwayError as error:
            raise InvalidCard(f"{name}: {error.message}", hint=error.hint or _AGAIN) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidCard(
                f"{name} is incomplete or malformed: {type(error).__name__} {error}",
                hint=_AGAIN,
            ) from error


def _tensor(document: Mapping[str, object]) -> Tensor:
    quantisation = document.get("quantisation")
    shape = document["shape"]
    if not isinstance(shape, list):
        raise InvalidCard(f"tensor shape {shape!r} is not a list")
    return Tensor(
        name=str(document["name"]),
        shape=tuple(int(size) for size in shape),
        dtype=str(document["dtype"]),
        quantisation=(
            Quantisation(float(quantisation["scale"]), int(quantisation["zero_point"]))
            if isinstance(quantisation, dict)
            else None
        ),
    )


def _numbers(values: object) -> list[float]:
    if not isinstance(values, list):
        raise InvalidCard(f"scaling {values!r} is not a list")
    return [float(value) for value in values]


def _golden(document: Mapping[str, object]) -> GoldenSample:
    output = document["output"]
    if not isinstance(output, list):
        raise InvalidCard(f"golden output {output!r} is not a list")
    return GoldenSample(
        input=str(document["input"]),
        output=tuple(tuple(float(value) for value in tensor) for tensor in output),
    )
