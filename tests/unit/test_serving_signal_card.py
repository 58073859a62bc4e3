"""Models of signals: cards that contradict themselves, and what the engine makes of the rest."""

import base64
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slipway_serving.card import Kernels, Task, read_card
from slipway_serving.engine import Engine
from slipway_serving.errors import ModelError
from slipway_serving.recordings import predict
from slipway_serving.selftest import self_test

from tests.fixtures.serving import BEARING_VERSION, MOTIONS_VERSION
from tests.fixtures.signals import AXES, as_json, make_signal

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def motions(motions_version: Path, tmp_path: Path) -> Path:
    """A copy, to be spoilt."""
    return Path(shutil.copytree(motions_version, tmp_path / "motions"))


@pytest.fixture
def bearing(bearing_version: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bearing_version, tmp_path / "bearing"))


def _change(folder: Path, change: Change) -> None:
    document = json.loads((folder / "model.json").read_text())
    change(document)
    (folder / "model.json").write_text(json.dumps(document))


def test_cards_of_signals_are_read(motions: Path, bearing: Path) -> None:
    card = read_card(motions / "model.json")
    assert (card.name, card.version) == ("motions", MOTIONS_VERSION)
    assert (card.task, card.kernels) == (Task.SERIES, Kernels.REFERENCE)
    assert card.labels == ("fast", "slow")
    signal = Engine(motions).signal
    assert (signal.axes, signal.rate, signal.window, signal.step) == (AXES, 50.0, 16, 8)
    card = read_card(bearing / "model.json")
    assert (card.version, card.task, card.anomaly) == (BEARING_VERSION, Task.ANOMALIES, 0.4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(task="clairvoyance"), "clairvoyance"),
        (lambda d: d.update(task="image-classification"), "not that of an image"),
        (lambda d: d.update(kernels="popcorn"), "popcorn"),
        (lambda d: d["preprocessing"].update(kind="image"), "preprocessing 'image' is none of"),
        (lambda d: d["preprocessing"].update(axes=["x", "y"]), "scaling is of 3"),
        (lambda d: d["preprocessing"].update(window=15), r"does not fit the features \(15, 3\)"),
        (lambda d: d["preprocessing"].update(step=0), "no windows"),
        (lambda d: d["preprocessing"].pop("rate"), "rate"),
        (lambda d: d["scaling"]["offset"].pop(), "2 offsets and 3 factors"),
        (lambda d: d["labels"].append("more"), "3 labels do not fit"),
        (lambda d: d["inputs"][0].update(quantisation=None), "has no scale"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(
    motions: Path, change: Change, words: str
) -> None:
    _change(motions, change)
    with pytest.raises(ModelError, match=words):
        Engine(motions)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["thresholds"].clear(), "no threshold"),
        (lambda d: d["labels"].append("worn"), "two labels, not by healthy, anomaly, worn"),
        (lambda d: d["outputs"][0].update(shape=[1, 48]), "the input's shape"),
        (lambda d: d["preprocessing"].update(silence=0.1), "silence"),
    ],
)
def test_an_anomaly_detection_that_cannot_be_one_is_refused(
    bearing: Path, change: Change, words: str
) -> None:
    _change(bearing, change)
    with pytest.raises(ModelError, match=words):
        Engine(bearing)


def test_both_kernels_reproduce_the_golden_samples(motions: Path, bearing: Path) -> None:
    for folder in (motions, bearing):
        for kernels in ("reference", "serving"):
            _change(folder, partial(dict.update, kernels=kernels))
            assert Engine(folder).kernels is Kernels(kernels)
            report = self_test(folder)
            assert (report.ok, report.exact, report.samples) == (True, True, 2), report
            assert report.max_distance <= (0 if kernels == "reference" else report.tolerance)


def test_with_reference_kernels_no_bit_may_be_off(motions: Path) -> None:
    def damage(document: dict[str, Any]) -> None:
        document["golden"][1]["output"][0][0] += 1

    _change(motions, damage)
    report = self_test(motions)
    assert (report.max_distance, report.tolerance) == (1, 2)
    assert not report.ok
    assert "golden sample 2 is off by 1.0" in report.error


def test_a_golden_sample_that_is_no_window_fails_the_self_test(motions: Path) -> None:
    long = base64.b64encode(as_json(make_signal("slow", 17, 1))).decode()
    _change(motions, lambda d: d["golden"][0].update(input=long))
    assert "golden sample 1: 17 samples are not a window of 16" in self_test(motions).error


def test_a_float_model_of_signals_answers_like_the_integers(
    motions: Path, bearing: Path, motions_version: Path, bearing_version: Path
) -> None:
    for folder, original in ((motions, motions_version), (bearing, bearing_version)):
        integers = Engine(original)
        shutil.copy(folder / "model_float.tflite", folder / "model.tflite")

        def as_float(document: dict[str, Any]) -> None:
            for tensor in document["inputs"] + document["outputs"]:
                tensor.update(dtype="float32", quantisation=None)

        _change(folder, as_float)
        floats = Engine(folder)
        assert not floats.integers
        for seed in range(5):
            window = make_signal("slow", 16, seed)
            assert np.allclose(
                floats.answer(window).scores, integers.answer(window).scores, atol=0.05
            )


def test_an_anomaly_is_measured_beyond_the_range_of_stored_values(bearing: Path) -> None:
    """An int8 input is cut at its range: a stronger vibration would look like a weaker one."""
    engine = Engine(bearing)
    window = make_signal("fast", 16, seed=3)
    scores = [float(engine.answer(strength * window).scores[0]) for strength in (10, 100, 1000)]
    assert scores[1] == pytest.approx(10 * scores[0], rel=0.2)
    assert scores[2] == pytest.approx(100 * scores[0], rel=0.2)


def test_silent_windows_are_not_asked_about(motions: Path) -> None:
    _change(motions, lambda d: d["preprocessing"].update(silence=0.05))
    engine = Engine(motions)
    loud, quiet = make_signal("fast", 16, seed=1), np.zeros((16, 3))
    assert not engine.answer(loud).silent
    assert engine.answer(quiet).silent
    assert not engine.answer(quiet).scores.any()
    found = predict(engine, as_json(np.concatenate([loud, quiet])), "")
    alone = predict(engine, as_json(loud), "")
    assert [bool(one["predictions"]) for one in found["windows"]] == [True, True, False]
    assert found["windows"][0]["predictions"] == alone["predictions"]
    assert found["predictions"][0]["label"] == "fast"
    nothing = predict(engine, as_json(quiet), "")
    assert nothing["predictions"] == [{"label": "unknown", "score": 0.0}]
    assert nothing["windows"] == [{"start": 0, "predictions": []}]


def test_a_model_of_images_takes_no_signals(tiny_version: Path) -> None:
    with pytest.raises(ModelError, match="takes images, not signals"):
        _ = Engine(tiny_version).signal
