"""Cards that cannot be served, and what the engine and the self-test make of a model."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from slipway_serving.card import Picture, read_card
from slipway_serving.engine import Engine
from slipway_serving.errors import ModelError
from slipway_serving.readiness import Readiness
from slipway_serving.selftest import self_test

from tests.fixtures.serving import VERSION, png

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def folder(tiny_version: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model, to be spoilt."""
    return Path(shutil.copytree(tiny_version, tmp_path / "model"))


def _change(folder: Path, change: Change) -> None:
    document = json.loads((folder / "model.json").read_text())
    change(document)
    (folder / "model.json").write_text(json.dumps(document))


def test_the_card_that_an_export_writes_is_read(tiny_version: Path) -> None:
    card = read_card(tiny_version / "model.json")
    assert (card.name, card.version) == ("equipmentparts", VERSION)
    assert isinstance(card.preparing, Picture)
    assert card.input.shape == (1, card.preparing.height, card.preparing.width, 3)
    assert len(card.golden) > 0


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(schema=2),
        lambda d: d.pop("labels"),
        lambda d: d.update(labels=[]),
        lambda d: d["labels"].append("more"),
        lambda d: d["preprocessing"].update(kind="sound"),
        lambda d: d["preprocessing"].update(channels=1),
        lambda d: d["preprocessing"].update(width=33),
        lambda d: d["preprocessing"].update(std=0),
        lambda d: d["preprocessing"].update(mean="much"),
        lambda d: d["inputs"].append(d["inputs"][0]),
        lambda d: d["inputs"][0].update(dtype="float64"),
        lambda d: d["inputs"][0].update(quantisation=None),
        lambda d: d["outputs"].clear(),
        lambda d: d["golden"][0].update(input="no base64"),
        lambda d: d["golden"][0].update(output=5),
    ],
)
def test_a_card_that_cannot_be_served_is_refused(folder: Path, change: Change) -> None:
    _change(folder, change)
    with pytest.raises(ModelError, match=r"model\.json"):
        read_card(folder / "model.json")


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "\udcff", "[" * 100_000])
def test_a_card_that_is_no_json_is_refused(folder: Path, text: str) -> None:
    (folder / "model.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match=r"model\.json"):
        read_card(folder / "model.json")


def test_a_model_that_is_missing_or_broken_is_refused(folder: Path) -> None:
    (folder / "model.tflite").write_bytes((folder / "model.tflite").read_bytes()[:100])
    with pytest.raises(ModelError, match="does not load"):
        Engine(folder)
    (folder / "model.tflite").unlink()
    with pytest.raises(ModelError, match="does not exist"):
        Engine(folder)


def test_a_model_that_is_not_the_cards_is_refused(folder: Path) -> None:
    shutil.copy(folder / "model_float.tflite", folder / "model.tflite")
    with pytest.raises(ModelError, match=r"model\.tflite has .*float32"):
        Engine(folder)


def test_a_float_model_is_served_too(folder: Path, tiny_version: Path) -> None:
    shutil.copy(folder / "model_float.tflite", folder / "model.tflite")

    def as_float(document: dict[str, Any]) -> None:
        for tensor in document["inputs"] + document["outputs"]:
            tensor.update(dtype="float32", quantisation=None)

    _change(folder, as_float)
    image = read_card(tiny_version / "model.json").golden[0].data
    assert (Engine(tiny_version).integers, Engine(folder).integers) == (True, False)
    floats = Engine(folder).scores(image)
    assert abs(floats.sum() - 1) < 1e-5
    assert np.abs(floats - Engine(tiny_version).scores(image)).max() < 0.1


def test_the_self_test_reproduces_what_the_export_stored(tiny_version: Path) -> None:
    report = self_test(tiny_version)
    assert report.ok
    assert report.max_distance <= report.tolerance
    assert report.samples == len(read_card(tiny_version / "model.json").golden)
    assert report.exact
    assert report.to_json()["model"] == VERSION


def _off_by(distance: float) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["golden"][0]["output"][0][1] += distance

    return change


def test_an_answer_that_is_off_fails_the_self_test_and_the_start(folder: Path) -> None:
    _change(folder, _off_by(3))
    report = self_test(folder)
    assert not report.ok
    assert report.max_distance == 3
    assert report.to_json()["sample"] == 1
    with pytest.raises(ModelError, match=r"golden sample 1 is off by 3\.0; 2\.0 is allowed"):
        Readiness(Engine(folder)).prove()
    _change(folder, lambda d: d.update(golden_tolerance=3))
    Readiness(Engine(folder)).prove()
    report = self_test(folder)
    assert (report.ok, report.exact, report.max_distance) == (False, False, 3)
    assert "golden sample 1 is off by 3.0" in report.to_json()["error"]


def test_damage_that_hides_in_the_tolerance_is_found_by_the_reference_kernels(folder: Path) -> None:
    """The lowest bit of one weight, for each of forty. Some change no answer to any sample, with
    any kernels: those nobody can see."""
    assert self_test(folder).ok
    good = (folder / "model.tflite").read_bytes()
    tolerance = read_card(folder / "model.json").golden_tolerance
    found = 0
    for position in _weights(folder)[:40]:
        damaged = bytearray(good)
        damaged[position] ^= 1
        (folder / "model.tflite").write_bytes(damaged)
        report = self_test(folder)
        assert report.max_distance <= tolerance, "the serving kernels alone would let it pass"
        if not report.ok:
            assert "with the reference kernels" in report.error
            assert not report.exact
            found += 1
    assert found > 0


def _weights(folder: Path) -> range:
    """Where in the file the largest tensor of weights lies."""
    interpreter = Interpreter(str(folder / "model.tflite"))
    interpreter.allocate_tensors()
    weights: list[bytes] = []
    for details in interpreter.get_tensor_details():
        if details["dtype"] == np.int8 and len(details["shape"]) == 4 and details["shape"][0] > 1:
            weights.append(interpreter.get_tensor(details["index"]).tobytes())
    largest = max(weights, key=len)
    start = (folder / "model.tflite").read_bytes().index(largest)
    return range(start, start + len(largest))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["golden"][0].update(output=[]),
        lambda d: d["golden"][0].update(output=[[1.0]]),
        lambda d: d["golden"][0].update(output=[[float("nan")] * len(d["labels"])]),
    ],
)
def test_golden_outputs_that_do_not_fit_fail_the_self_test(folder: Path, change: Change) -> None:
    _change(folder, change)
    report = self_test(folder)
    assert not report.ok
    assert report.to_json()["max_distance"] is None


def test_a_self_test_without_samples_or_with_a_broken_one_fails(folder: Path) -> None:
    _change(folder, lambda d: d["golden"][0].update(input=base64.b64encode(b"rubbish").decode()))
    assert "golden sample" in self_test(folder).error
    with pytest.raises(ModelError, match="golden sample 1: "):
        Readiness(Engine(folder)).prove()
    _change(folder, lambda d: d.update(golden=[]))
    assert not self_test(folder).ok
    assert "no golden samples" in self_test(folder).error
    Readiness(Engine(folder)).prove()


def test_an_image_of_any_size_gets_a_score_per_label(tiny_version: Path) -> None:
    engine = Engine(tiny_version)
    for width, height in ((1, 1), (3, 700), (32, 32), (641, 479)):
        scores = engine.scores(png(width, height))
        assert scores.shape == (len(engine.card.labels),)
        assert np.isfinite(scores).all()
