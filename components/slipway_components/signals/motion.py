"""What a phone is going through, from its accelerometer: free fall, lying idle, anything else."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Final

from slipway.domain.errors import InvalidInput
from slipway_components.signals.motion_files import AXES, load
from slipway_components.signals.motion_synthetic import synthesise
from slipway_components.signals.recordings import Recording
from slipway_components.signals.workloads import Parameters, Reals, Workload
from slipway_components.tensorflow_import import import_keras
from slipway_features.scaling import Scaling

NETWORKS: Final = ("dense", "convolution")

LEAST_WINDOW: Final = 32  # samples, of which some are left behind the convolutions

# To try in tuning: kind, and Hz.
_FILTERS: Final = (("none", 10.0), ("low", 3.0), ("low", 10.0), ("high", 1.0))

_CUT = 4.0  # deviations; what lies further out would cost the int8 input its resolution


class Motion(Workload):
    """Windows of acceleration (m/s²): spectral features and a dense network, or as they are and a
    convolutional one."""

    axes = AXES

    def __init__(self, key: bytes | None = None) -> None:
        """`key`: what the files have to be signed with, None for no matter."""
        self._key = key

    def check(self, parameters: Parameters) -> None:
        """See the base class."""
        if parameters["network"] not in NETWORKS:
            raise InvalidInput(
                f"network is {parameters['network']!r}", hint=f"It is {' or '.join(NETWORKS)}"
            )
        if parameters["network"] == "convolution" and int(parameters["window"]) < LEAST_WINDOW:
            raise InvalidInput(
                f"window is {parameters['window']}",
                hint=f"The convolution takes {LEAST_WINDOW} samples or more",
            )

    def candidates(self, parameters: Parameters) -> Iterator[dict[str, Any]]:
        """Windows of 1 to 2 seconds, filters, features and both networks."""
        for seconds in (1.0, 1.5, 2.0):
            window = {"window": round(seconds * float(parameters["rate"]))}
            yield {**window, "network": "convolution"}
            for (kind, cutoff), peaks, statistics in product(_FILTERS, (1, 3), (True, False)):
                features = {"peaks": peaks, "statistics": statistics}
                yield {**window, "network": "dense", "filter": kind, "cutoff": cutoff, **features}

    def preprocessing(self, parameters: Parameters) -> dict[str, Any]:
        """The window itself for the convolution, spectral features for the dense network."""
        dense = parameters["network"] == "dense"
        document: dict[str, Any] = {
            "kind": "spectral" if dense else "series",
            "axes": list(self.axes),
            "rate": float(parameters["rate"]),
            "window": int(parameters["window"]),
            "step": int(parameters["step"]),
        }
        if not dense:
            return document
        return {
            **document,
            "filter": str(parameters["filter"]),
            "cutoff": float(parameters["cutoff"]),
            "order": int(parameters["order"]),
            "peaks": int(parameters["peaks"]),
            "bins": [float(edge) for edge in parameters["bins"]],
            "statistics": bool(parameters["statistics"]),
        }

    def scaling(self, features: Reals, parameters: Parameters) -> Scaling:
        """A mean of 0 and a deviation of 1 for each feature or axis, cut at 4 deviations."""
        return replace(Scaling.standard(features), clip=(-_CUT, _CUT))

    def network(self, shape: tuple[int, ...], labels: int, parameters: Parameters) -> Any:
        """Two dense layers on features [features]; or two convolutions and the mean over time on a
        window [window, axes]."""
        keras, _ = import_keras()
        layers = keras.layers
        given = keras.Input(shape, name="signal")
        if parameters["network"] == "dense":
            x = layers.Dense(20, activation="relu")(given)
            x = layers.Dropout(0.2)(x)
            x = layers.Dense(10, activation="relu")(x)
        else:
            x = layers.Conv1D(12, 7, strides=2, activation="relu")(given)
            x = layers.Conv1D(20, 5, strides=2, activation="relu")(x)
            x = layers.GlobalAveragePooling1D()(x)
            x = layers.Dropout(0.2)(x)
        scores = layers.Dense(labels, activation="softmax", name="scores")(x)
        return keras.Model(given, scores)

    def load(self, source: Path) -> Iterator[Recording]:
        """See `motion_files`."""
        return load(source, self._key)

    def signed_with(self, key: bytes) -> Workload:
        """Edge Impulse's files are signed, CSV is not and is refused."""
        return Motion(key)

    def synthesise(self, seed: int, recordings: int) -> Iterator[Recording]:
        """See `motion_synthetic`."""
        return synthesise(seed, recordings)
