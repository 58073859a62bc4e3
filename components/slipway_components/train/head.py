"""Goes on from the head of a model of ours, too, where that tells the same labels apart."""

from pathlib import Path
from typing import Any

from slipway.domain.errors import NotFound
from slipway_components.tensorflow_import import import_keras
from slipway_components.trained import MODEL_FILE, read_trained


def keep_head(network: Any, weights: str, labels: tuple[str, ...]) -> bool:
    """Copy the layer `scores` of the file `weights` into `network`; whether that could be done.

    It can where the file lies in a training's folder, its labels are `labels` and its backbone
    hands on as many features.
    """
    keras, _ = import_keras()
    file = Path(weights)
    try:
        same = file.name == MODEL_FILE and read_trained(file.parent).labels == labels
    except NotFound:
        return False
    if not same:
        return False
    head = keras.saving.load_model(file, compile=False).get_layer("scores").get_weights()
    ours = network.get_layer("scores")
    if [part.shape for part in head] != [part.shape for part in ours.get_weights()]:
        return False
    ours.set_weights(head)
    return True
