"""Which appliance is running, from the vibration of what it stands on: acceleration in three axes.

A recording's length, the times of its samples and their rate tell the classes of the known data
apart without any vibration, so only the values of the three axes are ever looked at.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from slipway.domain.errors import InvalidInput
from slipway_components.signals.appliances_synthetic import AXES, synthesise
from slipway_components.signals.folders import load_signals
from slipway_components.signals.recordings import Recording
from slipway_components.signals.workloads import Parameters, Reals, Workload
from slipway_components.tensorflow_import import import_keras
from slipway_features.scaling import Scaling

NETWORKS: Final = ("pooling", "gru")
LEAST_WINDOW: Final = 16  # samples, of which three are left where the second convolution begins

STRENGTH: Final = 0.47  # logarithm of how much stronger or weaker an axis may be: 0.63 to 1.6
TURN: Final = 0.035  # rad, 2 degrees
LEAST_KEPT: Final = 0.6  # share of the samples that arrive


class Appliances(Workload):
    """Windows of acceleration (g) as they are, standard scaling, a small convolutional network."""

    axes = AXES

    def check(self, parameters: Parameters) -> None:
        """See the base class."""
        if parameters["network"] not in NETWORKS:
            raise InvalidInput(
                f"network is {parameters['network']!r}", hint=f"It is {' or '.join(NETWORKS)}"
            )
        if int(parameters["window"]) < LEAST_WINDOW:
            raise InvalidInput(
                f"window is {parameters['window']}",
                hint=f"The network takes {LEAST_WINDOW} samples or more",
            )
        if int(parameters["variations"]) < 0:
            raise InvalidInput(
                f"variations is {parameters['variations']}", hint="Use 0 or more of each recording"
            )

    def preprocessing(self, parameters: Parameters) -> dict[str, Any]:
        """Windows of any rate."""
        return {
            "kind": "series",
            "axes": list(self.axes),
            "rate": 0.0,
            "window": int(parameters["window"]),
            "step": int(parameters["step"]),
        }

    def scaling(self, features: Reals, parameters: Parameters) -> Scaling:
        """A mean of 0 and a deviation of 1 for each axis."""
        return Scaling.standard(features)

    def network(self, shape: tuple[int, ...], labels: int, parameters: Parameters) -> Any:
        """Conv1D, pooling, Conv1D, then a GRU (unrolled: LiteRT has no other in int8) or the mean
        over time."""
        keras, _ = import_keras()
        layers = keras.layers
        signal = keras.Input(shape, name="signal")
        x = layers.Conv1D(16, 5, activation="relu")(signal)
        x = layers.MaxPooling1D(4)(x)
        x = layers.Conv1D(32, 3, activation="relu")(x)
        gru = parameters["network"] == "gru"
        x = layers.GRU(24, unroll=True)(x) if gru else layers.GlobalAveragePooling1D()(x)
        x = layers.Dropout(0.2)(x)
        x = layers.Dense(24, activation="relu")(x)
        scores = layers.Dense(labels, activation="softmax", name="scores")(x)
        return keras.Model(signal, scores)

    def variations(
        self, recording: Recording, parameters: Parameters, rng: np.random.Generator
    ) -> Iterator[Recording]:
        """The same vibration felt on other supports, by a sensor that lies a little askew or the
        other way round, and whose radio lost some of the samples."""
        for number in range(int(parameters["variations"])):
            middle = recording.values.mean(axis=0)
            strength = np.exp(rng.uniform(-STRENGTH, STRENGTH, 3)) * rng.choice([-1, 1], 3)
            values = middle + (recording.values - middle) * strength
            values = values @ _turn(rng, TURN)
            least = max(int(LEAST_KEPT * len(values)), int(parameters["window"]))
            kept = int(rng.integers(min(least, len(values)), len(values), endpoint=True))
            yield replace(
                recording,
                name=f"{recording.name}~{number}",
                values=values[np.sort(rng.permutation(len(values))[:kept])],
                source=recording.group,
            )

    def load(self, source: Path) -> Iterator[Recording]:
        """LABEL/*.csv whose header names x, y and z, in g; other columns are left out."""
        return load_signals(source, ".csv", self.axes)

    def synthesise(self, seed: int, recordings: int) -> Iterator[Recording]:
        """See `appliances_synthetic`."""
        return synthesise(seed, recordings)


def _turn(rng: np.random.Generator, most: float) -> Reals:
    """A rotation [3, 3] by up to `most` rad about each axis."""
    turn = np.eye(3)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        angle = rng.uniform(-most, most)
        about = np.eye(3)
        about[[first, second], [first, second]] = np.cos(angle)
        about[first, second], about[second, first] = np.sin(angle), -np.sin(angle)
        turn = turn @ about
    return turn
