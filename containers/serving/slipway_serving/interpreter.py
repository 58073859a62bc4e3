"""LiteRT: loads a model's file and invokes it. Not for two threads at once."""

import importlib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slipway_serving.card import Kernels, Tensor
from slipway_serving.errors import ModelError

Array = NDArray[Any]

# Names of LiteRT's OpResolverType. Without delegates, so that the number of threads changes no bit.
_RESOLVERS: Final = {
    Kernels.SERVING: "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    Kernels.REFERENCE: "BUILTIN_REF",
}


class Interpreter:
    """A model's file with the tensors that its card says."""

    def __init__(
        self,
        path: Path,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        *,
        threads: int,
        kernels: Kernels,
    ) -> None:
        """Load it; ModelError when it does not load or has other tensors."""
        self._model, self.runtime = _load(path, threads, kernels)
        self._inputs = self._indexes("input", inputs)
        self._outputs = self._indexes("output", outputs)

    @property
    def integers(self) -> bool:
        """Whether the model computes in integers throughout, where the order of sums, unlike with
        floats, changes no bit."""
        details = self._model.get_tensor_details()
        return all(np.dtype(tensor["dtype"]).kind != "f" for tensor in details)

    def invoke(self, inputs: Sequence[Array]) -> list[Array]:
        """Stored input tensors, of the card's shapes and types → stored output tensors."""
        for index, values in zip(self._inputs, inputs, strict=True):
            self._model.set_tensor(index, values)
        self._model.invoke()
        return [self._model.get_tensor(index) for index in self._outputs]

    def _indexes(self, which: str, tensors: Sequence[Tensor]) -> list[int]:
        """Of the card's tensors, which are in the same order as the file's."""
        found = getattr(self._model, f"get_{which}_details")()
        real = [(tuple(map(int, d["shape"])), np.dtype(d["dtype"]).name) for d in found]
        said = [(tensor.shape, tensor.dtype) for tensor in tensors]
        if real != said:
            raise ModelError(f"model.json says {which}s {said}, model.tflite has {real}")
        return [int(details["index"]) for details in found]


def _load(path: Path, threads: int, kernels: Kernels) -> tuple[Any, str]:
    """LiteRT's own interpreter and its name."""
    if not path.is_file():
        raise ModelError(f"{path} does not exist")
    library, module = _library()
    try:
        model = module.Interpreter(
            model_path=str(path),
            num_threads=threads,
            experimental_op_resolver_type=module.OpResolverType[_RESOLVERS[kernels]],
        )
        model.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{path} does not load: {error}") from error
    return model, library


def _library() -> tuple[str, Any]:
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
