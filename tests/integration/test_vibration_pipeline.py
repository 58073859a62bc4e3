"""The pipeline vibration on made-up bearings, from its parameters to an alarm on a device."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slipway_components.export.litert import Kernels, LiteRtModel
from slipway_components.signals.bearing import Bearing
from slipway_components.signals.device import SignalPath
from slipway_components.signals.fit.task import fit
from slipway_components.signals.learned import Learned
from slipway_components.signals.lorenz import State
from slipway_components.signals.recordings import read_all
from slipway_components.signals.vibration_start import located
from slipway_serving.engine import Engine
from slipway_serving.selftest import self_test

from slipway.adapters.local_bucket import LocalBucket
from slipway.domain.card import ModelCard, Task
from slipway.domain.errors import InvalidInput
from tests.fixtures.mosquitto import Mosquitto, listening
from tests.fixtures.streaming import streaming, write_streams

pytestmark = pytest.mark.slow

PARAMETERS = {
    "recordings": 1,
    "stride": 5,
    "units": 12,
    "code": 4,
    "folds": 2,
    "epochs": 6,
    "learning_rate": 0.02,
    "seed": 5,
}
TUMBLING = 600  # samples


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    home: Path
    document: dict[str, Any]

    def artifact(self, task: str, name: str) -> Path:
        (found,) = Path(self.document["folder"]).glob(f"artifacts/*/{task}/{name}")
        return found

    @property
    def bucket(self) -> LocalBucket:
        """The model-output bucket."""
        return LocalBucket.open(str(self.home / "buckets/model-output"))

    @property
    def version(self) -> Path:
        """The version's folder in it."""
        version: str = self.document["version"]
        return self.home / "buckets/model-output/vibration" / version


def _slipway(folder: Path, *words: str) -> str:
    program = "from slipway.cli import main; main()"
    clean = {key: value for key, value in os.environ.items() if not key.startswith("SLIPWAY_")}
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        env=clean | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("vibration")
    given = [word for key, value in PARAMETERS.items() for word in ("-p", f"{key}={value}")]
    document = json.loads(_slipway(folder, "run", "vibration", *given, "--json"))
    return Run(folder / ".slipway", document)


def test_the_card_says_what_an_anomaly_is_and_how_it_was_judged(run: Run) -> None:
    assert (run.version / "TRAINER-DONE").exists()
    card = ModelCard.parse((run.version / "model.json").read_bytes())
    assert card.task is Task.ANOMALIES
    assert card.labels == ("healthy", "anomaly")
    assert card.thresholds["anomaly"] > 0
    assert card.inputs[0].shape == card.outputs[0].shape == (1, 10, 3)
    assert "was cut into 2 blocks, 10 samples apart" in card.lineage["split"]
    assert card.metrics["roc_auc"] >= 0.999
    assert card.metrics["loss_ratio"] > 5
    assert card.golden_tolerance == 0
    assert (run.artifact("validate", "evaluation") / "errors.png").stat().st_size > 0


def test_the_device_s_answer_is_the_trainer_s_bit_for_bit(run: Run) -> None:
    learned = Learned.read(run.artifact("fit", "model"))
    model = LiteRtModel(run.version / "model.tflite", Kernels.REFERENCE)
    trainer = SignalPath(model, learned.preparing, Task.ANOMALIES)
    device = Engine(run.version)
    compared = 0
    for recording in read_all(run.artifact("gather", "recordings")):
        for _, window in device.signal.windows(recording.values):
            here, there = trainer.scores_of(window[np.newaxis])[0], device.answer(window).scores
            assert np.array_equal(here, there)
            compared += 1
    assert compared == 2 * 3000 / 10
    assert self_test(run.version).max_distance == 0


def test_an_answer_that_is_one_step_off_is_refused(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "version"
    shutil.copytree(run.version, folder)
    document = json.loads((folder / "model.json").read_text())
    answer = document["golden"][0]["output"][0]
    answer[0] += 1 if answer[0] < 0 else -1
    (folder / "model.json").write_text(json.dumps(document))
    report = self_test(folder)
    assert (report.ok, report.max_distance) == (False, 1)


def test_what_evaluate_tells_of_bearings_that_it_has_not_seen(run: Run, tmp_path: Path) -> None:
    for number, state in enumerate(State):
        bearing = Bearing("axle", state, rate=100.0, batch=1000, seed=70 + number)
        values = json.loads(bearing.message())["values"]
        lines = [",".join(map(str, row)) for row in values]
        (tmp_path / f"{state}.csv").write_text("\n".join(["x,y,z", *lines]) + "\n")
    told = _slipway(
        run.home.parent, "evaluate", run.document["version"], "--data", str(tmp_path), "--json"
    )
    figures = json.loads(told)
    assert figures["windows"] == {"healthy": 100, "anomaly": 100}
    assert figures["roc_auc"] >= 0.999
    assert figures["threshold"] == Engine(run.version).card.anomaly
    assert {one["label"]: one["answer"] for one in figures["recordings"]} == {
        "healthy": "healthy",
        "anomaly": "anomaly",
    }


def test_training_goes_on_from_a_version_s_weights_and_scaling(run: Run, tmp_path: Path) -> None:
    history = json.loads((run.artifact("fit", "model") / "history.json").read_text())
    card = ModelCard.parse((run.version / "model.json").read_bytes())
    given = {**history["parameters"], "weights": run.document["version"], "epochs": 1}
    preprocessing = json.dumps(card.preprocessing)
    parameters = json.loads(located(json.dumps(given), preprocessing, run.bucket))
    recordings = run.artifact("gather", "recordings")
    curves = fit(recordings, tmp_path / "on", name="vibration", parameters=parameters)
    assert curves["loss"][0] < min(history["curves"]["loss"][:2])
    assert Learned.read(tmp_path / "on").scaling == card.scaling
    with pytest.raises(InvalidInput, match="has another network"):
        fit(
            recordings, tmp_path / "other", name="vibration", parameters={**parameters, "units": 13}
        )
    with pytest.raises(InvalidInput, match="not trained on windows like these"):
        located(json.dumps(given), json.dumps({**card.preprocessing, "window": 20}), run.bucket)


@pytest.mark.system
def test_a_bearing_that_breaks_is_told_by_the_stream(
    run: Run, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    rules = (
        '[[rule]]\nname = "stop"\nclass = "anomaly"\n'
        'publish = {topic = "press/stop", payload = {score = "$score"}}'
    )
    windows = f"[windows]\ntumbling = {TUMBLING}\n"
    file = write_streams(tmp_path / "streams", mosquitto, windows, rules)
    bearing = Bearing("axle", State.HEALTHY, rate=100.0, batch=100, seed=99)
    with (
        streaming(run.version, tmp_path, file),
        listening(mosquitto.port, "slipway/predictions/+", "press/#") as client,
    ):
        for state in (State.HEALTHY, State.BROKEN):
            bearing.switch(state)
            for _ in range(2 * TUMBLING // 100):
                client.send(bearing.topic, bearing.message())
        told = client.wait("slipway/predictions/axle", 4)
        (stop,) = client.wait("press/stop", 1)
    assert [one["class"] for one in told] == ["healthy", "healthy", "anomaly", "anomaly"]
    assert [one["anomaly"] for one in told] == [False, False, True, True]
    assert max(one["score"] for one in told[:2]) < told[0]["threshold"] < told[2]["score"]
    assert stop["score"] == told[2]["score"]
