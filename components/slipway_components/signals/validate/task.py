"""Grouped cross-validation, answered on the path that a device takes."""

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from slipway_components.evaluate.picture import draw_confusion
from slipway_components.evaluate.scores import Evaluation
from slipway_components.export import conversion
from slipway_components.export.litert import Kernels, LiteRtModel
from slipway_components.folder import appearing
from slipway_components.progress import say
from slipway_components.signals import recordings as recordings_files
from slipway_components.signals.dataset import Dataset, prepare
from slipway_components.signals.device import SignalPath
from slipway_components.signals.examples import labels_of, long_enough
from slipway_components.signals.fitting import Fitted
from slipway_components.signals.folds import Folds, fold
from slipway_components.signals.judging import Judged
from slipway_components.signals.learned import MOST_REPRESENTATIVE, fixed_batch, spread
from slipway_components.signals.workloads import Parameters, Reals, workload
from slipway_components.trained import MODEL_FILE


@dataclass(frozen=True)
class Validation:
    """How the int8 models of all folds did together, each on what it did not learn from."""

    judged: Judged
    single: Judged  # the same networks in floats
    split: str  # how it was split, in one sentence

    def metrics(self) -> dict[str, float]:
        """For the card: of windows, and of recordings where the name says so."""
        windows, recordings = self.judged.windows, self.judged.recordings
        accuracy_float = self.single.windows.accuracy
        return {
            **windows.metrics(),
            "accuracy_recordings": recordings.accuracy,
            "accuracy_float": accuracy_float,
            "quantisation_loss": accuracy_float - windows.accuracy,
        }


def validate(recordings: Path, output: Path, *, name: str, parameters: Parameters) -> Validation:
    """Train, convert and ask once for each fold; write the new folder `output`.

    `recordings` is what `gather` wrote, `name` the workload's. Every fold learns its scaling and
    its weights from the other folds alone, and is judged in int8 with the kernels of the device.
    `output` gets metrics.json and, for windows and for recordings, a confusion matrix (.json and
    .png). Raises InvalidDataset, InvalidInput, Failed when a conversion ends badly.
    """
    of = workload(name)
    given = recordings_files.read_all(recordings)
    window = int(of.preprocessing(parameters)["window"])
    found = long_enough(given, window)
    labels = labels_of(found)
    folds = fold(found, int(parameters["folds"]), window=window, seed=int(parameters["seed"]))
    dataset = prepare(of, folds.recordings, labels, parameters)
    answers, answers_float = _cross_validate(dataset, folds)
    unknown = float(parameters["unknown"])
    done = Validation(
        Judged.of(dataset.examples, answers, labels, unknown),
        Judged.of(dataset.examples, answers_float, labels, unknown),
        folds.said + _left_out(len(given) - len(found)),
    )
    with appearing(output) as folder:
        metrics = {"schema": 1, "split": done.split, "metrics": done.metrics()}
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
        for what in ("windows", "recordings"):
            _write_confusion(folder, getattr(done.judged, what), what)
    say(f"validate: {done.split}")
    for what in ("windows", "recordings"):
        evaluation: Evaluation = getattr(done.judged, what)
        say(f"validate: {evaluation.accuracy:.1%} of {evaluation.matrix.sum()} {what} are right")
    return done


def _left_out(count: int) -> str:
    return f"; {count} shorter than a window were left out" if count else ""


def _cross_validate(dataset: Dataset, folds: Folds) -> tuple[list[Reals], list[Reals]]:
    """The scores of each recording's windows, int8 and float."""
    numbers = sorted(set(folds.of))
    kernels = Kernels[dataset.workload.kernels.upper()]
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
                scaled = replace(dataset.preparing, scaling=one.scaling)
                path = SignalPath(LiteRtModel(done.output / file, kernels), scaled)
                into |= {i: path.scores_of(dataset.examples[i].features) for i in held_out}
    everyone = range(len(folds.of))
    return [answers[i] for i in everyone], [answers_float[i] for i in everyone]


def _conversion(fitted: Fitted, folder: Path) -> conversion.Conversion:
    folder.mkdir()
    model = folder / MODEL_FILE
    fixed_batch(fitted.network).save(model)
    calibrating = spread(fitted.inputs, MOST_REPRESENTATIVE)
    return conversion.Conversion(model, calibrating, folder)


def _write_confusion(folder: Path, evaluation: Evaluation, what: str) -> None:
    document = {"labels": evaluation.labels, "matrix": evaluation.matrix.tolist()}
    (folder / f"{what}.json").write_text(json.dumps(document) + "\n")
    draw_confusion(evaluation, folder / f"{what}.png", what)
