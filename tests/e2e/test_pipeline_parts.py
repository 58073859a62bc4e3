"""The pipeline `parts` for real, small: kfp.local, rendering, training, MLflow, the bucket."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from slipway.adapters.mlflow_model_registry import MlflowModelRegistry
from slipway.domain.card import ModelCard
from slipway.domain.names import ModelVersion

SMALL = {
    "name": "parts-e2e",
    "labels": "hex-nut,washer",
    "render_sources": 6,
    "render_views": 2,
    "render_size": 32,
    "render_samples": 4,
    "image_size": 32,
    "validation_share": 0.2,
    "test_share": 0.2,
    "epochs": 2,
    "batch_size": 4,
    "gate_floor": 0,
}
TASKS = [
    "configure", "collect", "snapshot", "version", "split", "train", "evaluate", "export", "gate",
    "register", "publish",
]  # fmt: skip

_PROGRAM = "from slipway.cli import main; main()"

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Ran:
    home: Path
    document: dict[str, object]
    error: str
    status: int


def _slipway(home: Path, *arguments: str) -> Ran:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments, "--json"],
        cwd=home.parent,
        env={**os.environ, "SLIPWAY_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    document = json.loads(done.stdout) if done.returncode == 0 else {}
    return Ran(home, document, done.stderr, done.returncode)


def _run(home: Path, **changes: object) -> Ran:
    parameters = [f"--param={key}={value}" for key, value in {**SMALL, **changes}.items()]
    return _slipway(home, "run", "parts", *parameters)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    ran = _run(tmp_path_factory.mktemp("parts") / "home")
    assert ran.status == 0, ran.error
    return ran


@pytest.fixture
def version(ran: Ran) -> ModelVersion:
    return ModelVersion.parse(str(ran.document["version"]))


def test_every_task_ran(ran: Ran) -> None:
    tasks = ran.document["tasks"]
    assert isinstance(tasks, dict)
    assert sorted(tasks) == sorted(TASKS)


def test_the_bucket_holds_the_model_and_the_marker_came_last(
    ran: Ran, version: ModelVersion
) -> None:
    folder = ran.home / "buckets" / "model-output" / "parts-e2e" / str(version)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    needed = {"model.json", "model.tflite", "model_float.tflite", "saved_model/saved_model.pb"}
    assert needed | {"TRAINER-DONE"} <= files
    written = {name: (folder / name).stat().st_mtime_ns for name in files}
    assert max(written, key=lambda name: written[name]) == "TRAINER-DONE"
    reservations = list((folder.parent / "versions").iterdir())
    assert [path.name for path in reservations] == [str(version.timestamp)]


def test_the_card_says_where_the_model_comes_from(ran: Ran, version: ModelVersion) -> None:
    folder = ran.home / "buckets" / "model-output" / "parts-e2e" / str(version)
    card = ModelCard.parse((folder / "model.json").read_bytes())
    assert card.version == version
    assert card.labels == ("hex-nut", "washer")
    assert card.lineage["configuration_digest"].startswith("sha256:")
    assert card.lineage["dataset_digest"].startswith("sha256:")
    assert card.lineage["seeds"] == "seed=1"
    assert ran.document["metrics"] == dict(card.metrics)


def test_mlflow_knows_the_version_and_its_run(ran: Ran, version: ModelVersion) -> None:
    registry = MlflowModelRegistry.open(f"sqlite:///{ran.home}/mlflow/mlflow.db")
    found = registry.find(version)
    assert found
    assert 0 <= found.metrics["accuracy"] <= 1
    assert found.tags["dataset_digest"].startswith("sha256:")
    client = registry._client
    run = client.get_run(found.run_id)
    assert run.data.params["epochs"] == "2"
    assert run.data.params["labels"] == "hex-nut, washer"
    curves = [name for name in run.data.metrics if name.startswith("epoch/")]
    assert curves
    assert len(client.get_metric_history(found.run_id, curves[0])) == 2
    artifacts = {entry.path for entry in client.list_artifacts(found.run_id)}
    assert {"model.json", "confusion.png", "metrics.json"} <= artifacts


def test_a_label_less_is_refused_before_training(ran: Ran, tmp_path: Path) -> None:
    refused = _run(ran.home, labels="hex-nut,spur-gear", render_sources=3, render_views=1)
    assert refused.status == 6
    error = json.loads(refused.error.splitlines()[-1])["error"]
    assert error["code"] == "incompatible-model"
    assert "label washer disappeared" in error["message"]
    assert "MAJOR 2 " in error["hint"]
    [last, *_] = json.loads(
        subprocess.run(
            [sys.executable, "-c", _PROGRAM, "runs", "--json"],
            cwd=tmp_path,
            env={**os.environ, "SLIPWAY_HOME": str(ran.home)},
            capture_output=True,
            check=True,
        ).stdout
    )
    assert last["status"] == "failed"
    assert last["tasks"]["train"] == 0, "nothing was trained"


def test_the_gate_stops_a_model_below_the_floor(ran: Ran) -> None:
    before = len(list((ran.home / "buckets").rglob("TRAINER-DONE")))
    stopped = _run(ran.home, epochs=1, learning_rate=1e-9, gate_floor=1, gate_drop=1)
    assert stopped.status == 6
    error = json.loads(stopped.error.splitlines()[-1])["error"]
    assert error["code"] == "gate-closed"
    assert "below the floor of 1.0000" in error["message"]
    assert len(list((ran.home / "buckets").rglob("TRAINER-DONE"))) == before
