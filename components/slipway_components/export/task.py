"""Writes what a release is made of: SavedModel, LiteRT files and the model's card."""

import errno
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slipway.domain.card import ModelCard
from slipway.domain.errors import DiskFull, Failed
from slipway.domain.names import ModelVersion
from slipway_components.evaluate.measure import measure
from slipway_components.export import convert
from slipway_components.export.golden import golden_samples, golden_tolerance
from slipway_components.export.litert import LiteRtModel
from slipway_components.folder import appearing
from slipway_components.images import load, read_split
from slipway_components.trained import MEAN, STD, Trained, read_trained
from slipway_features import image as features

REPRESENTATIVES = 200  # images that calibrate the quantisation
TOLERANCE_IMAGES = 200  # images on which kernels are compared, the test images first


def export(
    model: Path,
    dataset: Path,
    split: Path,
    output: Path,
    *,
    version: str,
    lineage: Mapping[str, str],
) -> ModelCard:
    """Export the trained `model` to the new folder `output`; returns the card.

    `output` gets `saved_model/`, `model.tflite` (int8 throughout), `model_float.tflite`,
    `model.json` (the card) and `export.json` (sizes in bytes, milliseconds an inference on this
    machine's processor). The same training gives the same bytes, export.json excepted.
    Quantisation is calibrated with training images alone; the card's accuracies are those of
    the LiteRT files on the test images, on the path that a device takes.

    Raises InvalidName for a malformed version, NotFound where there is no model, InvalidDataset,
    DiskFull, Failed when the converter ends badly.
    """
    parsed = ModelVersion.parse(version)
    trained = read_trained(model)
    parts = read_split(split)
    test = load(dataset, parts.test, trained.labels, trained.image_size)
    representative = load(
        dataset, _spread(parts.train, REPRESENTATIVES), trained.labels, trained.image_size
    )
    with appearing(output) as folder:
        _convert(trained, representative.pixels, folder)
        device = LiteRtModel(folder / "model.tflite")
        quantised = measure(device, test, trained.labels)
        single = measure(LiteRtModel(folder / "model_float.tflite"), test, trained.labels)
        accuracy, accuracy_float = quantised.evaluation.accuracy, single.evaluation.accuracy
        card = ModelCard(
            version=parsed,
            task="image-classification",
            labels=trained.labels,
            inputs=(device.input,),
            outputs=(device.output,),
            preprocessing={
                "kind": "image",
                "width": trained.image_size,
                "height": trained.image_size,
                "channels": 3,
                "mean": MEAN,
                "std": STD,
            },
            thresholds={"unknown": 0.0},
            metrics={
                **quantised.evaluation.metrics(),
                "accuracy_float": accuracy_float,
                "quantisation_loss": accuracy_float - accuracy,
            },
            lineage=dict(lineage),
            golden=tuple(golden_samples(dataset, parts.test, folder / "model.tflite")),
            golden_tolerance=golden_tolerance(
                np.concatenate([test.pixels, representative.pixels])[:TOLERANCE_IMAGES],
                folder / "model.tflite",
            ),
        )
        (folder / "model.json").write_bytes(card.to_json())
        sizes = {file.name: file.stat().st_size for file in sorted(folder.glob("*.tflite"))}
        report = {
            "schema": 1,
            "bytes": sizes,
            "milliseconds": {
                "model.tflite": quantised.milliseconds,
                "model_float.tflite": single.milliseconds,
            },
        }
        (folder / "export.json").write_text(json.dumps(report, indent=2) + "\n")
    return card


def _spread(paths: tuple[str, ...], most: int) -> tuple[str, ...]:
    """At most `most` paths, evenly spread, so that each label has its share."""
    step = max(1, -(-len(paths) // most))
    return paths[::step]


def _convert(trained: Trained, pixels: NDArray[np.uint8], folder: Path) -> None:
    """Run the converter in a process of its own; raises Failed with its last words, DiskFull.

    All that it writes lies on the output's file system, so that a full one can be named.
    """
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        samples = Path(scratch) / "representative.npy"
        array = io.BytesIO()  # numpy itself would not say why a file cannot be written
        np.save(array, features.normalise(pixels, mean=MEAN, std=STD))
        samples.write_bytes(array.getvalue())
        module = [sys.executable, "-m", convert.__name__]
        done = subprocess.run(
            [*module, str(trained.model), str(samples), str(folder)],
            # TensorFlow numbers what it keeps in sets, whose order the hash seed decides.
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join(sys.path),
                "PYTHONHASHSEED": "0",
                "TMPDIR": scratch,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    if done.returncode != 0 and os.strerror(errno.ENOSPC) in done.stderr:
        raise DiskFull(
            f"no space left on the file system of {folder.parent} to convert {trained.model}",
            hint="Free some space and try again",
        )
    if done.returncode != 0:
        end = f"signal {-done.returncode}" if done.returncode < 0 else f"exit {done.returncode}"
        words = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise Failed(
            f"the conversion of {trained.model} to LiteRT ended with {end}: {words}",
            hint="A layer that LiteRT cannot hold is the usual cause; try another architecture",
        )
