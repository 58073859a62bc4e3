"""Readiness: a model that goes wrong while it is served, and one that hangs."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from slipway_serving import readiness as module
from slipway_serving.engine import Engine
from slipway_serving.readiness import Readiness


def eventually(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def folder(tiny_version: Path, tmp_path: Path) -> Iterator[Path]:
    yield Path(shutil.copytree(tiny_version, tmp_path / "model"))


def test_starting_ready_and_leaving(folder: Path) -> None:
    readiness = Readiness(Engine(folder))
    assert readiness.problem == "starting"
    readiness.prove()
    assert readiness.problem == "starting"
    readiness.start()
    assert readiness.problem == ""
    readiness.leave()
    assert readiness.problem == "leaving"


def test_a_model_that_decays_is_not_ready_until_it_is_whole_again(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The interpreter reads the weights where they lie: in the file."""
    readiness = Readiness(Engine(folder))
    readiness.start()
    threading.Thread(target=readiness.watch, args=([0.01],), daemon=True).start()
    path = folder / "model.tflite"
    data = path.read_bytes()
    start, end = len(data) // 4, len(data) // 2
    with path.open("r+b") as file:
        file.seek(start)
        file.write(bytes(byte ^ 0x55 for byte in data[start:end]))
    eventually(lambda: readiness.problem)
    assert "golden sample" in readiness.problem
    with path.open("r+b") as file:
        file.write(data)
    said: list[str] = []

    def reproduced() -> bool:
        said.append(capfd.readouterr().err)
        return "are reproduced again" in said[-1]

    eventually(reproduced)
    assert not readiness.problem
    lines = [line for line in "".join(said).splitlines() if "golden sample" in line]
    assert lines[-1] == "the golden samples are reproduced again"
    assert len(lines) < 10


def test_a_model_that_hangs_is_not_ready_and_then_not_alive(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    monkeypatch.setattr(module, "_STUCK", 0.6)
    engine = Engine(folder)
    readiness = Readiness(engine)
    readiness.start()
    with engine._lock:  # as a prediction that never ends holds it
        threading.Thread(target=readiness.watch, args=([0.01],), daemon=True).start()
        eventually(lambda: readiness.problem)
        assert "has not been answered" in readiness.problem
        assert not readiness.stuck
        eventually(lambda: readiness.stuck)
    eventually(lambda: not readiness.problem)
    assert not readiness.stuck


def test_a_model_without_golden_samples_has_nothing_to_prove(folder: Path) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "golden": []}))
    readiness = Readiness(Engine(folder))
    readiness.prove()
    readiness.watch([0.01])
    readiness.start()
    assert readiness.problem == ""
