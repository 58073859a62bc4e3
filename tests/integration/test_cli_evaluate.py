"""`slipway evaluate` on tiny models: from a labelled folder to figures, through the serving app."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slipway_serving.engine import Engine

from slipway_features.wav import write_wav
from tests.fixtures.serving import BEARING_VERSION, MOTIONS_VERSION, VERSION, png
from tests.fixtures.shapes import SHAPES, draw_shape
from tests.fixtures.signals import as_csv, as_json, make_signal
from tests.fixtures.tiny_model import make_tiny_model
from tests.fixtures.tiny_signal import make_tiny_signal_model


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SLIPWAY_HOME with three models."""
    folder = tmp_path_factory.mktemp("home")
    bucket = folder / "buckets" / "model-output"
    make_tiny_model(bucket, VERSION)
    make_tiny_signal_model(bucket, MOTIONS_VERSION, "motions")
    make_tiny_signal_model(bucket, BEARING_VERSION, "bearing")
    return folder


def _run(home: Path, *options: object) -> "subprocess.CompletedProcess[str]":
    program = "from slipway.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "evaluate", *map(str, options)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "NO_COLOR": "1", "SLIPWAY_HOME": str(home)},
        check=False,
    )


def _evaluate(home: Path, version: str, data: Path) -> Any:
    done = _run(home, version, "--data", data, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def test_a_classifier_of_signals(home: Path, tmp_path: Path) -> None:
    right = {
        motion: [make_signal(motion, 64, seed) for seed in (50, 51)] for motion in ("fast", "slow")
    }
    _write(tmp_path / "fast" / "a.csv", as_csv(right["fast"][0]))
    _write(tmp_path / "fast" / "b.json", as_json(right["fast"][1], rate=50.2))
    _write(tmp_path / "slow" / "a.wav", write_wav(right["slow"][0] / 2, 50))
    _write(tmp_path / "slow" / "b.csv", as_csv(right["slow"][1]))
    _write(tmp_path / "slow" / "really fast.csv", as_csv(right["fast"][0]))
    _write(tmp_path / "toaster" / "a.csv", as_csv(right["fast"][0]))
    _write(tmp_path / "slow" / "short.csv", as_csv(right["slow"][0][:15]))
    _write(tmp_path / "slow" / "nan.csv", b"x,y,z\n1,2,nan\n")
    _write(tmp_path / "slow" / "rate.json", as_json(right["slow"][0], rate=100))
    _write(tmp_path / "slow" / ".hidden", b"")
    figures = _evaluate(home, MOTIONS_VERSION, tmp_path)

    assert (figures["version"], figures["task"]) == (MOTIONS_VERSION, "series-classification")
    rejected = {one["file"]: one["why"] for one in figures["rejected"]}
    assert set(rejected) == {f"slow/{n}" for n in ("short.csv", "nan.csv", "rate.json")} | {
        "toaster/a.csv"
    }
    assert "no label 'toaster', but fast, slow" in rejected["toaster/a.csv"]
    assert "15 samples, a window 16" in rejected["slow/short.csv"]
    assert "sample 0 of z is nan" in rejected["slow/nan.csv"]
    assert "100 Hz" in rejected["slow/rate.json"]

    recordings, windows = figures["recordings"], figures["windows"]
    assert recordings["labels"] == ["fast", "slow"]
    assert recordings["confusion"] == [[2, 0], [1, 2]]
    assert recordings["accuracy"] == 4 / 5
    assert recordings["per_class"]["slow"] == {"precision": 1.0, "recall": 2 / 3, "support": 3}
    assert figures["mistakes"] == [
        {"file": "slow/really fast.csv", "label": "slow", "answer": "fast"}
    ]
    engine = Engine(home / "buckets" / "model-output" / "motions" / MOTIONS_VERSION)
    answers = [
        engine.card.labels[int(engine.answer(values[start : start + 16]).scores.argmax())]
        for values in right["fast"]
        for start in range(0, 49, 8)
    ]
    assert windows["confusion"][0] == [answers.count("fast"), answers.count("slow")]
    assert sum(map(sum, windows["confusion"])) == 5 * 7
    assert figures["unknown"] == figures["silent"] == 0

    shown = _run(home, MOTIONS_VERSION, "--data", tmp_path).stdout
    assert "80.00% of 5 recordings are right" in shown
    assert "slow/really fast.csv: fast" in shown
    assert "rejected: 4" in shown


def test_an_anomaly_detection(home: Path, tmp_path: Path) -> None:
    _write(tmp_path / "healthy.csv", as_csv(make_signal("slow", 400, seed=60)))
    broken = make_signal("fast", 400, seed=61) * np.linspace(0.2, 5, 400)[:, np.newaxis]
    _write(tmp_path / "broken.csv", as_csv(broken))
    figures = _evaluate_in_folders(home, tmp_path)
    engine = Engine(home / "buckets" / "model-output" / "bearing" / BEARING_VERSION)

    def errors(values: Any) -> Any:
        starts = range(0, 400 - 15, 8)
        return np.array([engine.answer(values[s : s + 16]).scores[0] for s in starts])

    good, bad = errors(make_signal("slow", 400, seed=60)), errors(broken)
    assert figures["loss_ratio"] == pytest.approx(bad.mean() / good.mean())
    assert figures["roc_auc"] == pytest.approx(np.mean([np.mean(one > good) for one in bad]))
    assert figures["false_alarms"] == pytest.approx(np.mean(good > 0.4))
    assert figures["missed"] == pytest.approx(np.mean(bad <= 0.4))
    assert 0.5 <= figures["baseline_roc_auc"] <= 1
    assert figures["windows"] == {"healthy": 49, "anomaly": 49}
    assert [(one["label"], one["answer"]) for one in figures["recordings"]] == [
        ("broken", "anomaly"),
        ("healthy", "healthy"),
    ]
    assert "roc_auc" in _run(home, BEARING_VERSION, "--data", tmp_path).stdout


def _evaluate_in_folders(home: Path, data: Path) -> Any:
    for file in list(data.glob("*.csv")):
        (data / file.stem).mkdir()
        file.rename(data / file.stem / file.name)
    return _evaluate(home, BEARING_VERSION, data)


def test_a_classifier_of_images(home: Path, tmp_path: Path) -> None:
    for label in SHAPES:
        folder = tmp_path / label / "one"
        folder.mkdir(parents=True)
        draw_shape(label, 48, 77).save(folder / "a.png")
        draw_shape(label, 48, 78).save(tmp_path / label / "b.png")
    _write(tmp_path / "disc" / "broken.jpg", png()[:50])
    _write(tmp_path / "star" / "a.png", png())
    figures = _evaluate(home, VERSION, tmp_path)
    assert {one["file"] for one in figures["rejected"]} == {"disc/broken.jpg", "star/a.png"}
    assert sum(map(sum, figures["images"]["confusion"])) == 2 * len(SHAPES)
    assert figures["images"]["accuracy"] >= 0.5
    wrong = len(figures["mistakes"])
    assert figures["images"]["accuracy"] == 1 - wrong / (2 * len(SHAPES))


def test_what_cannot_be_evaluated_is_said_in_one_message(home: Path, tmp_path: Path) -> None:
    done = _run(home, MOTIONS_VERSION, "--data", tmp_path / "nowhere")
    assert (done.returncode, "nowhere is no folder" in done.stderr) == (3, True), done.stderr
    done = _run(home, MOTIONS_VERSION, "--data", tmp_path)
    assert (done.returncode, "nothing that the model could" in done.stderr) == (2, True)
    _write(tmp_path / "slow" / "a.csv", b"rubbish")
    done = _run(home, MOTIONS_VERSION, "--data", tmp_path, "--json")
    assert done.returncode == 2
    message = json.loads(done.stderr)["error"]["message"]
    assert "slow/a.csv: the axis 'x' is missing" in message
    assert str(tmp_path) not in message
    done = _run(home, "motions_1_1", "--data", tmp_path)
    assert (done.returncode, "motions_1_1" in done.stderr) == (3, True), done.stderr
    assert "Traceback" not in done.stderr
