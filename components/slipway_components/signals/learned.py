"""What a training on signals leaves, read by export."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from slipway.domain.errors import NotFound
from slipway_components.signals.fitting import Fitted
from slipway_components.tensorflow_import import import_keras
from slipway_components.trained import MODEL_FILE
from slipway_features.preparing import Preparing, preparing

_FILE = "learned.json"
_REPRESENTATIVE = "representative.npy"
MOST_REPRESENTATIVE = 200  # windows that calibrate the quantisation


@dataclass(frozen=True)
class Learned:
    """All of a model that is not its network."""

    workload: str
    labels: tuple[str, ...]  # in the order of the scores
    preprocessing: Mapping[str, Any]
    scaling: Mapping[str, Any]

    @property
    def preparing(self) -> Preparing:
        """What a device does before it asks the model."""
        return preparing(self.preprocessing, self.scaling)

    def write(self, folder: Path, fitted: Fitted) -> None:
        """Fill the existing `folder`."""
        fixed_batch(fitted.network).save(folder / MODEL_FILE)
        np.save(folder / _REPRESENTATIVE, spread(fitted.inputs, MOST_REPRESENTATIVE))
        document = {"schema": 1, **asdict(self)}
        (folder / _FILE).write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what `write` wrote; raises NotFound when the folder holds no training."""
        try:
            document = json.loads((folder / _FILE).read_bytes())
            return cls(
                workload=str(document["workload"]),
                labels=tuple(map(str, document["labels"])),
                preprocessing=dict(document["preprocessing"]),
                scaling=dict(document["scaling"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NotFound(
                f"{folder} holds no trained model: {type(error).__name__} {error}",
                hint="Name the folder that fit wrote",
            ) from error


def representative(folder: Path) -> NDArray[np.float32]:
    """Inputs [N, …] of a training's folder that calibrate the quantisation."""
    inputs: NDArray[np.float32] = np.load(folder / _REPRESENTATIVE)
    return inputs


def spread(values: NDArray[Any], most: int) -> NDArray[Any]:
    """At most so many of the values [N, …], evenly spread, so that each label has its share."""
    return values[:: max(1, -(-len(values) // most))]


def fixed_batch(network: Any) -> Any:
    """The same network for one window at a time: LiteRT holds recurrent layers only so."""
    keras, _ = import_keras()
    given = network.inputs[0]
    one = keras.models.clone_model(
        network, input_tensors=keras.Input(batch_shape=(1, *given.shape[1:]), name=given.name)
    )
    one.set_weights(network.get_weights())
    return one
