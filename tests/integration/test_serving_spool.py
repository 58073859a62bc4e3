"""What the serving app remembers of its predictions, and that it never matters to a client."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.fixtures.serving import VERSION, Serving, png, running_serving

DIGEST = "sha256:" + "0" * 64


def _records(folder: Path) -> list[dict[str, Any]]:
    lines = [
        line for p in sorted(folder.glob("[0-9]*.jsonl")) for line in p.read_text().split("\n")
    ]
    return [json.loads(line) for line in lines if line]


def _end(serving: Serving) -> None:
    serving.process.terminate()
    assert serving.process.wait(60) == 0


def test_each_prediction_is_a_record(tiny_version: Path, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    image = png()
    card = json.loads((tiny_version / "model.json").read_text())
    (tensor,) = card["inputs"]
    values = np.random.default_rng(3).integers(-128, 128, tensor["shape"], np.int8)
    given = {"name": tensor["name"], "shape": tensor["shape"], "datatype": "INT8"}
    asked = {"inputs": [{**given, "data": values.reshape(-1).tolist()}]}
    begun = time.time()
    with running_serving(tiny_version, tmp_path, "--spool", str(spool)) as serving:
        (tmp_path / "images" / "nut.png").write_bytes(image)
        answers = [
            serving.ask("POST", "/predict/", image, "image/png"),
            serving.ask("POST", "/predict/", b'{"path": "nut.png"}', "application/json"),
        ]
        path = f"/v2/models/{VERSION.partition('_')[0]}/infer"
        assert serving.ask("POST", path, json.dumps(asked).encode()).status == 200
        assert serving.ask("POST", "/predict/", b"rubbish", "image/png").status == 400
        _end(serving)
    sent, named, tensors = _records(spool)
    assert len({record["id"] for record in (sent, named, tensors)}) == 3
    for record in (sent, named, tensors):
        assert begun <= record["time"] <= time.time()
        assert (record["model"], record["version"]) == ("equipmentparts", VERSION)
        assert record["digest"] == DIGEST
        assert record["latency_ms"] > 0
        assert len(record["top"]) == 3
    assert sent["input"] == {"sha256": hashlib.sha256(image).hexdigest(), "bytes": len(image)}
    assert named["input"] == {"path": "nut.png", "bytes": len(image)}
    digest = hashlib.sha256(values.tobytes()).hexdigest()
    assert tensors["input"] == {"sha256": digest, "bytes": values.nbytes}
    for record, answer in zip((sent, named), answers, strict=True):
        assert record["top"] == answer.json["predictions"][:3]
        assert record["latency_ms"] == answer.json["latency_ms"]


def test_a_spool_that_cannot_be_written_fails_no_prediction(
    tiny_version: Path, tmp_path: Path
) -> None:
    spool = tmp_path / "file"
    spool.write_text("not a folder")
    with running_serving(tiny_version, tmp_path, "--spool", str(spool)) as serving:
        for _ in range(5):
            assert serving.ask("POST", "/predict/", png(), "image/png").status == 200
        assert serving.ask("GET", "/readyz").status == 200
        _end(serving)
        log = serving.log.read_text()
    assert log.count("predictions are not kept") == 1
    assert str(spool) in log
    assert "Traceback" not in log


def test_a_killed_server_loses_no_record_that_it_wrote(tiny_version: Path, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    with running_serving(tiny_version, tmp_path, "--spool", str(spool)) as serving:
        for _ in range(7):
            assert serving.ask("POST", "/predict/", png(), "image/png").status == 200
        deadline = time.monotonic() + 60
        while sum(p.read_bytes().count(b"\n") for p in spool.glob("current-*.jsonl")) < 7:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        serving.process.kill()
        serving.process.wait()
    assert _records(spool) == []
    with running_serving(tiny_version, tmp_path, "--spool", str(spool)):
        deadline = time.monotonic() + 60
        while len(_records(spool)) < 7:
            assert time.monotonic() < deadline
            time.sleep(0.01)
