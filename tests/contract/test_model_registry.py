"""What every model registry does alike: MLflow on sqlite, an MLflow server, the fake."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from slipway.adapters.mlflow_connection import check_tracking_uri, database_mark
from slipway.adapters.mlflow_model_registry import MlflowModelRegistry
from slipway.domain.errors import (
    AlreadyExists,
    Conflict,
    InvalidSetting,
    MissingTool,
    NotFound,
    Unavailable,
)
from slipway.domain.names import Channel, ModelName, ModelVersion
from slipway.ports.model_registry import ModelRegistry, RunFacts, RunRecord
from tests.fakes.model_registry import FakeModelRegistry
from tests.fixtures.free_ports import free_port

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def sqlite_registry(tmp_path_factory: pytest.TempPathFactory) -> MlflowModelRegistry:
    folder = tmp_path_factory.mktemp("mlflow")
    return MlflowModelRegistry.open(f"sqlite:///{folder}/mlflow.db")


@pytest.fixture(scope="module")
def http_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowModelRegistry]:
    folder = tmp_path_factory.mktemp("server")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{folder}/server.db", "--workers", "1"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, cwd=folder, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 90
        while not _answers(f"{url}/health"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.2)
        yield MlflowModelRegistry.open(url)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(
    params=[
        "fake",
        pytest.param("sqlite", marks=pytest.mark.slow),
        pytest.param("http", marks=pytest.mark.slow),
    ]
)
def registry(request: pytest.FixtureRequest) -> ModelRegistry:
    if request.param == "fake":
        return FakeModelRegistry()
    found: ModelRegistry = request.getfixturevalue(f"{request.param}_registry")
    return found


@pytest.fixture
def name() -> ModelName:
    """A name of its own for each test, as the servers are shared."""
    return ModelName.parse(f"parts-{uuid4().hex[:8]}")


def _add(registry: ModelRegistry, version: ModelVersion, accuracy: float = 0.9) -> str:
    run_id = registry.record_run(version.name, RunRecord(metrics={"accuracy": accuracy}))
    registry.register(version, run_id, f"file:///bucket/{version.name}/{version}", {})
    return run_id


def test_a_registered_version_is_found_with_its_metrics_and_tags(
    registry: ModelRegistry, name: ModelName, tmp_path: Path
) -> None:
    plot = tmp_path / "confusion.png"
    plot.write_bytes(b"picture")
    record = RunRecord(
        parameters={"epochs": 3, "rate": 0.5, "fast": True, "weights": "none"},
        metrics={"accuracy": 0.875, "recall/hex nut (M8)": 1.0},
        curves={"loss": [3.0, 2.0, 1.0]},
        files=[plot],
        dataset_name="dataset",
        dataset_digest=DIGEST,
        tags={"git_commit": "abc"},
    )
    version = ModelVersion(name, 1, 1_501_089_026)
    run_id = registry.record_run(name, record)
    registry.register(version, run_id, "file:///bucket/x", {"dataset": DIGEST})
    found = registry.find(version)
    assert found
    assert found.version == version
    assert found.run_id == run_id
    assert found.metrics["accuracy"] == 0.875
    assert len(found.metrics) == 2, "curves are no metrics of the version"
    assert found.tags["dataset"] == DIGEST
    assert found.tags["dev.slipway.version"] == str(version)
    assert found.tags["dev.slipway.source"] == "file:///bucket/x"


def test_a_version_is_registered_once(registry: ModelRegistry, name: ModelName) -> None:
    version = ModelVersion(name, 1, 100)
    run_id = _add(registry, version)
    with pytest.raises(AlreadyExists, match=str(version)):
        registry.register(version, run_id, "file:///x", {})


def test_unknown_versions_and_names(registry: ModelRegistry, name: ModelName) -> None:
    version = ModelVersion(name, 1, 100)
    assert registry.find(version) is None
    assert registry.versions(name) == []
    for channel in Channel:
        assert registry.in_channel(name, channel) is None
        registry.set_channel(name, channel, None)
        with pytest.raises(NotFound, match=str(version)):
            registry.set_channel(name, channel, version)
    with pytest.raises(NotFound, match=str(version)):
        registry.annotate(version, {"a": "b"})


def test_versions_come_newest_first(registry: ModelRegistry, name: ModelName) -> None:
    for timestamp in (300, 1000, 20):
        _add(registry, ModelVersion(name, timestamp % 3, timestamp))
    other = ModelName.parse(f"{name}-x")
    _add(registry, ModelVersion(other, 1, 5))
    assert [entry.version.timestamp for entry in registry.versions(name)] == [1000, 300, 20]


def test_annotations_are_added_and_replaced(registry: ModelRegistry, name: ModelName) -> None:
    version = ModelVersion(name, 1, 100)
    _add(registry, version)
    registry.annotate(version, {"image": "sha256:1", "kept": "yes"})
    registry.annotate(version, {"image": "sha256:2"})
    found = registry.find(version)
    assert found
    assert found.tags["image"] == "sha256:2"
    assert found.tags["kept"] == "yes"


@pytest.mark.parametrize("channel", list(Channel))
def test_a_channel_follows_what_it_is_told(
    registry: ModelRegistry, name: ModelName, channel: Channel
) -> None:
    first, second = ModelVersion(name, 1, 100), ModelVersion(name, 1, 200)
    _add(registry, first, accuracy=0.5)
    _add(registry, second, accuracy=0.75)
    for version, accuracy in ((first, 0.5), (second, 0.75), (first, 0.5)):
        registry.set_channel(name, channel, version)
        registry.set_channel(name, channel, version)
        standing = registry.in_channel(name, channel)
        assert standing
        assert standing.version == version
        assert standing.metrics["accuracy"] == accuracy
    others = [c for c in Channel if c is not channel]
    assert all(registry.in_channel(name, other) is None for other in others)
    registry.set_channel(name, channel, None)
    assert registry.in_channel(name, channel) is None


def test_changes_are_told_once_they_happen(registry: ModelRegistry, name: ModelName) -> None:
    first, second = ModelVersion(name, 1, 100), ModelVersion(name, 1, 200)
    before = max((entry.changed for entry in registry.changed_since(0)), default=0)
    run_id = _add(registry, first)
    _add(registry, second)

    def changed(moment: int) -> list[ModelVersion]:
        time.sleep(0.01)  # the next change is in another millisecond
        return [e.version for e in registry.changed_since(moment) if e.version.name == name]

    assert changed(before) == [second, first], "the last one first"
    (entry,) = [e for e in registry.changed_since(0) if e.version == first]
    assert entry.run_id == run_id
    assert entry.tags["dev.slipway.version"] == str(first)
    newest = registry.changed_since(0)[0].changed
    assert changed(newest) == [second], "the moment itself counts"
    assert changed(newest + 1) == []
    registry.annotate(first, {"image": "sha256:1"})
    assert changed(newest + 1) == [first]
    assert changed(0) == [first, second]
    assert registry.changed_since(newest + 1)[0].tags["image"] == "sha256:1"


def test_many_runs_are_read_at_once(registry: ModelRegistry, name: ModelName) -> None:
    record = RunRecord({"epochs": 3, "fast": True}, {"accuracy": 0.5}, {"loss": [2.0, 1.0]})
    first = registry.record_run(name, record)
    second = registry.record_run(ModelName.parse(f"{name}-x"), RunRecord(metrics={"recall": 1.0}))
    found = registry.runs([second, first, "0" * 32])
    assert dict(found) == {
        first: RunFacts({"epochs": "3", "fast": "True"}, {"accuracy": 0.5}),
        second: RunFacts({}, {"recall": 1.0}),
    }
    assert dict(registry.runs([])) == {}


def test_what_a_run_keeps_is_read(registry: ModelRegistry, name: ModelName, tmp_path: Path) -> None:
    for file in ("metrics.json", "confusion.png"):
        (tmp_path / file).write_bytes(file.encode())
    kept = [tmp_path / "metrics.json", tmp_path / "confusion.png"]
    run_id = registry.record_run(name, RunRecord(files=kept))
    assert list(registry.files(run_id)) == ["confusion.png", "metrics.json"]
    assert registry.read_file(run_id, "confusion.png") == b"confusion.png"
    for missing in ("roc.png", "../metrics.json", "/etc/passwd", ""):
        with pytest.raises(NotFound):
            registry.read_file(run_id, missing)
    assert list(registry.files("0" * 32)) == []
    with pytest.raises(NotFound):
        registry.read_file("0" * 32, "metrics.json")


@pytest.mark.slow
def test_people_look_at_a_version_where_there_is_a_server(
    sqlite_registry: MlflowModelRegistry, http_registry: MlflowModelRegistry, name: ModelName
) -> None:
    version = ModelVersion(name, 1, 100)
    assert http_registry.page(version) == ""
    for registry in (sqlite_registry, http_registry):
        _add(registry, version)
    assert sqlite_registry.page(version) == ""
    page = http_registry.page(version)
    assert page.endswith(f"/#/models/{name}/versions/1")
    assert _answers(page)


@pytest.mark.slow
def test_mlflow_shows_parameters_curves_plots_and_dataset(
    sqlite_registry: MlflowModelRegistry, name: ModelName, tmp_path: Path
) -> None:
    """Read back with MLflow's own client, as its pages would."""
    plot = tmp_path / "confusion.png"
    plot.write_bytes(b"picture")
    record = RunRecord(
        parameters={"epochs": 3},
        curves={"loss": [3.0, 2.0, 1.0]},
        files=[plot],
        dataset_name="dataset",
        dataset_digest=DIGEST,
    )
    run_id = sqlite_registry.record_run(name, record)
    client = sqlite_registry._client
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"epochs": "3"}
    assert run.data.tags["dev.slipway.dataset"] == DIGEST
    history = client.get_metric_history(run_id, "epoch/loss")
    assert [(point.step, point.value) for point in history] == [(1, 3.0), (2, 2.0), (3, 1.0)]
    assert [entry.path for entry in client.list_artifacts(run_id)] == ["confusion.png"]
    assert run.inputs
    assert run.inputs.dataset_inputs[0].dataset.digest == DIGEST.removeprefix("sha256:")[:36]
    assert client.get_experiment(run.info.experiment_id).name == str(name)


@pytest.mark.slow
def test_a_run_that_cannot_be_stored_ends_as_failed(
    sqlite_registry: MlflowModelRegistry, name: ModelName, tmp_path: Path
) -> None:
    with pytest.raises((NotFound, Unavailable)):
        sqlite_registry.record_run(name, RunRecord(files=[tmp_path / "missing.png"]))
    client = sqlite_registry._client
    experiment = client.get_experiment_by_name(str(name))
    assert experiment
    runs = client.search_runs([experiment.experiment_id])
    assert [run.info.status for run in runs] == ["FAILED"]


@pytest.mark.slow
def test_the_mark_of_a_database_changes_with_what_it_holds(tmp_path: Path, name: ModelName) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    assert database_mark(uri) == ""
    registry = MlflowModelRegistry.open(uri)
    before = database_mark(uri)
    assert before
    registry.versions(name)
    assert MlflowModelRegistry.open(uri).changed_since(0) == []
    assert database_mark(uri) == before, "reading is no change"
    _add(registry, ModelVersion(name, 1, 100))
    added = database_mark(uri)
    assert added != before
    registry.annotate(ModelVersion(name, 1, 100), {"a": "b"})
    assert database_mark(uri) != added
    assert database_mark("http://127.0.0.1:1") == ""


@pytest.mark.slow
def test_two_processes_make_one_fresh_database(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/fresh/mlflow.db"
    context = multiprocessing.get_context("spawn")
    versions = [f"parts_1_{number}" for number in (1, 2)]
    processes = [context.Process(target=_first_use, args=(uri, v)) for v in versions]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    found = MlflowModelRegistry.open(uri).versions(ModelName.parse("parts"))
    assert [str(entry.version) for entry in found] == versions[::-1]


def _first_use(uri: str, version: str) -> None:
    _add(MlflowModelRegistry.open(uri), ModelVersion.parse(version))


@pytest.mark.slow
def test_a_server_that_is_away_is_unavailable_and_its_password_not_shown(name: ModelName) -> None:
    address = f"127.0.0.1:{free_port()}"
    registry = MlflowModelRegistry.open(f"http://someone:secret@{address}")
    with pytest.raises(Unavailable) as caught:
        registry.versions(name)
    assert f"{address} does not answer: Connection refused" in caught.value.message
    assert "secret" not in caught.value.message + caught.value.hint
    assert caught.value.transient


def test_a_server_that_is_away_is_noticed_without_mlflow() -> None:
    with pytest.raises(Unavailable, match="does not answer: Connection refused"):
        check_tracking_uri(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(MissingTool, match="psycopg2"):
        check_tracking_uri("postgresql+psycopg2://me:horse@127.0.0.1/mlflow")
    check_tracking_uri("sqlite:////not/made/yet.db")


@pytest.mark.slow
def test_a_database_of_another_schema_is_a_conflict(tmp_path: Path) -> None:
    import sqlite3

    file = tmp_path / "mlflow.db"
    MlflowModelRegistry.open(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    connection.close()
    other = file.rename(tmp_path / "older.db")  # MLflow remembers the files that it has checked
    with pytest.raises(Conflict) as caught:
        MlflowModelRegistry.open(f"sqlite:///{other}").versions(ModelName.parse("parts"))
    assert "mlflow db upgrade" in caught.value.hint


@pytest.mark.parametrize(
    "uri", ["", "mlruns", "file:///x", "sqlite:///x.db", "sqlite://", "ftp://x"]
)
def test_what_is_no_tracking_uri(uri: str) -> None:
    with pytest.raises(InvalidSetting):
        MlflowModelRegistry.open(uri)
    with pytest.raises(InvalidSetting):
        check_tracking_uri(uri)


@pytest.mark.slow
def test_what_cannot_be_a_database_is_noticed_at_once(tmp_path: Path) -> None:
    """MLflow itself would try to open it for minutes."""
    (tmp_path / "text").write_text("no database, but long enough")
    with pytest.raises(InvalidSetting, match="is a folder"):
        check_tracking_uri(f"sqlite:///{tmp_path}")
    with pytest.raises(InvalidSetting, match="not an MLflow database"):
        check_tracking_uri(f"sqlite:///{tmp_path}/text")
    with pytest.raises(InvalidSetting, match="is a folder"):
        MlflowModelRegistry.open(f"sqlite:///{tmp_path}")
    with pytest.raises(InvalidSetting, match="cannot be at /proc/no/mlflow"):
        MlflowModelRegistry.open("sqlite:////proc/no/mlflow.db")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.write_text("something else, and long enough to be taken for a header " * 10)
    with pytest.raises(InvalidSetting, match="not an MLflow database"):
        MlflowModelRegistry.open(f"sqlite:///{file}").versions(ModelName.parse("parts"))
