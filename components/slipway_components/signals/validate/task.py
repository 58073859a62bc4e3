"""Grouped cross-validation, answered on the path that a device takes."""

import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from slipway.domain.card import Task
from slipway_components.evaluate.picture import draw_confusion
from slipway_components.evaluate.scores import Evaluation
from slipway_components.export import conversion
from slipway_components.export.litert import Kernels, LiteRtModel
from slipway_components.folder import appearing
from slipway_components.progress import say
from slipway_components.signals import baseline
from slipway_components.signals import recordings as recordings_files
from slipway_components.signals.dataset import Dataset, prepare
from slipway_components.signals.detecting import Detection
from slipway_components.signals.device import SignalPath
from slipway_components.signals.examples import labels_of, long_enough, stacked
from slipway_components.signals.explorer import draw_explorer
from slipway_components.signals.fitting import Fitted
from slipway_components.signals.folds import Folds, fold
from slipway_components.signals.judging import UNKNOWN, Judged, answers_to
from slipway_components.signals.learned import MOST_REPRESENTATIVE, fixed_batch, spread
from slipway_components.signals.recordings import Recording
from slipway_components.signals.workloads import Parameters, Reals, Workload, workload
from slipway_components.trained import MODEL_FILE


@dataclass(frozen=True)
class Validation:
    """How the int8 models of all folds did together, each on what it did not learn from."""

    judged: Judged
    single: Judged  # the same networks in floats
    baseline: Judged  # a rule on means and deviations, in the same folds
    unknown: float  # a best score below it is answered with "unknown"
    split: str  # how it was split, in one sentence

    @property
    def thresholds(self) -> dict[str, float]:
        """For the card."""
        return {"unknown": self.unknown}

    def said(self) -> Iterator[str]:
        """Lines for people."""
        for what in ("windows", "recordings"):
            evaluation: Evaluation = getattr(self.judged, what)
            simple: Evaluation = getattr(self.baseline, what)
            yield (
                f"{evaluation.accuracy:.1%} of {evaluation.matrix.sum()} {what} are right,"
                f" {simple.accuracy:.1%} by the rule on means and deviations"
            )

    def metrics(self) -> dict[str, float]:
        """For the card: of windows, and of recordings where the name says so."""
        windows, recordings = self.judged.windows, self.judged.recordings
        accuracy_float = self.single.windows.accuracy
        return {
            **windows.metrics(),
            "accuracy_recordings": recordings.accuracy,
            "accuracy_float": accuracy_float,
            "quantisation_loss": accuracy_float - windows.accuracy,
            "baseline_accuracy": self.baseline.windows.accuracy,
            "baseline_accuracy_recordings": self.baseline.recordings.accuracy,
        }


@dataclass(frozen=True)
class CrossValidation:
    """Windows, and what models that had not learned from their recordings answered."""

    dataset: Dataset
    answers: tuple[Reals, ...]  # int8 scores of each of the examples, see SignalPath.scores_of
    answers_float: tuple[Reals, ...]
    folds: Folds
    split: str  # how it was split, in one sentence
    size: int  # bytes of one int8 model
    milliseconds: float  # from a window to its scores, the median on this machine

    def judge(self) -> Validation:
        """Compare a classifier's answers with the true labels."""
        unknown = float(self.dataset.parameters["unknown"])
        examples, labels = self.dataset.examples, self.dataset.labels
        return Validation(
            Judged.of(examples, self.answers, labels, unknown),
            Judged.of(examples, self.answers_float, labels, unknown),
            Judged.of(examples, _baseline(self.dataset, self.folds), labels, 0.0),
            unknown,
            self.split,
        )


def cross_validate(
    of: Workload, given: Sequence[Recording], parameters: Parameters
) -> CrossValidation:
    """Train, convert and ask once for each fold.

    Every fold learns its scaling and its weights from the other folds alone, and is asked in int8
    with the kernels of the device. Raises InvalidDataset, InvalidInput, Failed when a conversion
    ends badly.
    """
    window = int(of.preprocessing(parameters)["window"])
    found = long_enough(given, window)
    labels = labels_of(found, of.labels)
    folds = fold(found, int(parameters["folds"]), window=window, seed=int(parameters["seed"]))
    dataset = prepare(of, folds.recordings, labels, parameters)
    split = folds.said + _left_out(len(given) - len(found))
    return _ask(dataset, folds, split)


def validate(
    recordings: Path, output: Path, *, name: str, parameters: Parameters
) -> Validation | Detection:
    """Cross-validate and write the new folder `output`.

    `recordings` is what `gather` wrote, `name` the workload's. `output` gets metrics.json,
    explorer.png (the windows by their features) or of anomaly-detection errors.png (how they are
    distributed) and, for windows and for recordings, a confusion matrix (.json and .png). Errors
    as for `cross_validate`.
    """
    given = recordings_files.read_all(recordings)
    of = workload(name)
    crossed = cross_validate(of, given, parameters)
    done = _detection(crossed) if of.task == Task.ANOMALIES else crossed.judge()
    with appearing(output) as folder:
        document = {
            "schema": 1,
            "split": done.split,
            "metrics": done.metrics(),
            "thresholds": done.thresholds,
        }
        (folder / "metrics.json").write_text(json.dumps(document, indent=2) + "\n")
        for what in ("windows", "recordings"):
            _write_confusion(folder, getattr(done.judged, what), what)
        if isinstance(done, Detection):
            done.draw(folder / "errors.png")
        else:
            _draw_explorer(folder / "explorer.png", crossed)
    for line in (done.split, *done.said()):
        say(f"validate: {line}")
    return done


def _detection(crossed: CrossValidation) -> Detection:
    dataset = crossed.dataset
    return Detection.of(
        dataset.examples,
        crossed.answers,
        crossed.answers_float,
        crossed.folds.of,
        labels=dataset.labels,
        false_alarms=float(dataset.parameters["false_alarms"]),
        split=crossed.split,
    )


def _left_out(count: int) -> str:
    return f"; {count} shorter than a window were left out" if count else ""


def _ask(dataset: Dataset, folds: Folds, split: str) -> CrossValidation:
    """Train, convert and ask about each recording's windows, int8 and float."""
    numbers = sorted(set(folds.of))
    answers: dict[int, Reals] = {}
    answers_float: dict[int, Reals] = {}
    with tempfile.TemporaryDirectory() as scratch:
        fitted, conversions = [], []
        for number in numbers:
            say(f"validate: fold {number + 1} of {len(numbers)}")
            fitted.append(dataset.fit([i for i, of in enumerate(folds.of) if of != number]))
            conversions.append(_conversion(fitted[-1], Path(scratch) / str(number)))
        conversion.run(conversions)
        for number, one, done in zip(numbers, fitted, conversions, strict=True):
            held_out = [i for i, of in enumerate(folds.of) if of == number]
            for file, into in (("model.tflite", answers), ("model_float.tflite", answers_float)):
                path = _path(dataset, one, done.output / file)
                into |= {i: path.scores_of(dataset.examples[i].features) for i in held_out}
        first = conversions[0].output / "model.tflite"
        size = first.stat().st_size
        recording = dataset.examples[0].recording
        milliseconds = _milliseconds(_path(dataset, fitted[0], first), recording)
    return CrossValidation(
        dataset,
        tuple(answers[i] for i in range(len(folds.of))),
        tuple(answers_float[i] for i in range(len(folds.of))),
        folds,
        split,
        size,
        milliseconds,
    )


def _baseline(dataset: Dataset, folds: Folds) -> tuple[Reals, ...]:
    """The rule's scores of each recording's windows."""
    answers: dict[int, Reals] = {}
    for number in sorted(set(folds.of)):
        held_out = [i for i, of in enumerate(folds.of) if of == number]
        learned_from = [dataset.examples[i] for i, of in enumerate(folds.of) if of != number]
        judged = [dataset.examples[i] for i in held_out]
        scores = baseline.answers(learned_from, judged, dataset.labels)
        answers |= dict(zip(held_out, scores, strict=True))
    return tuple(answers[i] for i in range(len(folds.of)))


def _path(dataset: Dataset, fitted: Fitted, file: Path) -> SignalPath:
    kernels = Kernels[dataset.workload.kernels.upper()]
    scaled = replace(dataset.preparing, scaling=fitted.scaling)
    return SignalPath(LiteRtModel(file, kernels), scaled, Task(dataset.workload.task))


def _milliseconds(path: SignalPath, recording: Recording) -> float:
    """The median over the recording's windows."""
    times = []
    for _, window in path.preparing.windows(recording.values):
        started = time.perf_counter()
        path.stored_scores(window)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def _conversion(fitted: Fitted, folder: Path) -> conversion.Conversion:
    folder.mkdir()
    model = folder / MODEL_FILE
    fixed_batch(fitted.network).save(model)
    calibrating = spread(fitted.inputs, MOST_REPRESENTATIVE)
    return conversion.Conversion(model, calibrating, folder)


def _draw_explorer(path: Path, crossed: CrossValidation) -> None:
    dataset = crossed.dataset
    features, targets = stacked(dataset.examples, dataset.labels)
    scores = np.concatenate([part for part in crossed.answers if len(part)])
    shown = [*dataset.labels, UNKNOWN]
    answers = answers_to(scores, float(dataset.parameters["unknown"]), shown)
    draw_explorer(features, targets, answers, dataset.labels, path)


def _write_confusion(folder: Path, evaluation: Evaluation, what: str) -> None:
    document = {"labels": evaluation.labels, "matrix": evaluation.matrix.tolist()}
    (folder / f"{what}.json").write_text(json.dumps(document) + "\n")
    draw_confusion(evaluation, folder / f"{what}.png", what)
