"""Runs the model: from an image's bytes to scores, one at a time."""

import importlib
import threading
from collections.abc import Sequence
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway_features import image as features
from slipway_serving.card import Card, Golden, Tensor, read_card
from slipway_serving.errors import ModelError
from slipway_serving.images import decode

Array = NDArray[Any]


class Kernels(Enum):
    """Implementations of LiteRT's operators; the values are names of its OpResolverType."""

    SERVING = "BUILTIN_WITHOUT_DEFAULT_DELEGATES"  # fast, archs differ by a few steps
    REFERENCE = "BUILTIN_REF"  # slow, integers have the same bits with every runtime on every arch


class Engine:
    """The model in `folder`: model.tflite and model.json. Threads may share one engine; a lock
    lets in one request at a time, which also bounds the memory that decoded images take."""

    def __init__(self, folder: Path, threads: int = 1, kernels: Kernels = Kernels.SERVING) -> None:
        """Load the model; raises ModelError when it does not load or contradicts its card."""
        self.card: Card = read_card(folder / "model.json")
        self._interpreter, self.runtime = _load(folder / "model.tflite", threads, kernels)
        self._lock = threading.Lock()
        self._inputs = self._details("input", [self.card.input])
        self._outputs = self._details("output", self.card.outputs)

    @property
    def integers(self) -> bool:
        """Whether the model computes in integers throughout, where the order of sums, unlike with
        floats, changes no bit."""
        details = self._interpreter.get_tensor_details()
        return all(np.dtype(tensor["dtype"]).kind != "f" for tensor in details)

    def scores(self, image: bytes) -> NDArray[np.float64]:
        """An image file's bytes → one score per label; RequestError when it is no image."""
        return self.real(self.stored(image))

    def real(self, outputs: Sequence[Array]) -> NDArray[np.float64]:
        """Stored output tensors → one score per label."""
        tensor = self.card.outputs[0]
        stored = outputs[0].reshape(-1)
        if not tensor.scale:
            return stored.astype(np.float64)
        return features.dequantise(stored, scale=tensor.scale, zero_point=tensor.zero_point)

    def stored(self, image: bytes) -> list[Array]:
        """An image file's bytes → the output tensors as the model stores them."""
        card = self.card
        with self._lock:
            pixels = features.prepare(decode(image), width=card.width, height=card.height)
            return self._invoke([self._quantised(pixels)[np.newaxis]])

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """Stored input tensors, of the card's shapes and types → stored output tensors."""
        with self._lock:
            return self._invoke(inputs)

    def distance(self, sample: Golden) -> float:
        """How far the answer to a golden sample is from the stored one, at the worst value.

        Infinite when the shapes differ or a value is not a number.
        """
        worst = 0.0
        answers = self.stored(sample.image)
        if len(answers) != len(sample.outputs):
            return float("inf")
        for answer, expected in zip(answers, sample.outputs, strict=True):
            if answer.size != len(expected):
                return float("inf")
            distances = np.abs(answer.reshape(-1).astype(np.float64) - np.array(expected))
            worst = max(worst, float(np.nan_to_num(distances, nan=np.inf).max(initial=0.0)))
        return worst

    def _quantised(self, pixels: NDArray[np.uint8]) -> Array:
        card = self.card
        if card.input.dtype == "float32":
            return features.normalise(pixels, mean=card.mean, std=card.std)
        return features.quantise(
            pixels,
            scale=card.input.scale,
            zero_point=card.input.zero_point,
            mean=card.mean,
            std=card.std,
            dtype="uint8" if card.input.dtype == "uint8" else "int8",
        )

    def _invoke(self, inputs: Sequence[Array]) -> list[Array]:
        for index, values in zip(self._inputs, inputs, strict=True):
            self._interpreter.set_tensor(index, values)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]

    def _details(self, which: str, tensors: Sequence[Tensor]) -> list[int]:
        """The interpreter's indexes of the card's tensors, which are in the same order."""
        found = getattr(self._interpreter, f"get_{which}_details")()
        real = [(tuple(map(int, d["shape"])), np.dtype(d["dtype"]).name) for d in found]
        said = [(tensor.shape, tensor.dtype) for tensor in tensors]
        if real != said:
            raise ModelError(f"model.json says {which}s {said}, model.tflite has {real}")
        return [int(details["index"]) for details in found]


def _load(path: Path, threads: int, kernels: Kernels) -> tuple[Any, str]:
    """The interpreter and its name. Without delegates, so that the number of threads changes
    no bit."""
    if not path.is_file():
        raise ModelError(f"{path} does not exist")
    library, module = _interpreter_module()
    try:
        interpreter = module.Interpreter(
            model_path=str(path),
            num_threads=threads,
            experimental_op_resolver_type=module.OpResolverType[kernels.value],
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{path} does not load: {error}") from error
    return interpreter, library


def _interpreter_module() -> tuple[str, Any]:
    """Whichever LiteRT there is: ai-edge-litert, or tflite-runtime where that has no build."""
    reasons = []
    for package in ("ai_edge_litert", "tflite_runtime"):
        try:
            module = importlib.import_module(f"{package}.interpreter")
        except ImportError as error:
            reasons.append(str(error))
        else:
            return _named(package.replace("_", "-")), module
    raise ModelError(f"there is no LiteRT: {'; '.join(reasons)}")


def _named(distribution: str) -> str:
    try:
        return f"{distribution} {version(distribution)}"
    except PackageNotFoundError:  # its metadata was left out of the image
        return distribution
