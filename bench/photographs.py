"""`python -m bench.photographs FOLDER [NAME=VALUE …]`: how good `objects` is, by folds.

Every photograph of FOLDER (LABEL/FILE) is judged once, in int8 by the device's runtime, by a model
with the pipeline's defaults (or NAME=VALUE) that learned from the other four fifths; beside it what
two rules that learn no features reach on the same folds. Photographs that nearly repeat one another
are in one fold. Takes five trainings.
"""

import hashlib
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC  # type: ignore[import-untyped]
from slipway_components.evaluate.scores import Evaluation
from slipway_components.evaluate.task import evaluate
from slipway_components.export.task import export
from slipway_components.images import Images, label_of, load
from slipway_components.train.task import TrainingParameters, train

from bench.report import report
from slipway.domain.card import Kernels
from tests.fixtures.pipeline_parameters import pipeline_parameters

FOLDS: Final = 5
WATCHED: Final = 2  # photographs of each label that the training is watched by
ALIKE: Final = 0.95  # correlation of two thumbnails from which they count as one photograph
TRAINING: Final = tuple(field.name for field in fields(TrainingParameters))
Reals = NDArray[np.float64]


def main() -> None:
    """Cross-validate, and report."""
    root = Path(sys.argv[1])
    parameters = _parameters(sys.argv[2:])
    paths = sorted(str(file.relative_to(root)) for file in root.glob("*/*") if file.is_file())
    labels = tuple(sorted({label_of(path) for path in paths}))
    images = load(root, paths, labels, parameters["image_size"])
    of = _folds(paths, images)
    judged = [_judge(root, paths, of, number, parameters) for number in range(FOLDS)]
    matrix = np.sum([one.matrix for one, _ in judged], axis=0)
    report(
        "photographs",
        parameters=parameters,
        photographs=len(paths),
        accuracy=round(float(np.trace(matrix) / matrix.sum()), 4),
        accuracy_of_folds=[round(one.accuracy, 4) for one, _ in judged],
        accuracy_float=round(float(np.average([f for _, f in judged], weights=np.bincount(of))), 4),
        labels=labels,
        confusion=matrix.tolist(),
        gradients_and_support_vectors=_rule(images, of, _histograms, _support_vectors),
        nearest_mean_colour=_rule(images, of, _colours, _nearest),
    )


def _parameters(words: Sequence[str]) -> dict[str, Any]:
    """What training and export are told."""
    chosen = pipeline_parameters("objects", words)
    used = (*TRAINING, "kernels")
    if idle := {word.partition("=")[0] for word in words}.difference(used):
        sys.exit(f"error: {', '.join(sorted(idle))}: not used here; what is: {', '.join(used)}")
    return {name: chosen[name] for name in used}


def _folds(paths: Sequence[str], images: Images) -> NDArray[np.int64]:
    """The fold of each photograph: each label's are dealt out evenly, near-repetitions together."""
    thumbnails = images.pixels.reshape(len(paths), 16, -1, 16, images.pixels.shape[1] // 16, 3)
    grey = thumbnails.mean(axis=(2, 4, 5)).reshape(len(paths), -1)
    alike = np.corrcoef(grey) > ALIKE
    first = [int(np.argmax(alike[row])) for row in range(len(paths))]
    groups: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, path in enumerate(paths):
        groups[label_of(path)][first[row]].append(row)
    of = np.zeros(len(paths), np.int64)
    for parts in groups.values():
        sizes = np.zeros(FOLDS, np.int64)
        for part in sorted(parts, key=lambda part: hashlib.sha256(paths[part].encode()).digest()):
            of[parts[part]] = number = int(np.argmin(sizes))
            sizes[number] += len(parts[part])
    return of


def _judge(
    root: Path,
    paths: Sequence[str],
    of: NDArray[np.int64],
    number: int,
    parameters: Mapping[str, Any],
) -> tuple[Evaluation, float]:
    """What the int8 model of one fold answered, and the accuracy of its float file."""
    sides: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for row, path in enumerate(paths):
        watched = sum(label_of(path) == label_of(other) for other in sides["validation"])
        side = "validation" if watched < WATCHED else "train"
        sides["test" if of[row] == number else side].append(path)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        split = folder / "split.json"
        split.write_text(json.dumps(sides))
        train(root, split, folder / "trained", **{name: parameters[name] for name in TRAINING})
        version = "objects_1_1501089026"
        export(
            folder / "trained",
            root,
            split,
            folder / "export",
            version=version,
            lineage={},
            kernels=Kernels(parameters["kernels"]),
        )
        answered = evaluate(folder / "export", root, split, folder / "evaluation")
        metrics = json.loads((folder / "evaluation" / "metrics.json").read_text())
    return answered, float(metrics["accuracy_float"])


def _rule(
    images: Images,
    of: NDArray[np.int64],
    features: Callable[[NDArray[np.uint8]], Reals],
    answer: Callable[[Reals, NDArray[np.int64], Reals], NDArray[np.int64]],
) -> float:
    """The accuracy of a rule, each fold answered from the others."""
    seen = np.array([features(pixels) for pixels in images.pixels])
    right = 0
    for number in range(FOLDS):
        asked = of == number
        answers = answer(seen[~asked], images.targets[~asked], seen[asked])
        right += int((answers == images.targets[asked]).sum())
    return round(right / len(of), 4)


def _histograms(pixels: NDArray[np.uint8]) -> Reals:
    """Histograms of oriented gradients: cells of 8 × 8, 9 directions, blocks of 2 × 2 cells."""
    rows, columns = np.gradient(pixels.mean(axis=2))
    strength, direction = np.hypot(rows, columns), np.arctan2(rows, columns) % np.pi
    which = np.minimum((direction / np.pi * 9).astype(int), 8)
    split = strength[..., np.newaxis] * (which[..., np.newaxis] == np.arange(9))
    count = len(pixels) // 8
    cells = split[: count * 8, : count * 8].reshape(count, 8, count, 8, 9).sum(axis=(1, 3))
    near = [cells[r : count - 1 + r, c : count - 1 + c] for r in (0, 1) for c in (0, 1)]
    blocks = np.concatenate(near, axis=-1)
    lengths = np.linalg.norm(blocks, axis=-1, keepdims=True)
    normal: Reals = np.minimum(blocks / (lengths + 1e-3), 0.2).ravel()
    return normal


def _colours(pixels: NDArray[np.uint8]) -> Reals:
    colours: Reals = pixels.mean(axis=(0, 1))
    return colours


def _support_vectors(known: Reals, targets: NDArray[np.int64], asked: Reals) -> NDArray[np.int64]:
    answers: NDArray[np.int64] = SVC(C=10).fit(known, targets).predict(asked)
    return answers


def _nearest(known: Reals, targets: NDArray[np.int64], asked: Reals) -> NDArray[np.int64]:
    distances = np.linalg.norm(asked[:, np.newaxis] - known, axis=2)
    answers: NDArray[np.int64] = targets[distances.argmin(axis=1)]
    return answers


if __name__ == "__main__":
    main()
