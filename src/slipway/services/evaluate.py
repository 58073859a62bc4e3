"""What a model version is worth on a labelled folder, asked through the program that serves it."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from slipway.domain.card import ModelCard, Task
from slipway.domain.errors import InvalidInput
from slipway.domain.names import ModelVersion
from slipway.domain.prediction import UNKNOWN, Prediction
from slipway.ports.bucket import Bucket
from slipway.services.asking import Ask, Asked, Body, Found, fetched, stranger
from slipway.services.evaluate_signals import detected, told_apart
from slipway.services.labelled_data import Load, pictures, plain, recordings
from slipway.services.measures import classified
from slipway.services.model_output import read_card
from slipway_features.preparing import preparing


class Evaluator:
    """Evaluates versions of the model-output bucket."""

    def __init__(
        self,
        bucket: Bucket,
        serve: Callable[[Path], AbstractContextManager[Ask]],
        loaders: Callable[[str], Load],
        body: Body,
    ) -> None:
        """`serve` runs the serving program with the model in a folder; `loaders` gives what reads
        a workload's folders; `body` is what is sent of samples, their axes and their rate in Hz."""
        self._bucket = bucket
        self._serve = serve
        self._loaders = loaders
        self._body = body

    def evaluate(
        self, version: ModelVersion, data: Path, told: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """The figures of a version on the folder `data`.

        Of a classifier `windows` and `recordings`, or `images`, as `measures.classified` gives
        them; of anomaly-detection what `evaluate_signals.detected` says. What could not be asked
        about is `rejected`. Raises NotFound, InvalidCard, InvalidDataset when nothing at all could
        be asked about, and what serving raises. `told` is called after each answer.
        """

        def counted(data: bytes, name: str) -> Prediction:
            answer = ask(data, name)
            told()
            return answer

        card = read_card(self._bucket, version)
        with fetched(self._bucket, version) as folder, self._serve(folder) as ask:
            figures = self._figures(card, data, counted)
        return {"version": str(version), "task": str(card.task), **figures}

    def _figures(self, card: ModelCard, data: Path, ask: Ask) -> dict[str, Any]:
        if card.task is Task.IMAGES:
            return _recognised(card, pictures(data), data, ask)
        workload = card.lineage.get("workload", "")
        prepared = preparing(card.preprocessing, {})
        load = self._loaders(workload) if workload else plain(prepared.axes)
        asked = Asked(prepared, recordings(data, load), ask, self._body)
        return detected(card, asked) if card.task is Task.ANOMALIES else told_apart(card, asked)


def _recognised(
    card: ModelCard, files: Iterable[tuple[str, Path]], data: Path, ask: Ask
) -> dict[str, Any]:
    counts, known = Found(), (*card.labels, UNKNOWN)
    for label, path in files:
        file = str(path.relative_to(data))
        if label not in known:
            counts.reject(file, stranger(label, card.labels))
            continue
        try:
            answer = ask(path.read_bytes(), file).scores[0].label
        except (InvalidInput, OSError) as error:
            counts.reject(file, str(error))
        else:
            counts.whole(file, label, answer)
    counts.check()
    return {
        "images": classified(card.labels, counts.wholes),
        "unknown": sum(answer == UNKNOWN for _, answer in counts.wholes),
        "mistakes": counts.mistakes,
        "rejected": counts.rejected,
    }
