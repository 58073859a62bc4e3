"""Training that goes on from the weights of a version, with what a device's sensors recorded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from slipway.domain.card import ModelCard
from slipway.domain.errors import InvalidInput, NotFound
from slipway.domain.names import ModelVersion
from slipway.ports.bucket import Bucket
from slipway.services.model_output import MARKER, folder_of, read_card
from slipway_components.configure.task import canonical
from slipway_components.fetch import local_folder
from slipway_components.tensorflow_import import import_keras
from slipway_features.scaling import Scaling

_VARIABLES = "saved_model/variables/variables"  # as export wrote them
_KEY = "variables_in_order/{}/.ATTRIBUTES/VARIABLE_VALUE"


def located(parameters: str, preprocessing: str, bucket: Bucket) -> str:
    """The training's parameters (JSON) with the URL of the version's folder as `weights` in the
    place of its name; unchanged without one.

    Raises InvalidName, NotFound when the version is not complete, and InvalidInput when it is not
    one of vibration, or of other windows than `preprocessing` (JSON).
    """
    given = json.loads(parameters)
    if not given["weights"]:
        return parameters
    version = ModelVersion.parse(given["weights"])
    folder = folder_of(version)
    if not any(entry.key == f"{folder}{MARKER}" for entry in bucket.objects(folder)):
        raise NotFound(
            f"{bucket.url} holds no complete version {version}",
            hint="Give weights the name of a version that was published there",
        )
    card = read_card(bucket, version)
    if card.lineage.get("workload") != "vibration" or card.preprocessing != json.loads(
        preprocessing
    ):
        raise InvalidInput(
            f"{version} was not trained on windows like these",
            hint=f"Its preprocessing is {canonical(dict(card.preprocessing))}",
        )
    return canonical({**given, "weights": f"{bucket.url.rstrip('/')}/{folder.rstrip('/')}"})


@dataclass(frozen=True, eq=False)
class Start:
    """Where a training begins."""

    scaling: Scaling
    variables: Sequence[NDArray[np.float32]]  # of the network, in its order

    @classmethod
    def read(cls, url: str) -> Self:
        """From a version's folder in the model-output bucket."""
        _, tf = import_keras()
        with local_folder(url) as folder:
            card = ModelCard.parse((folder / "model.json").read_bytes())
            kept = tf.train.load_checkpoint(str(folder / _VARIABLES))
            count = sum(name.startswith("variables_in_order/") for name in _names(kept))
            variables = [kept.get_tensor(_KEY.format(number)) for number in range(count)]
        return cls(Scaling.parse(card.scaling), variables)

    def give(self, network: Any) -> None:
        """Set the weights of a Keras model; InvalidInput when it is another network."""
        shapes = [tuple(variable.shape) for variable in network.variables]
        if shapes != [variable.shape for variable in self.variables]:
            raise InvalidInput(
                "the version that weights names has another network",
                hint="Give window, depth, units and code as it was trained with",
            )
        for variable, value in zip(network.variables, self.variables, strict=True):
            variable.assign(value)


def _names(checkpoint: Any) -> Mapping[str, Any]:
    names: Mapping[str, Any] = checkpoint.get_variable_to_shape_map()
    return names
