"""`slipway predict` against the real serving app, and against what is none."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from slipway_components.signals.recordings import Recording, write

from tests.fixtures.free_ports import free_port
from tests.fixtures.serving import VERSION, Serving, png, running_serving
from tests.fixtures.signals import AXES, RATE, as_csv, as_json, make_signal


@pytest.fixture(scope="module")
def shared(tiny_version: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with running_serving(tiny_version, tmp_path_factory.mktemp("serving")) as running:
        yield running


def _predict(folder: Path, *options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from slipway.cli import main; main()",
            "predict",
            *map(str, options),
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=60,
        env={**os.environ, "NO_COLOR": "1", "SLIPWAY_HOME": str(folder / "home")},
        check=False,
    )


def test_the_table_names_labels_model_and_digest(shared: Serving, tmp_path: Path) -> None:
    (tmp_path / "part.png").write_bytes(png())
    url = f"http://127.0.0.1:{shared.port}"
    done = _predict(tmp_path, "part.png", "--url", url)
    assert done.returncode == 0, done.stderr
    answer = json.loads(_predict(tmp_path, "part.png", "--url", f"{url}/", "--json").stdout)
    assert (answer["version"], answer["digest"]) == (VERSION, "sha256:" + "0" * 64)
    scores = [one["score"] for one in answer["predictions"]]
    assert scores == sorted(scores, reverse=True)
    lines = done.stdout.splitlines()
    assert lines[1].split() == [answer["predictions"][0]["label"], f"{scores[0]:.3f}"]
    assert f"model  {VERSION}" in lines
    assert f"image  sha256:{'0' * 64}" in lines


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("missing.png", None, "does not exist"),
        ("text.png", b"this is text", "not an image"),
        ("empty.png", b"", "empty"),
        ("cut.png", png()[:80], "cannot be decoded"),
        ("large.png", bytes(17 * 2**20), "bytes"),
        ("folder", b"", "folder"),
    ],
    ids=["missing", "text", "empty", "cut", "large", "folder"],
)
def test_what_is_no_image_is_named(
    shared: Serving, tmp_path: Path, name: str, data: bytes | None, word: str
) -> None:
    if name == "folder":
        (tmp_path / name).mkdir()
    elif data is not None:
        (tmp_path / name).write_bytes(data)
    done = _predict(tmp_path, name, "--url", f"http://127.0.0.1:{shared.port}")
    assert done.returncode == (3 if data is None else 2), done.stderr
    assert name in done.stderr
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_is_away_silent_or_another_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "part.png").write_bytes(png())
    done = _predict(tmp_path, "part.png", "--url", f"http://127.0.0.1:{free_port()}")
    assert (done.returncode, "nothing answers" in done.stderr) == (7, True)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = _predict(tmp_path, "part.png", "--url", url, "--timeout", "0.5")
    assert (done.returncode, "within 0.5 s" in done.stderr) == (7, True)
    for url in ("127.0.0.1:8080", "ftp://x", "http://", "http://h:99999", "http://[::1"):
        done = _predict(tmp_path, "part.png", "--url", url)
        assert (done.returncode, "not a URL" in done.stderr) == (2, True), done.stderr


def test_another_web_server_is_no_serving_container(registry: str, tmp_path: Path) -> None:
    (tmp_path / "part.png").write_bytes(png())
    done = _predict(tmp_path, "part.png", "--url", f"http://{registry}")
    assert done.returncode == 10, done.stderr
    assert "not a serving container" in done.stderr


def test_a_device_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "part.png").write_bytes(png())
    done = _predict(tmp_path, "part.png", "--device", "nowhere")
    assert done.returncode == 3, done.stderr
    assert "nowhere" in done.stderr


@pytest.fixture(scope="module")
def motions(motions_version: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with running_serving(motions_version, tmp_path_factory.mktemp("serving")) as running:
        yield running


def test_a_recording_is_shown_by_its_stretches(motions: Serving, tmp_path: Path) -> None:
    values = np.concatenate([make_signal("slow", 160, 5), make_signal("fast", 96, 5)])
    (tmp_path / "day.csv").write_bytes(as_csv(values))
    (tmp_path / "day.json").write_bytes(as_json(values))
    write(tmp_path, Recording("day", "one", values, RATE, AXES))
    url = f"http://127.0.0.1:{motions.port}"
    answers = []
    for name in ("day.csv", "day.json", "day/one.npz"):
        done = _predict(tmp_path, name, "--url", url, "--json")
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout))
        assert answers[-1].pop("latency_ms") > 0
    assert answers[1] == answers[0]
    assert answers[2] == answers[0]
    assert answers[0]["predictions"][0]["label"] == "slow"
    best = [window["predictions"][0]["label"] for window in answers[0]["windows"]]
    assert (best[0], best[-1], len(best)) == ("slow", "fast", 31)

    done = _predict(tmp_path, "day.csv", "--url", url)
    rows = [line.split() for line in done.stdout.splitlines()]
    stretches = rows[rows.index(["samples", "from", "windows", "label", "mean", "score"]) + 1 :]
    assert stretches[0][0::2][:2] == ["0", "slow"]
    assert sum(int(row[1]) for row in stretches[: stretches.index([])]) == 31


def test_anomalies_are_shown_with_their_threshold(bearing_version: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.csv").write_bytes(as_csv(make_signal("fast", 160, 5)))
    with running_serving(bearing_version, tmp_path) as serving:
        url = f"http://127.0.0.1:{serving.port}"
        done = _predict(tmp_path, "broken.csv", "--url", url)
        answer = json.loads(_predict(tmp_path, "broken.csv", "--url", url, "--json").stdout)
    assert done.stdout.splitlines()[1].split()[0] == "anomaly"
    assert "threshold 0.400: above it 19 of 19 windows" in done.stdout
    assert answer["threshold"] == 0.4
    assert all(window["score"] > 0.4 for window in answer["windows"])


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("short.csv", b"x,y,z\n1,2,3\n", "1 samples, a window 16"),
        ("two.csv", b"x,y\n1,2\n", "'z' is missing"),
        ("broken.wav", b"RIFFRIFF", "not a WAV file"),
        ("broken.npz", b"PK rubbish", "no recording"),
    ],
)
def test_what_is_no_recording_is_named(
    motions: Serving, tmp_path: Path, name: str, data: bytes, word: str
) -> None:
    (tmp_path / name).write_bytes(data)
    done = _predict(tmp_path, name, "--url", f"http://127.0.0.1:{motions.port}")
    assert done.returncode == 2, done.stderr
    assert name in done.stderr
    assert word in done.stderr
    assert "PNG" not in done.stderr
    assert "Traceback" not in done.stderr
