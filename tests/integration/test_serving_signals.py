"""The serving app with models of signals: a process, recordings in, predictions out."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slipway_serving.engine import Engine

from slipway_features.wav import write_wav
from tests.fixtures.serving import MOTIONS_VERSION, Answer, Serving, running_serving
from tests.fixtures.signals import RATE, as_csv, as_json, make_signal

VALUES = np.rint(make_signal("fast", 44, seed=9) / 2 * 32768) / 32768  # as a WAV file can hold it


@pytest.fixture(scope="module")
def motions(motions_version: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with running_serving(motions_version, tmp_path_factory.mktemp("serving")) as running:
        yield running


@pytest.fixture(scope="module")
def bearing(bearing_version: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with running_serving(bearing_version, tmp_path_factory.mktemp("serving")) as running:
        yield running


def test_every_way_to_give_a_recording_gives_the_same_answer(
    motions: Serving, motions_version: Path
) -> None:
    wav = write_wav(VALUES, int(RATE))
    (motions.log.parent / "images" / "fast.csv").write_bytes(as_csv(VALUES))
    form = b'--B\r\nContent-Disposition: form-data; name="i"; filename="i.wav"\r\n\r\n'
    ask = motions.ask
    answers = [
        ask("POST", "/predict/", as_json(VALUES, rate=RATE), "application/json"),
        ask("POST", "/predict/", as_csv(VALUES), "text/csv; charset=utf-8"),
        ask("POST", "/predict/", wav, "audio/wav"),
        ask("POST", "/predict", as_json(VALUES)),
        ask("POST", "/predict/", as_csv(VALUES), "application/octet-stream"),
        ask("POST", "/predict/", wav),
        ask("POST", "/predict/", b'{"path": "fast.csv"}', "application/json"),
        ask("POST", "/predict/", form + wav + b"\r\n--B--", "multipart/form-data; boundary=B"),
    ]
    assert [answer.status for answer in answers] == [200] * len(answers), answers
    documents = [answer.json for answer in answers]
    assert all(document.pop("latency_ms") > 0 for document in documents)
    assert all(document == documents[0] for document in documents)
    document = documents[0]
    assert (document["model"], document["version"]) == ("motions", MOTIONS_VERSION)
    assert set(document) == {"model", "version", "predictions", "windows"}

    engine = Engine(motions_version)
    starts = [0, 8, 16, 24]  # 44 samples, windows of 16
    scores = [engine.answer(VALUES[start : start + 16]).scores for start in starts]
    assert [window["start"] for window in document["windows"]] == starts
    for predictions, expected in [
        (document["predictions"], np.mean(scores, axis=0)),
        *zip((window["predictions"] for window in document["windows"]), scores, strict=True),
    ]:
        assert {one["label"]: one["score"] for one in predictions} == pytest.approx(
            dict(zip(engine.card.labels, expected.tolist(), strict=True)), abs=1e-6
        )
        assert predictions[0]["score"] >= predictions[1]["score"]
    assert document["predictions"][0]["label"] == "fast"


def test_anomalies_have_a_score_and_a_threshold(bearing: Serving) -> None:
    for motion, label in (("slow", "healthy"), ("fast", "anomaly")):
        document = bearing.ask("POST", "/predict/", as_json(make_signal(motion, 200, 3))).json
        assert document["threshold"] == 0.4
        assert (document["score"] > 0.4) == (label == "anomaly")
        (prediction,) = document["predictions"]
        assert prediction == {"label": label, "score": pytest.approx(document["score"], abs=1e-6)}
        scores = [window["score"] for window in document["windows"]]
        assert document["score"] == pytest.approx(np.mean(scores))
        assert [window["start"] for window in document["windows"]] == list(range(0, 185, 8))


def _error(answer: Answer, status: int, code: str, words: str) -> None:
    assert (answer.status, answer.json["error"]["code"]) == (status, code), answer.body
    assert words in answer.json["error"]["message"]


def test_what_is_no_recording_gets_one_clear_error(motions: Serving) -> None:
    ask = motions.ask
    bad = "not-a-recording"
    short = make_signal("slow", 15, 0)
    _error(ask("POST", "/predict/", as_json(short)), 400, "too-short", "15 samples, a window 16")
    _error(ask("POST", "/predict/", as_json(VALUES, rate=44100)), 400, bad, "44100 Hz")
    _error(ask("POST", "/predict/", write_wav(VALUES, 60)), 400, bad, "takes 50 Hz")
    _error(ask("POST", "/predict/", as_json(VALUES[:, :2])), 400, bad, "x, y, z")
    _error(ask("POST", "/predict/", as_csv(VALUES[:, :2], ("x", "y"))), 400, bad, "'z' is missing")
    _error(ask("POST", "/predict/", write_wav(VALUES[:, :1], 50)), 400, bad, "1 channels")
    for body in (b"", b"rubbish", b"RIFF", b"\xff\xd8\xff", b'{"values": [[1, 2, NaN]]}'):
        _error(ask("POST", "/predict/", body), 400, bad, "")
    nan = b"x,y,z\n" + b"1,2,nan\n" * 20
    _error(ask("POST", "/predict/", nan, "text/csv"), 400, bad, "sample 0 of z is nan")
    _error(ask("POST", "/predict/", b"{", "application/json"), 400, "bad-json", "not JSON")
    _error(
        ask("POST", "/predict/", b'{"path": "no.csv"}', "application/json"),
        404,
        "no-such-image",
        "",
    )
    _error(ask("POST", "/predict/", b"x", "image/png"), 415, "unsupported-media-type", "text/csv")
    many = b"x,y,z\n" + b"1,2,3\n" * 400_000
    _error(ask("POST", "/predict/", many, "text/csv"), 400, bad, "more than 524288 values")
    lists = b'{"values": [' + b"[]," * 2_000_000 + b"[]]}"
    _error(ask("POST", "/predict/", lists), 400, bad, "more than 524288 values")
    _error(ask("POST", "/predict/", lists, "application/json"), 413, "too-large", "524288")
    assert ask("POST", "/predict/", as_json(VALUES)).status == 200
    assert "Traceback" not in motions.log.read_text()


def test_images_models_take_no_recordings(serving: Serving) -> None:
    _error(
        serving.ask("POST", "/predict/", b"1,2", "text/csv"),
        415,
        "unsupported-media-type",
        "image/",
    )


def test_probes_and_short_questions_are_answered_during_a_long_one(motions: Serving) -> None:
    long = as_csv(make_signal("slow", 40_000, seed=2))
    answers: list[Any] = []
    thread = threading.Thread(
        target=lambda: answers.append(motions.ask("POST", "/predict/", long, "text/csv"))
    )
    thread.start()
    while thread.is_alive():
        assert motions.ask("GET", "/readyz").status == 200
        assert motions.ask("POST", "/predict/", as_json(VALUES)).status == 200
    assert answers[0].status == 200
    assert len(answers[0].json["windows"]) == 40_000 // 8 - 1


def test_the_open_inference_protocol_answers_for_signals_too(
    bearing: Serving, bearing_version: Path, tmp_path: Path
) -> None:
    engine = Engine(bearing_version)
    metadata = bearing.ask("GET", "/v2/models/bearing").json
    assert metadata["inputs"] == [{"name": "signal", "datatype": "INT8", "shape": [1, 16, 3]}]
    stored = np.random.default_rng(1).integers(-128, 128, (1, 16, 3), np.int8)
    given = {**metadata["inputs"][0], "data": stored.tolist()}
    answer = bearing.ask(
        "POST", "/v2/models/bearing/infer", json.dumps({"inputs": [given]}).encode()
    )
    assert answer.status == 200, answer.body
    assert answer.json["outputs"][0]["data"] == engine.run([stored])[0].reshape(-1).tolist()


def test_a_recordings_prediction_is_remembered(bearing_version: Path, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    with running_serving(bearing_version, tmp_path, "--spool", str(spool)) as serving:
        body = as_json(make_signal("fast", 64, seed=1))
        document = serving.ask("POST", "/predict/", body).json
        serving.process.terminate()
        assert serving.process.wait(20) == 0
    (file,) = spool.glob("[0-9]*.jsonl")
    record = json.loads(file.read_text())
    assert record["top"] == document["predictions"]
    assert record["input"]["bytes"] == len(body)
