"""Writes what a release is made of: SavedModel, LiteRT files and the model's card."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from slipway.domain.card import Kernels, ModelCard, Task
from slipway.domain.names import ModelVersion
from slipway_components.evaluate.measure import measure
from slipway_components.export import conversion, litert
from slipway_components.export.device import DevicePath
from slipway_components.export.golden import golden_samples, golden_tolerance
from slipway_components.folder import appearing
from slipway_components.images import Split, load, read_split
from slipway_components.trained import MEAN, STD, read_trained
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
    kernels: Kernels = Kernels.SERVING,
) -> ModelCard:
    """Export the trained `model` to the new folder `output`; returns the card.

    `output` gets `saved_model/`, `model.tflite` (int8 throughout), `model_float.tflite`,
    `model.json` (the card) and `export.json` (sizes in bytes, milliseconds an inference on this
    machine's processor). The same training gives the same bytes, export.json excepted.
    Quantisation is calibrated with training images alone; the card's accuracies are those of
    the LiteRT files on the test images, on the path that a device takes, with the `kernels` that
    are to serve.

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
        calibrating = features.normalise(representative.pixels, mean=MEAN, std=STD)
        conversion.run([conversion.Conversion(trained.model, calibrating, folder)])
        device = litert.LiteRtModel(folder / "model.tflite", litert.Kernels[kernels.name])
        quantised = measure(device, test, trained.labels)
        single = measure(litert.LiteRtModel(folder / "model_float.tflite"), test, trained.labels)
        accuracy, accuracy_float = quantised.evaluation.accuracy, single.evaluation.accuracy
        card = ModelCard(
            version=parsed,
            task=Task.IMAGES,
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
            kernels=kernels,
            thresholds={"unknown": 0.0},
            metrics={
                **quantised.evaluation.metrics(),
                "accuracy_float": accuracy_float,
                "quantisation_loss": accuracy_float - accuracy,
            },
            lineage={**lineage, "split": _said(parts)},
            golden=tuple(golden_samples(dataset, parts.test, folder / "model.tflite")),
            golden_tolerance=golden_tolerance(
                map(
                    DevicePath(device).stored,
                    np.concatenate([test.pixels, representative.pixels])[:TOLERANCE_IMAGES],
                ),
                folder / "model.tflite",
                kernels,
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


def _said(parts: Split) -> str:
    """How it was split and judged, in one sentence."""
    return (
        f"one split, no group on two sides: {len(parts.train)} images to learn from, "
        f"{len(parts.validation)} decided when to stop, {len(parts.test)} judged"
    )


def _spread(paths: tuple[str, ...], most: int) -> tuple[str, ...]:
    """At most `most` paths, evenly spread, so that each label has its share."""
    step = max(1, -(-len(paths) // most))
    return paths[::step]
