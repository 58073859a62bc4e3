"""The pipeline appliances on made-up recordings, from its parameters to what a device answers."""

import json
from pathlib import Path

import numpy as np
import pytest
from slipway_components.export.litert import Kernels, LiteRtModel
from slipway_components.signals.device import SignalPath
from slipway_components.signals.export.task import export
from slipway_components.signals.fit.task import fit
from slipway_components.signals.learned import Learned
from slipway_components.signals.recordings import read_all
from slipway_serving.engine import Engine
from slipway_serving.selftest import self_test

from slipway.adapters.mlflow_model_registry import MlflowModelRegistry
from slipway.domain.card import ModelCard
from slipway.domain.names import ModelVersion
from tests.fixtures.pipeline_runs import PipelineRun

pytestmark = pytest.mark.slow

PARAMETERS = {
    "recordings": 3,
    "step": 32,
    "variations": 1,
    "folds": 2,
    "epochs": 3,
    "gate_floor": 0.0,
    "seed": 5,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> PipelineRun:
    folder = tmp_path_factory.mktemp("appliances")
    return PipelineRun.of(
        folder, "appliances", *(f"{key}={value}" for key, value in PARAMETERS.items())
    )


def test_the_version_is_complete_and_its_card_says_how_it_was_judged(run: PipelineRun) -> None:
    assert (run.version / "TRAINER-DONE").exists()
    card = ModelCard.parse((run.version / "model.json").read_bytes())
    assert card.task == "series-classification"
    assert card.labels == ("coffee_machine", "nespresso_machine", "noise_notappliance")
    assert card.lineage["workload"] == "appliances"
    assert card.lineage["split"].startswith("2 folds over 9 recordings, none of them on two sides")
    assert card.metrics.keys() >= {"accuracy", "accuracy_recordings", "accuracy_float"}
    assert len(card.scaling["offset"]) == 3
    assert len(card.golden) == 3
    assert card.golden_tolerance == 0


def test_the_int8_file_is_small(run: PipelineRun) -> None:
    assert (run.version / "model.tflite").stat().st_size <= 12_000


def test_the_confusion_matrices_count_every_window_and_recording_once(run: PipelineRun) -> None:
    evaluation = run.artifact("validate", "evaluation")
    for what, count in (("recordings", 9), ("windows", _windows(run))):
        document = json.loads((evaluation / f"{what}.json").read_text())
        assert np.sum(document["matrix"]) == count
        assert (evaluation / f"{what}.png").read_bytes().startswith(b"\x89PNG")


def _windows(run: PipelineRun) -> int:
    recordings = read_all(run.artifact("gather", "recordings"))
    return sum(1 + (len(recording.values) - 96) // 32 for recording in recordings)


def test_mlflow_holds_parameters_curves_plots_and_the_data_s_digest(run: PipelineRun) -> None:
    kept = {path.name for path in (run.home / "mlflow").rglob("artifacts/*")}
    assert kept >= {"model.json", "metrics.json", "windows.png", "recordings.png", "explorer.png"}
    registry = MlflowModelRegistry.open(f"sqlite:///{run.home}/mlflow/mlflow.db")
    found = registry.find(ModelVersion.parse(run.document["version"]))
    assert found
    client = registry._client
    told = client.get_run(found.run_id)
    assert {key: told.data.params[key] for key in PARAMETERS} == {
        key: str(value) for key, value in PARAMETERS.items()
    }
    for curve in ("loss", "accuracy"):
        assert len(client.get_metric_history(found.run_id, f"epoch/{curve}")) == 3
    assert told.inputs
    (dataset,) = told.inputs.dataset_inputs
    digest = found.tags["dataset_digest"].removeprefix("sha256:")
    assert len(digest) == 64
    assert digest.startswith(dataset.dataset.digest)


def test_the_device_s_answer_is_the_trainer_s_bit_for_bit(run: PipelineRun) -> None:
    learned = Learned.read(run.artifact("fit", "model"))
    trainer = SignalPath(
        LiteRtModel(run.version / "model.tflite", Kernels.REFERENCE), learned.preparing
    )
    device = Engine(run.version)
    compared = 0
    for recording in read_all(run.artifact("gather", "recordings")):
        for _, window in device.signal.windows(recording.values):
            here, there = trainer.scores_of(window[np.newaxis])[0], device.answer(window).scores
            assert np.array_equal(here, there)
            compared += 1
    assert compared == _windows(run)
    assert self_test(run.version).ok
    assert self_test(run.version).exact


def test_a_plain_call_trains_the_same_model_as_the_run(run: PipelineRun, tmp_path: Path) -> None:
    recordings = run.artifact("gather", "recordings")
    history = json.loads((run.artifact("fit", "model") / "history.json").read_text())
    curves = fit(
        recordings, tmp_path / "model", name="appliances", parameters=history["parameters"]
    )
    assert curves == history["curves"]
    export(
        tmp_path / "model",
        recordings,
        run.artifact("validate", "evaluation"),
        tmp_path / "export",
        version=run.document["version"],
        lineage={},
    )
    for file in ("model.tflite", "model_float.tflite"):
        assert (tmp_path / "export" / file).read_bytes() == (run.version / file).read_bytes()
