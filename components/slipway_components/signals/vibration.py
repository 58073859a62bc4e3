"""Whether a bearing is healthy, from its vibration, learned from healthy bearings alone.

A network gives windows back that it has squeezed through a narrow code. It only knows how to do
that with what it has learned from; the mean absolute error of anything else is larger (P. Malhotra
et al., LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection, ICML Anomaly Detection
Workshop 2016).
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from slipway.domain.card import Task
from slipway.domain.errors import InvalidDataset, InvalidInput
from slipway_components.configure.task import between
from slipway_components.signals.lorenz import AXES, RATE, Lorenz, State
from slipway_components.signals.recordings import Recording
from slipway_components.signals.vibration_start import Start
from slipway_components.signals.workloads import Parameters, Reals, Workload
from slipway_components.tensorflow_import import import_keras
from slipway_features.reading import read
from slipway_features.scaling import Scaling

HEALTHY: Final = "healthy"
ANOMALY: Final = "anomaly"
AMPLITUDES: Final = ("keep", "remove")
LEAST_UNITS: Final = 12  # of fewer the converter leaves parts of the first step in floats
_SYNTHETIC: Final = 3000  # samples of a recording


class Vibration(Workload):
    """Short windows of vibration, an autoencoder of recurrent layers."""

    task = Task.ANOMALIES
    axes = AXES
    labels = (HEALTHY, ANOMALY)

    def check(self, parameters: Parameters) -> None:
        """See the base class."""
        if parameters["amplitude"] not in AMPLITUDES:
            raise InvalidInput(
                f"amplitude is {parameters['amplitude']!r}", hint=f"It is {' or '.join(AMPLITUDES)}"
            )
        between("window", parameters["window"], 2, 100)
        between("depth", parameters["depth"], 1, 4)
        between("units", parameters["units"], LEAST_UNITS, 128)
        between("code", parameters["code"], 1, int(parameters["window"]) * len(AXES) - 1)
        between("stride", parameters["stride"], 1, int(parameters["step"]))

    def preprocessing(self, parameters: Parameters) -> dict[str, Any]:
        """Without the amplitude, each window is scaled by itself."""
        return {
            "kind": "series",
            "axes": list(self.axes),
            "rate": float(parameters["rate"]),
            "window": int(parameters["window"]),
            "step": int(parameters["step"]),
            "own_scale": parameters["amplitude"] == "remove",
        }

    def scaling(self, features: Reals, parameters: Parameters) -> Scaling:
        """What is healthy gets a mean of 0 and a deviation of 1 on each axis; windows that were
        scaled by themselves have that already. The scaling of the version whose training goes on
        stays, as the device's windows are to look the same to what its weights know."""
        if parameters["amplitude"] == "remove":
            return Scaling()
        if parameters["weights"] and not parameters["rescale"]:
            return Start.read(parameters["weights"]).scaling
        return Scaling.standard(features)

    def network(self, shape: tuple[int, ...], labels: int, parameters: Parameters) -> Any:
        """`depth` recurrent layers, a code of a few values, as many layers again (all unrolled:
        LiteRT has no other in int8). Its weights are those of the version whose training goes on.
        """
        keras, _ = import_keras()
        layers = keras.layers
        units, depth = int(parameters["units"]), int(parameters["depth"])
        signal = keras.Input(shape, name="signal")
        x = signal
        for _ in range(depth):
            x = layers.LSTM(units, return_sequences=True, unroll=True)(x)
        x = layers.Dense(int(parameters["code"]), name="code")(layers.Flatten()(x))
        # The code at every step. LiteRT's reference kernels know no repetition of integers.
        x = layers.Reshape((shape[0], -1))(layers.Concatenate()([x] * shape[0]))
        for _ in range(depth):
            x = layers.LSTM(units, return_sequences=True, unroll=True)(x)
        x = layers.Dense(int(np.prod(shape)))(layers.Flatten()(x))
        network = keras.Model(signal, layers.Reshape(shape, name="again")(x))
        if parameters["weights"]:
            Start.read(parameters["weights"]).give(network)
        return network

    def variations(
        self, recording: Recording, parameters: Parameters, rng: np.random.Generator
    ) -> Iterator[Recording]:
        """The recording as it is when it begins later, by `stride` samples and multiples of it: a
        bearing may be at any point when a window begins."""
        stride, step, window = (int(parameters[name]) for name in ("stride", "step", "window"))
        for first in range(stride, min(step, len(recording.values) - window + 1), stride):
            yield replace(
                recording,
                name=f"{recording.name}~{first}",
                values=recording.values[first:],
                source=recording.group,
            )

    def load(self, source: Path) -> Iterator[Recording]:
        """healthy.csv and other CSV files, or LABEL/*.csv; whatever is not labelled healthy is an
        anomaly. A header names x, y and z; other columns are left out."""
        for entry in _visible(source):
            for file in _visible(entry) if entry.is_dir() else [entry]:
                yield _recording(file, file.parent.name if entry.is_dir() else file.stem)

    def synthesise(self, seed: int, recordings: int) -> Iterator[Recording]:
        """See `lorenz`; each begins elsewhere."""
        states = {HEALTHY: State.HEALTHY, ANOMALY: State.BROKEN}
        seeds = np.random.default_rng(seed).integers(2**32, size=(len(states), recordings))
        for row, (label, state) in zip(seeds, states.items(), strict=True):
            for number, one in enumerate(row, 1):
                values = Lorenz(int(one), state).take(_SYNTHETIC)
                yield Recording(label, f"{state}-{number}", values, RATE, self.axes)


def _recording(file: Path, label: str) -> Recording:
    if file.suffix.lower() != ".csv" or not file.is_file():
        raise InvalidDataset(f"{file} is no .csv file", hint="Convert or remove it")
    try:
        reading = read(file.read_bytes(), AXES)
    except (OSError, ValueError) as error:
        raise InvalidDataset(f"{file}: {error}", hint="Mend or remove it") from error
    known = HEALTHY if label == HEALTHY else ANOMALY
    name = file.stem if file.stem == label else f"{label}-{file.stem}"
    return Recording(known, name, reading.values, reading.rate, AXES)


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
