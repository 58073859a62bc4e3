"""Numbers as C sources."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WIDTH = 98


def array(kind: str, name: str, values: NDArray[Any]) -> str:
    """`static const KIND NAME[…] = {…};`, for a header that one file includes."""
    sizes = "".join(f"[{size}]" for size in values.shape)
    return f"static const {kind} {name}{sizes} = {braced(values)};\n"


def braced(values: NDArray[Any]) -> str:
    """The values of any number of dimensions between braces, as lines of limited width."""
    if values.ndim > 1:
        return "{\n" + ",\n".join(braced(row) for row in values) + "}"
    return "{\n" + "\n".join(_lines([f"{_number(value)}," for value in values])) + "\n}"


def define(name: str, value: int | float) -> str:
    """`#define NAME VALUE`."""
    return f"#define {name} {_number(value)}\n"


def strings(name: str, values: Sequence[str]) -> str:
    """An array of strings."""
    quoted = ", ".join(
        '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values
    )
    return f"static const char *const {name}[{len(values)}] = {{{quoted}}};\n"


def _number(value: Any) -> str:
    if isinstance(value, int | np.integer):
        return str(int(value))
    single = repr(float(np.float32(value)))
    return f"{single}f"


def _lines(words: Iterable[str]) -> Iterable[str]:
    line = ""
    for word in words:
        if line and len(line) + len(word) + 1 > _WIDTH:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    yield line
