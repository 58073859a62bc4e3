"""Runs the converter in a process of its own, which it can take down."""

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

from slipway.domain.errors import Failed
from slipway_components.export import convert


@dataclass(frozen=True, eq=False)
class Conversion:
    """A Keras file, samples that calibrate its quantisation, and where the results go."""

    model: Path
    representative: NDArray[np.float32]  # [N, …] as the model takes them
    output: Path  # an existing folder


def run(conversions: Sequence[Conversion]) -> None:
    """Convert all in one process, which starts slowly; raises Failed with its last words."""
    with tempfile.TemporaryDirectory() as scratch:
        arguments: list[Any] = []
        for number, conversion in enumerate(conversions):
            samples = Path(scratch) / f"{number}.npy"
            np.save(samples, conversion.representative)
            arguments += [conversion.model, samples, conversion.output]
        done = subprocess.run(
            [sys.executable, "-m", convert.__name__, *map(str, arguments)],
            # TensorFlow numbers what it keeps in sets, whose order the hash seed decides.
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    if done.returncode != 0:
        end = f"signal {-done.returncode}" if done.returncode < 0 else f"exit {done.returncode}"
        words = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise Failed(
            f"the conversion of {conversions[0].model} to LiteRT ended with {end}: {words}",
            hint="A layer that LiteRT cannot hold is the usual cause; try another architecture",
        )
