"""Runs the converter in a process of its own, which it can take down."""

import errno
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway.domain.errors import DiskFull, Failed
from slipway_components.export import convert


@dataclass(frozen=True, eq=False)
class Conversion:
    """A Keras file, samples that calibrate its quantisation, and where the results go."""

    model: Path
    representative: NDArray[np.float32]  # [N, …] as the model takes them
    output: Path  # an existing folder


def run(conversions: Sequence[Conversion]) -> None:
    """Convert all in one process, which starts slowly; raises Failed with its last words, DiskFull.

    All that it writes lies on the file system of the first output, so that a full one can be named.
    """
    first = conversions[0]
    with tempfile.TemporaryDirectory(dir=first.output) as scratch:
        arguments: list[Any] = []
        for number, conversion in enumerate(conversions):
            samples = Path(scratch) / f"{number}.npy"
            array = io.BytesIO()  # numpy itself would not say why a file cannot be written
            np.save(array, conversion.representative)
            samples.write_bytes(array.getvalue())
            arguments += [conversion.model, samples, conversion.output]
        done = subprocess.run(
            [sys.executable, "-m", convert.__name__, *map(str, arguments)],
            # TensorFlow numbers what it keeps in sets, whose order the hash seed decides.
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join(sys.path),
                "PYTHONHASHSEED": "0",
                "TMPDIR": scratch,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    if done.returncode != 0 and os.strerror(errno.ENOSPC) in done.stderr:
        raise DiskFull(
            f"no space left on the file system of {first.output.parent} to convert {first.model}",
            hint="Free some space and try again",
        )
    if done.returncode != 0:
        end = f"signal {-done.returncode}" if done.returncode < 0 else f"exit {done.returncode}"
        words = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise Failed(
            f"the conversion of {first.model} to LiteRT ended with {end}: {words}",
            hint="A layer that LiteRT cannot hold is the usual cause; try another architecture",
        )
