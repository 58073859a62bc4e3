"""How much working memory a model takes on a microcontroller, from its file alone.

The interpreter for microcontrollers (TensorFlow Lite Micro) keeps all tensors that are not
constants in one arena. Its planner takes them by falling size and gives each the lowest place at
which it overlaps none that is needed at the same time; this is the same algorithm (Pisarchyk and
Lee, Efficient Memory Management for Deep Neural Net Inference, 2020, "greedy by size").
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

ALIGNMENT: Final = 16  # bytes
_INT8: Final = 9  # of the schema's TensorType
_BYTES: Final = {0: 4, 2: 4, 3: 1, 4: 8, 7: 2, _INT8: 1}

# What the interpreter's structures take where pointers have 64 bits, less where they have 32: of
# each tensor its TfLiteEvalTensor, of each operator its node and what it prepares, of each output
# channel of a convolution multiplier and shift, and what any model takes.
_PER_TENSOR, _PER_OPERATOR, _PER_CHANNEL, _ALWAYS = 24, 128, 8, 1024


@dataclass(frozen=True)
class Arena:
    """Bytes."""

    tensors: int  # planned as the interpreter does
    structures: int  # what it keeps about tensors and operators: an estimate from above

    @property
    def total(self) -> int:
        """What to give it."""
        return self.tensors + self.structures


@dataclass(frozen=True)
class Need:
    """When so many bytes are taken."""

    size: int
    first: int  # operator that writes it, -1 for the model's input
    last: int  # operator that reads it last


def arena(model: Path) -> Arena:
    """Of a `.tflite` file with one subgraph."""
    from ai_edge_litert import schema_py_generated as schema

    read = schema.Model.GetRootAs(model.read_bytes())
    graph = read.Subgraphs(0)
    constant = [
        bool(read.Buffers(graph.Tensors(index).Buffer()).DataLength())
        for index in range(graph.TensorsLength())
    ]
    first: dict[int, int] = {int(index): -1 for index in graph.InputsAsNumpy()}
    last: dict[int, int] = {}
    operators = [graph.Operators(index) for index in range(graph.OperatorsLength())]
    for number, operator in enumerate(operators):
        for index in operator.InputsAsNumpy():
            last[int(index)] = number
        for index in operator.OutputsAsNumpy():
            first[int(index)] = number
    for index in graph.OutputsAsNumpy():
        last[int(index)] = len(operators)
    needs = [
        Need(_bytes(graph.Tensors(index)), written, last.get(index, written))
        for index, written in first.items()
        if not constant[index]
    ]
    channels = sum(
        max(0, _scales(graph.Tensors(index)) - 1) for index in range(graph.TensorsLength())
    )
    return Arena(
        planned(needs),
        graph.TensorsLength() * _PER_TENSOR
        + len(operators) * _PER_OPERATOR
        + channels * _PER_CHANNEL
        + _ALWAYS,
    )


def planned(needs: list[Need]) -> int:
    """The end of the highest tensor when each has its place."""
    placed: list[tuple[int, Need]] = []
    for need in sorted(needs, key=lambda need: (-need.size, need.first)):
        at = 0
        for start, other in sorted(placed, key=lambda one: one[0]):
            together = need.first <= other.last and other.first <= need.last
            if together and start < at + need.size and at < start + other.size:
                at = start + other.size
        placed.append((at, need))
    return max((at + need.size for at, need in placed), default=0)


def _bytes(tensor: Any) -> int:
    size = int(np.prod(tensor.ShapeAsNumpy(), dtype=np.int64)) * _BYTES[tensor.Type()]
    return -(-size // ALIGNMENT) * ALIGNMENT


def _scales(tensor: Any) -> int:
    """How many scales 8-bit weights have; one, or one for each channel."""
    quantisation = tensor.Quantization()
    return quantisation.ScaleLength() if quantisation and tensor.Type() == _INT8 else 0
