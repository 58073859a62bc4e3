"""The pipeline sounds on made-up recordings, to what a device answers and firmware includes."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slipway_components.export.litert import Kernels, LiteRtModel
from slipway_components.signals.device import SignalPath
from slipway_components.signals.recordings import read_all
from slipway_serving.engine import Engine
from slipway_serving.selftest import self_test

from slipway.domain.card import ModelCard, Quantisation
from slipway_features.preparing import preparing
from tests.fixtures.pipeline_runs import slipway

pytestmark = pytest.mark.slow

LABELS = ("key", "knock", "lock", "unknown")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pipeline has run."""
    return tmp_path_factory.mktemp("sounds")


@pytest.fixture(scope="module")
def run(folder: Path) -> dict[str, Any]:
    given = ("recordings=3", "folds=2", "epochs=1", "gate_floor=0")
    parameters = [word for one in given for word in ("-p", one)]
    done = slipway(folder, "run", "sounds", *parameters, "--json")
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.fixture(scope="module")
def version(folder: Path, run: dict[str, Any]) -> Path:
    """The version's folder in the model-output bucket."""
    return folder / ".slipway/buckets/model-output/sounds" / str(run["version"])


@pytest.fixture(scope="module")
def card(version: Path) -> ModelCard:
    return ModelCard.parse((version / "model.json").read_bytes())


def test_the_network_takes_a_picture_of_256_greys_as_it_is(card: ModelCard) -> None:
    assert card.inputs[0].shape == (1, 15, 20)
    assert card.inputs[0].quantisation == Quantisation(1.0, -128)
    assert card.labels == LABELS
    assert card.thresholds == {"unknown": 0.8}
    assert len(card.golden) == len(LABELS)
    assert card.lineage["split"].startswith("2 folds over ")


def test_the_device_s_answer_is_the_trainer_s_bit_for_bit(
    version: Path, card: ModelCard, run: dict[str, Any]
) -> None:
    """The trainer extracts each recording anew; the engine has them all in one stream."""
    (recordings,) = Path(run["folder"]).glob("artifacts/*/gather/recordings")
    trainer = LiteRtModel(version / "model.tflite", Kernels.REFERENCE)
    device = Engine(version)
    compared = 0
    for recording in read_all(recordings):
        path = SignalPath(trainer, preparing(card.preprocessing, card.scaling))
        for _, window in device.signal.windows(recording.values):
            answer = device.answer(window)
            assert answer.silent or np.array_equal(
                answer.scores, device.judge(np.empty(0), [path.stored_scores(window)])
            )
            compared += not answer.silent
    assert compared > 300
    assert self_test(version).exact


def test_firmware_can_include_it(folder: Path, version: Path) -> None:
    """The C sources compile without a warning and give the features that training saw."""
    done = slipway(folder, "export-c", version.name, "-o", "firmware", "--json")
    assert done.returncode == 0, done.stderr
    sizes = json.loads(done.stdout)["bytes"]
    firmware = folder / "firmware"
    sources = [str(file) for file in sorted(firmware.glob("*.c"))]
    strict = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["cc", *strict, *sources, "-lm", "-o", firmware / "selftest"], check=True)
    checked = subprocess.run([firmware / "selftest"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    values, neighbours, wrong, size = (
        int(word) for word in checked.stdout.replace(",", "").split() if word.isdigit()
    )
    assert values == 4 * 300
    assert wrong == 0
    assert neighbours < values / 50
    assert size == sizes["flash_model"] == (version / "model.tflite").stat().st_size
    assert sizes["arena"] > sizes["arena_tensors"] > 0
    again = slipway(folder, "export-c", version.name, "-o", "firmware")
    assert again.returncode == 5
    assert "firmware" in again.stderr
    assert "Traceback" not in again.stderr
