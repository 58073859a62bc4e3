"""Measures an exported model on the test images: what it says here, a device will answer."""

import json
from pathlib import Path

from slipway.domain.card import ModelCard
from slipway.domain.errors import NotFound
from slipway_components.evaluate.measure import measure
from slipway_components.evaluate.picture import draw_confusion
from slipway_components.evaluate.scores import Evaluation
from slipway_components.export.litert import Kernels, LiteRtModel
from slipway_components.folder import appearing
from slipway_components.images import load, read_split
from slipway_components.progress import say


def evaluate(model: Path, dataset: Path, split: Path, output: Path) -> Evaluation:
    """Let the export's folder `model` answer the test images; write the new folder `output`.

    `output` gets `metrics.json` (accuracy of the int8 and of the float file, and the int8 file's
    precision, recall and support of each label), `confusion.json` (rows are true labels, columns
    the int8 file's answers) and `confusion.png`. Returns what the int8 file answered. Raises
    NotFound where there is no export, InvalidCard, InvalidDataset.
    """
    card = _card(model)
    labels = card.labels
    quantised = LiteRtModel(model / "model.tflite", Kernels[card.kernels.name])
    test = load(dataset, read_split(split).test, labels, quantised.input.shape[1])
    evaluation = measure(quantised, test, labels).evaluation
    single = measure(LiteRtModel(model / "model_float.tflite"), test, labels).evaluation
    with appearing(output) as folder:
        metrics = {
            "schema": 1,
            "accuracy": evaluation.accuracy,
            "accuracy_float": single.accuracy,
            "labels": {
                label: {
                    "precision": evaluation.precision(label),
                    "recall": evaluation.recall(label),
                    "support": evaluation.support(label),
                }
                for label in labels
            },
        }
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
        confusion = {"labels": labels, "matrix": evaluation.matrix.tolist()}
        (folder / "confusion.json").write_text(json.dumps(confusion) + "\n")
        draw_confusion(evaluation, folder / "confusion.png")
    say(f"evaluate: {evaluation.accuracy:.1%} of {len(test)} test images are right")
    for label in labels:
        say(
            f"evaluate: {label}: precision {evaluation.precision(label):.2f}, "
            f"recall {evaluation.recall(label):.2f} of {evaluation.support(label)}"
        )
    return evaluation


def _card(model: Path) -> ModelCard:
    for name in ("model.json", "model.tflite", "model_float.tflite"):
        if not (model / name).is_file():
            raise NotFound(
                f"{model / name} does not exist", hint="Name the folder that export wrote"
            )
    return ModelCard.parse((model / "model.json").read_bytes())
