"""Motion from made-up recordings to what a device answers, and the commands around it."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slipway_components.export.litert import Kernels, LiteRtModel
from slipway_components.signals.device import SignalPath
from slipway_components.signals.export.task import export
from slipway_components.signals.fit.task import fit
from slipway_components.signals.gather.task import gather
from slipway_components.signals.learned import Learned
from slipway_components.signals.recordings import read_all
from slipway_components.signals.validate.task import Validation, validate
from slipway_serving.engine import Engine
from slipway_serving.selftest import self_test

from slipway.adapters.compiled_pipelines import CompiledPipelines
from slipway.adapters.kfp_pipelines import PACKAGE
from tests.fixtures.acquisitions import document, write

pytestmark = pytest.mark.slow

VERSION = "motion_1_1700000000"
DEFAULTS = {
    one.name: one.default for one in CompiledPipelines(PACKAGE, None).get("motion").parameters
}
PARAMETERS = {**DEFAULTS, "folds": 2, "epochs": 40, "step": 31, "batch_size": 12}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("motion") / "recordings"
    gather(folder, name="motion", data="synthetic", recordings=8, seed=1)
    return folder


@pytest.fixture(scope="module")
def evaluation(recordings: Path) -> tuple[Path, Validation]:
    folder = recordings.parent / "evaluation"
    done = validate(recordings, folder, name="motion", parameters=PARAMETERS)
    assert isinstance(done, Validation)
    return folder, done


@pytest.fixture(scope="module", params=["dense", "convolution"])
def exported(
    request: pytest.FixtureRequest, recordings: Path, evaluation: tuple[Path, Validation]
) -> tuple[Path, Path]:
    """What fit and export left."""
    parameters = {**PARAMETERS, "network": request.param}
    folder = recordings.parent / request.param
    fit(recordings, folder / "model", name="motion", parameters=parameters)
    version = folder / "model-output" / "motion" / VERSION
    export(folder / "model", recordings, evaluation[0], version, version=VERSION, lineage={})
    return folder / "model", version


def test_what_it_learned_holds_for_recordings_that_it_did_not_learn_from(
    evaluation: tuple[Path, Validation],
) -> None:
    folder, done = evaluation
    assert done.judged.recordings.matrix.sum() == 24
    assert done.judged.windows.accuracy >= 0.85
    assert abs(done.single.windows.accuracy - done.judged.windows.accuracy) <= 0.05
    assert (folder / "explorer.png").read_bytes().startswith(b"\x89PNG")


def test_the_device_s_answer_is_the_trainer_s_bit_for_bit(
    recordings: Path, exported: tuple[Path, Path]
) -> None:
    model, version = exported
    file = version / "model.tflite"
    trainer = SignalPath(LiteRtModel(file, Kernels.REFERENCE), Learned.read(model).preparing)
    device = Engine(version)
    compared = 0
    for recording in read_all(recordings):
        for _, window in device.signal.windows(recording.values):
            answer = device.answer(window).scores
            wanted = trainer.scores_of(trainer.preparing.extract(window)[np.newaxis])[0]
            assert np.array_equal(answer, wanted)
            compared += 1
    assert compared == 24 * 3
    assert self_test(version).exact
    assert file.stat().st_size <= 10_000


SLIPWAY = (sys.executable, "-c", "from slipway.cli import main; main()")


def _environment() -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("SLIPWAY_")}
    return clean | {"PYTHONPATH": os.pathsep.join(sys.path)}


def _slipway(folder: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*SLIPWAY, *words],
        cwd=folder,
        env=_environment() | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _told_on_a_terminal(folder: Path, result: Path, *words: str) -> str:
    """What a command that ends well tells on standard error, which is a terminal; its standard
    output goes to the file `result`."""
    ours, theirs = pty.openpty()
    with result.open("wb") as output:
        running = subprocess.Popen(
            [*SLIPWAY, *words], cwd=folder, env=_environment(), stdout=output, stderr=theirs
        )
    os.close(theirs)
    told = b""
    with suppress(OSError):  # nobody has the terminal any more
        while part := os.read(ours, 4096):
            told += part
    os.close(ours)
    assert running.wait() == 0, told.decode()
    return told.decode()


def test_live_replays_a_file_against_a_version(
    recordings: Path, exported: tuple[Path, Path], tmp_path: Path
) -> None:
    bucket = exported[1].parents[1]
    still = read_all(recordings)[8]
    assert still.label == "idle"
    file = write(tmp_path / "phone.json", document(still.values.tolist()))
    done = _slipway(
        tmp_path,
        *("live", str(file), "--version", VERSION, "--speed", "1000", "--json"),
        SLIPWAY_BUCKETS_MODEL_OUTPUT=bucket.as_uri(),
    )
    assert done.returncode == 0, done.stderr
    moments: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert [round(one["seconds"], 2) for one in moments] == [2.0, 2.5, 2.99]
    engine = Engine(exported[1])
    for one, (_, window) in zip(moments, engine.signal.windows(still.values), strict=True):
        assert one["score"] == pytest.approx(max(engine.answer(window).scores), abs=1e-6)
    file.write_bytes(file.read_bytes()[:-9])
    done = _slipway(
        tmp_path,
        *("live", str(file), "--version", VERSION),
        SLIPWAY_BUCKETS_MODEL_OUTPUT=bucket.as_uri(),
    )
    assert done.returncode == 2
    assert f"{file} is not JSON" in done.stderr
    assert "Traceback" not in done.stderr


def test_tune_shows_candidates_and_the_command_of_the_best(tmp_path: Path) -> None:
    given = ["recordings=4", "folds=2", "epochs=1", "step=31"]
    told = _told_on_a_terminal(
        tmp_path,
        tmp_path / "result.json",
        *("tune", "motion", "--budget", "1", "--json"),
        *(word for one in given for word in ("-p", one)),
    )
    document = json.loads((tmp_path / "result.json").read_text())
    (candidate,) = document["candidates"]
    assert candidate["changed"] == {}
    assert 0 <= candidate["accuracy"] <= 1
    assert 1000 < candidate["bytes"] <= 10_000
    assert candidate["latency_ms"] > 0
    assert document["command"] == "slipway run motion -p " + " -p ".join(given)
    assert "1 of 5" in told
