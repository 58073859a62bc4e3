"""Writes what a release of a model of signals is made of."""

import base64
import json
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway.domain.card import GoldenSample, Kernels, ModelCard, Task
from slipway.domain.errors import InvalidDataset, InvalidInput
from slipway.domain.names import ModelVersion
from slipway_components.export import conversion, litert
from slipway_components.export.golden import golden_tolerance
from slipway_components.folder import appearing
from slipway_components.signals import recordings as recordings_files
from slipway_components.signals.device import SignalPath
from slipway_components.signals.learned import Learned, representative
from slipway_components.signals.workloads import workload
from slipway_components.trained import MODEL_FILE
from slipway_features.signal import Signal


def export(
    model: Path,
    recordings: Path,
    evaluation: Path,
    output: Path,
    *,
    version: str,
    lineage: Mapping[str, str],
) -> ModelCard:
    """Export what `fit` left in `model` to the new folder `output`; returns the card.

    `output` gets `saved_model/`, `model.tflite` (int8 throughout), `model_float.tflite`,
    `model.json` (the card) and `export.json` (sizes in bytes, milliseconds an inference on this
    machine's processor). The same training gives the same bytes, export.json excepted. The card's
    metrics and thresholds are those that `validate` wrote to `evaluation`.

    Raises InvalidName for a malformed version, NotFound where there is no model, InvalidDataset,
    InvalidInput for an evaluation that is none, Failed when the converter ends badly.
    """
    parsed = ModelVersion.parse(version)
    learned = Learned.read(model)
    kernels = Kernels(workload(learned.workload).kernels)
    judged = _read_judged(evaluation / "metrics.json")
    said = f"{judged.split}; the released model learned from all of them"
    calibrating = representative(model)
    with appearing(output) as folder:
        conversion.run([conversion.Conversion(model / MODEL_FILE, calibrating, folder)])
        file = folder / "model.tflite"
        served = litert.LiteRtModel(file, litert.Kernels[kernels.name], given="signal")
        reference = litert.LiteRtModel(file, litert.Kernels.REFERENCE)
        path = SignalPath(reference, learned.preparing)
        inputs = [path.stored(window.astype(np.float64)) for window in calibrating]
        card = ModelCard(
            version=parsed,
            task=Task(workload(learned.workload).task),
            labels=learned.labels,
            inputs=(served.input,),
            outputs=(served.output,),
            preprocessing=learned.preprocessing,
            scaling=learned.scaling,
            kernels=kernels,
            thresholds=judged.thresholds,
            metrics=judged.metrics,
            lineage={**lineage, "workload": learned.workload, "split": said},
            golden=tuple(_golden(window, path) for window in _one_of_each(recordings, learned)),
            golden_tolerance=golden_tolerance(inputs, file, kernels),
        )
        (folder / "model.json").write_bytes(card.to_json())
        sizes = {entry.name: entry.stat().st_size for entry in sorted(folder.glob("*.tflite"))}
        report = {
            "schema": 1,
            "bytes": sizes,
            "milliseconds": {"model.tflite": _milliseconds(inputs, served)},
        }
        (folder / "export.json").write_text(json.dumps(report, indent=2) + "\n")
    return card


@dataclass(frozen=True)
class _Judged:
    """What `validate` found, for the card."""

    metrics: dict[str, float]
    thresholds: dict[str, float]
    split: str


def _read_judged(file: Path) -> _Judged:
    try:
        document = json.loads(file.read_bytes())
        return _Judged(
            {str(name): float(value) for name, value in document["metrics"].items()},
            {str(name): float(value) for name, value in document["thresholds"].items()},
            str(document["split"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f"{file} is no evaluation: {type(error).__name__} {error}", hint="Validate again"
        ) from error


def _one_of_each(folder: Path, learned: Learned) -> Iterator[Signal]:
    """The first window of each label that a device would ask about."""
    wanted = set(learned.labels)
    for recording in recordings_files.read_all(folder):
        if recording.label not in wanted:
            continue
        for _, window in learned.preparing.windows(recording.values):
            if not learned.preparing.silent(window):
                wanted.discard(recording.label)
                yield window
                break
    if wanted:
        raise InvalidDataset(
            f"{folder} holds no window of {sorted(wanted)[0]!r}",
            hint="Export with the recordings that the model learned from",
        )


def _golden(window: Signal, path: SignalPath) -> GoldenSample:
    body = json.dumps({"values": window.tolist()}).encode()  # all digits of each number
    scores = tuple(float(score) for score in path.stored_scores(window).reshape(-1))
    return GoldenSample(base64.b64encode(body).decode(), (scores,))


def _milliseconds(inputs: Sequence[NDArray[Any]], model: litert.LiteRtModel) -> float:
    """The median of one inference, on this machine's processor."""
    times = []
    for given in inputs:
        started = time.perf_counter()
        model.invoke(given)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000
