"""Training, evaluation and export for real: Keras, TensorFlow's converter, LiteRT."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from slipway_components.export.device import DevicePath
from slipway_components.export.litert import Kernels, LiteRtModel
from slipway_components.export.task import export
from slipway_components.images import decode, read_split
from slipway_components.tensorflow_import import import_keras
from slipway_components.train.task import train

from slipway.domain.card import ModelCard
from slipway.domain.errors import DiskFull
from tests.fixtures.golden_input import golden_pixels
from tests.fixtures.operators import operators
from tests.fixtures.shapes import SHAPES, make_shapes, make_split

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).parents[1] / "fixtures" / "train_and_export.py"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with dataset/, split.json and what one run of the program wrote to one/."""
    folder = tmp_path_factory.mktemp("train")
    dataset = make_shapes(folder / "dataset", size=40)
    make_split(dataset, folder / "split.json")
    run(folder, "one")
    return folder


def run(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    (folder / name).mkdir()
    done = subprocess.run(
        [sys.executable, PROGRAM, folder / "dataset", folder / "split.json", folder / name],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (folder / name / "stderr.txt").write_text(done.stderr)
    return done


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "export.json"  # holds milliseconds
    }


def test_the_same_inputs_give_the_same_model_in_another_process(work: Path) -> None:
    run(work, "two")
    one, two = hashes(work / "one" / "export"), hashes(work / "two" / "export")
    assert {"model.tflite", "model.json", "saved_model/saved_model.pb"} <= set(one)
    assert one == two
    assert hashes(work / "one" / "evaluation") == hashes(work / "two" / "evaluation")


@pytest.mark.system
def test_a_disk_that_fills_up_during_the_conversion_is_called_one(
    work: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=True)
    try:
        with pytest.raises(DiskFull, match=f"file system of {small} to convert"):
            export(
                *(work / "one" / "trained", work / "dataset", work / "split.json"),
                small / "out",
                version="shapes_1_1501089026",
                lineage={},
            )
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", small], check=True)


def test_the_training_tells_how_it_went(work: Path) -> None:
    trained = work / "one" / "trained"
    assert (
        "MobileNetV2 0.1 of 17 blocks at 32 pixels, weights none"
        in (work / "one/stderr.txt").read_text()
    )
    assert json.loads((trained / "labels.json").read_text())["labels"] == list(SHAPES)
    history = json.loads((trained / "history.json").read_text())
    assert history["parameters"]["seed"] == 7
    assert len(history["curves"]["loss"]) == len(history["curves"]["validation_accuracy"]) == 3
    losses = history["curves"]["validation_loss"]
    assert losses[history["best_epoch"] - 1] == min(losses)


def test_the_evaluation_counts_every_test_image(work: Path) -> None:
    evaluation = work / "one" / "evaluation"
    split = read_split(work / "split.json")
    metrics = json.loads((evaluation / "metrics.json").read_text())
    matrix = np.array(json.loads((evaluation / "confusion.json").read_text())["matrix"])
    assert matrix.sum() == len(split.test)
    assert metrics["accuracy"] == pytest.approx(np.trace(matrix) / len(split.test))
    assert {label: row["support"] for label, row in metrics["labels"].items()} == dict.fromkeys(
        SHAPES, 2
    )
    card = ModelCard.parse((work / "one" / "export" / "model.json").read_bytes())
    assert metrics["accuracy"] == card.metrics["accuracy"]
    assert metrics["accuracy_float"] == card.metrics["accuracy_float"]
    assert (evaluation / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_the_card_describes_the_int8_file(work: Path) -> None:
    export = work / "one" / "export"
    card = ModelCard.parse((export / "model.json").read_bytes())
    model = LiteRtModel(export / "model.tflite")
    assert card.labels == SHAPES
    assert card.inputs == (model.input,)
    assert card.outputs == (model.output,)
    assert (model.input.dtype, model.output.dtype) == ("int8", "int8")
    assert model.input.shape == (1, 32, 32, 3)
    assert model.input.quantisation is not None
    loss = card.metrics["accuracy_float"] - card.metrics["accuracy"]
    assert card.metrics["quantisation_loss"] == pytest.approx(loss)
    assert LiteRtModel(export / "model_float.tflite").input.dtype == "float32"


def test_the_golden_samples_are_test_images_with_the_reference_kernels_answers(work: Path) -> None:
    export = work / "one" / "export"
    card = ModelCard.parse((export / "model.json").read_bytes())
    reference, serving, delegated = (
        DevicePath(LiteRtModel(export / "model.tflite", kernels))
        for kernels in (Kernels.REFERENCE, Kernels.SERVING, Kernels.DELEGATED)
    )
    test = [(work / "dataset" / path) for path in read_split(work / "split.json").test]
    assert len(card.golden) == len(SHAPES)
    for sample in card.golden:
        pixels = golden_pixels(sample)
        assert any(np.array_equal(pixels, decode(path)) for path in test)
        right = np.array(sample.output[0])
        assert np.array_equal(reference.stored_scores(pixels), right)
        for fast in (serving, delegated):
            assert np.abs(fast.stored_scores(pixels) - right).max() <= card.golden_tolerance


def test_no_layer_is_dense(work: Path) -> None:
    """Runtimes round those differently, and tflite-runtime 2.14 knows not all of them."""
    assert "FULLY_CONNECTED" not in operators(work / "one" / "export" / "model.tflite")


def test_a_model_of_ours_can_be_where_the_next_training_starts(work: Path) -> None:
    before = work / "one" / "trained" / "model.keras"
    curves = train(
        work / "dataset",
        work / "split.json",
        work / "finetuned",
        image_size=32,
        alpha=0.1,
        weights=str(before),
        epochs=3,
        batch_size=8,
        seed=7,
    )
    assert len(curves["loss"]) == 3
    frozen, learned = _differences(before, work / "finetuned" / "model.keras")
    assert frozen == 0
    assert learned > 0


def test_a_training_that_goes_on_with_the_same_labels_keeps_the_head(
    work: Path, tmp_path: Path
) -> None:
    trained = work / "one" / "trained"
    (tmp_path / "alone").mkdir()
    alone = shutil.copy(trained / "model.keras", tmp_path / "alone")  # its labels are unknown
    for name, weights in (("kept", trained / "model.keras"), ("new", alone)):
        train(
            work / "dataset",
            work / "split.json",
            tmp_path / name,
            image_size=32,
            alpha=0.1,
            weights=str(weights),
            epochs=1,
            batch_size=8,
            learning_rate=1e-9,
            seed=7,
        )
    before, kept, new = (
        _scores(folder / "model.keras") for folder in (trained, tmp_path / "kept", tmp_path / "new")
    )
    assert np.abs(before - kept).max() < 1e-6
    assert np.abs(before - new).max() > 1e-2


def _scores(file: Path) -> NDArray[np.float32]:
    """The head's weights."""
    keras, _ = import_keras()
    network = keras.saving.load_model(file, compile=False)
    weights: NDArray[np.float32] = network.get_layer("scores").get_weights()[0]
    return weights


def _differences(before: Path, after: Path) -> tuple[float, float]:
    """How far the first and the last convolution of the backbone moved."""
    keras, _ = import_keras()
    backbones = [
        keras.saving.load_model(file, compile=False).get_layer("backbone")
        for file in (before, after)
    ]
    first, last = (
        max(
            float(np.abs(one - two).max())
            for one, two in zip(
                *(backbone.get_layer(name).get_weights() for backbone in backbones), strict=True
            )
        )
        for name in ("Conv1", "Conv_1")
    )
    return first, last


def test_the_saved_model_answers_under_its_serving_signature(work: Path) -> None:
    program = (
        "import sys, numpy as np\n"
        "from slipway_components.tensorflow_import import import_keras\n"
        "_, tf = import_keras()\n"
        "serve = tf.saved_model.load(sys.argv[1]).signatures['serving_default']\n"
        "print(serve(image=tf.zeros((2, 32, 32, 3)))['scores'].shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, work / "one" / "export" / "saved_model"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == f"(2, {len(SHAPES)})"
