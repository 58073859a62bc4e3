"""Runs an exported model as a device does: LiteRT, one input at a time."""

from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway.domain.card import Quantisation, Tensor


class Kernels(Enum):
    """Implementations of LiteRT's operators; the values are names of its OpResolverType."""

    REFERENCE = "BUILTIN_REF"  # slow, the same bits with every runtime on every arch
    SERVING = "BUILTIN_WITHOUT_DEFAULT_DELEGATES"  # what serving uses, thread count without effect
    DELEGATED = "AUTO"  # with XNNPACK where the build has it, what LiteRT does by itself


class LiteRtModel:
    """A `.tflite` file with one input [1, …] and one output [1, …]."""

    def __init__(
        self, path: Path, kernels: Kernels = Kernels.SERVING, given: str = "image"
    ) -> None:
        """`given`: how the card names the input."""
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._interpreter = Interpreter(
            model_path=str(path),
            num_threads=1,
            experimental_op_resolver_type=OpResolverType[kernels.value],
        )
        self._interpreter.allocate_tensors()
        (question,) = self._interpreter.get_input_details()
        (answer,) = self._interpreter.get_output_details()
        self._input, self._output = question["index"], answer["index"]
        self.input = _tensor(given, question)
        self.output = _tensor("scores", answer)

    def invoke(self, prepared: NDArray[Any]) -> NDArray[Any]:
        """One input [height, width, 3] or other, in its dtype → the output [labels], stored."""
        self._interpreter.set_tensor(self._input, prepared[np.newaxis])
        self._interpreter.invoke()
        return np.array(self._interpreter.get_tensor(self._output)[0])


def _tensor(name: str, details: dict[str, Any]) -> Tensor:
    scale, zero_point = details["quantization"]
    return Tensor(
        name=name,
        shape=tuple(int(size) for size in details["shape"]),
        dtype=np.dtype(details["dtype"]).name,
        quantisation=Quantisation(float(scale), int(zero_point)) if scale else None,
    )
