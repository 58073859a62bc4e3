"""The networks of appliances, converted for the devices; untrained ones are enough for that."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slipway_components.export import conversion
from slipway_components.export.litert import Kernels, LiteRtModel
from slipway_components.signals.appliances import NETWORKS
from slipway_components.signals.device import SignalPath
from slipway_components.signals.learned import fixed_batch
from slipway_components.signals.workloads import workload
from slipway_components.tensorflow_import import import_keras
from slipway_components.trained import MODEL_FILE

from slipway_features.preparing import preparing

pytestmark = pytest.mark.slow

PARAMETERS = {"window": 96, "step": 16}
WINDOWS = np.random.default_rng(1).normal(size=(50, 96, 3))


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


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_oldest_runtime_of_the_devices_can_load_it(
    converted: dict[str, tuple[Path, Any]], kind: str
) -> None:
    from ai_edge_litert import schema_py_generated as schema

    folder, _ = converted[kind]
    model = schema.Model.GetRootAs((folder / "model.tflite").read_bytes())
    codes = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
    dense = [
        number
        for number, code in enumerate(codes)
        if code.BuiltinCode() == schema.BuiltinOperator.FULLY_CONNECTED
    ]
    assert [codes[number].Version() <= 10 for number in dense] == [True]
    graph = model.Subgraphs(0)
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        if operator.OpcodeIndex() in dense:
            weights = graph.Tensors(operator.Inputs(1))
            assert weights.Quantization().ScaleLength() == 1  # per channel crashes armv7l


def test_the_pooling_network_is_small(converted: dict[str, tuple[Path, Any]]) -> None:
    folder, _ = converted["pooling"]
    assert (folder / "model.tflite").stat().st_size <= 12_000
