"""The networks of signals, converted for the devices; untrained ones are enough for that."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slipway_components.export import conversion
from slipway_components.export.litert import Kernels, LiteRtModel
from slipway_components.export.pointwise import without_dense_layers
from slipway_components.signals.appliances import NETWORKS
from slipway_components.signals.device import SignalPath
from slipway_components.signals.learned import fixed_batch
from slipway_components.signals.workloads import workload
from slipway_components.tensorflow_import import import_keras
from slipway_components.trained import MODEL_FILE

from slipway_features.preparing import preparing
from tests.fixtures.operators import operators

pytestmark = pytest.mark.slow

PARAMETERS = {"window": 96, "step": 16}
WINDOWS = np.random.default_rng(1).normal(size=(50, 96, 3))
WEIGHTS = np.random.default_rng(3)


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Any]]:
    """The folder and the Keras network of each kind."""
    keras, _ = import_keras()
    keras.utils.set_random_seed(1)
    folder = tmp_path_factory.mktemp("networks")
    made, conversions = {}, []
    for kind in NETWORKS:
        network = workload("appliances").network((96, 3), 3, {"network": kind})
        output = folder / kind
        output.mkdir()
        fixed_batch(network).save(output / MODEL_FILE)
        made[kind] = output, network
        representative = WINDOWS.astype(np.float32)
        conversions.append(conversion.Conversion(output / MODEL_FILE, representative, output))
    conversion.run(conversions)
    return made


@pytest.mark.parametrize(("kind", "parameters"), [("pooling", 2691), ("gru", 6675)])
def test_int8_answers_as_keras_does(
    converted: dict[str, tuple[Path, Any]], kind: str, parameters: int
) -> None:
    folder, network = converted[kind]
    assert network.count_params() == parameters
    ways = preparing(workload("appliances").preprocessing(PARAMETERS), {})
    path = SignalPath(LiteRtModel(folder / "model.tflite", Kernels.REFERENCE), ways)
    right = np.asarray(network(WINDOWS.astype(np.float32), training=False))
    assert np.ptp(right, axis=0).min() > 0.03, "answers differ, so that equal ones say something"
    assert np.abs(path.scores_of(WINDOWS) - right).max() < 0.03


def test_what_is_exported_computes_the_same() -> None:
    keras, _ = import_keras()
    keras.utils.set_random_seed(2)
    recurrent = {"units": 8, "depth": 2, "code": 4, "weights": ""}
    networks = [workload("appliances").network((96, 3), 3, {"network": kind}) for kind in NETWORKS]
    networks.append(workload("vibration").network((10, 3), 0, recurrent))
    for network in networks:
        network.set_weights([WEIGHTS.normal(0, 0.3, one.shape) for one in network.get_weights()])
        window = WINDOWS[:1, : network.input_shape[1]].astype(np.float32)
        made = without_dense_layers(fixed_batch(network))
        assert [type(one).__name__ for one in made.layers] == [
            type(one).__name__ for one in network.layers
        ]
        assert np.allclose(made(window, training=False), network(window, training=False), atol=1e-6)


@pytest.mark.parametrize("kind", NETWORKS)
def test_no_layer_is_dense(converted: dict[str, tuple[Path, Any]], kind: str) -> None:
    """Runtimes round those differently, and tflite-runtime 2.14 knows not all of them."""
    folder, _ = converted[kind]
    assert operators(folder / "model.tflite") >= {"CONV_2D", "SOFTMAX"}
    assert "FULLY_CONNECTED" not in operators(folder / "model.tflite")


def test_the_pooling_network_is_small(converted: dict[str, tuple[Path, Any]]) -> None:
    folder, _ = converted["pooling"]
    assert (folder / "model.tflite").stat().st_size <= 12_000
