"""What goes on at this moment: a recording replayed against a model, or what devices tell."""

import json
import math
import tempfile
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from slipway_components.signals.recordings import Recording

from slipway.domain.card import ModelCard, Task
from slipway.domain.errors import InvalidDataset, InvalidInput, SlipwayError
from slipway.domain.prediction import Prediction
from slipway.services.asking import Ask, Body
from slipway.services.labelled_data import Load, plain
from slipway_features.preparing import Preparing, preparing

SILENT = "(silent)"


@dataclass(frozen=True)
class LiveModel:
    """A model that answers, and what it takes."""

    preparing: Preparing
    ask: Ask
    body: Body
    load: Load  # reads the folders that its pipeline trains on

    @classmethod
    def of(cls, card: ModelCard, ask: Ask, body: Body, loaders: Callable[[str], Load]) -> Self:
        """From a model's card; InvalidInput when it takes no signals."""
        if card.task is Task.IMAGES:
            raise InvalidInput(
                f"{card.version} looks at images, which do not go on", hint="Use slipway predict"
            )
        prepared = preparing(card.preprocessing, {})
        workload = card.lineage.get("workload", "")
        load = loaders(workload) if workload else plain(prepared.axes)
        return cls(prepared, ask, body, load)


@dataclass(frozen=True)
class Moment:
    """One answer, and what the last few of the same sensor amount to."""

    seconds: float  # since the recording began, or unix time
    sensor: str
    label: str
    score: float
    voted: str  # the label that most of the last answers have, the newest of equals


class Votes:
    """The majority of the last `count` labels of each sensor."""

    def __init__(self, count: int) -> None:
        self._last: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=count))

    def add(self, sensor: str, label: str) -> str:
        """Take a label in; returns the one that leads now."""
        last = self._last[sensor]
        last.append(label)
        counts = Counter(reversed(last))  # equal counts stay in the order they came in
        return counts.most_common(1)[0][0]


def read_recording(file: Path, load: Load) -> Recording:
    """The recording in a file, in the formats that `load` takes in a folder LABEL/FILE.

    Raises InvalidDataset naming the file.
    """
    with tempfile.TemporaryDirectory() as scratch:
        staged = Path(scratch) / "recording" / file.name
        staged.parent.mkdir()
        staged.symlink_to(file.resolve())
        try:
            found = list(load(Path(scratch)))
        except SlipwayError as error:
            message = error.message.replace(str(staged), str(file))
            raise type(error)(message, hint=error.hint) from error
    if len(found) != 1:
        raise InvalidDataset(
            f"{file} holds {len(found)} recordings, one is replayed", hint="Give one at a time"
        )
    return found[0]


def replay(
    recording: Recording,
    model: LiveModel,
    *,
    rate: float,
    votes: Votes,
    wait: Callable[[float], None],
) -> Iterator[Moment]:
    """Ask about each window as soon as it would be complete; `rate` in Hz, of the recording.

    `wait` returns when so many seconds of the recording have gone by. Raises InvalidDataset when
    it is shorter than a window or no signal of the model's axes, and what asking raises.
    """
    name, prepared = recording.name, model.preparing
    if len(recording.values) < prepared.window:
        raise InvalidDataset(
            f"{name} has {len(recording.values)} samples, a window takes {prepared.window}",
            hint="Give a longer recording",
        )
    for start, window in prepared.windows(recording.values):
        seconds = (start + prepared.window) / rate
        wait(seconds)
        answer = model.ask(model.body(window, recording.axes, recording.rate), name)
        label, score = _of_one(answer)
        yield Moment(seconds, name, label, score, votes.add(name, label))


def heard(payload: bytes, votes: Votes) -> Moment:
    """What a device's message says; InvalidInput when it is no prediction."""
    try:
        document = json.loads(payload)
        label, sensor = document["class"], document["sensor"]
        if not isinstance(label, str) or not isinstance(sensor, str):
            raise ValueError("class and sensor are no texts")  # noqa: TRY004  of a document
        score = float(document["probability" if "probability" in document else "score"])
        seconds = float(document["timestamp"])
        if not math.isfinite(score) or not math.isfinite(seconds):
            raise ValueError("a number is not finite")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"a message is no prediction: {type(error).__name__} {error}",
            hint="Name the topic of predictions",
        ) from error
    return Moment(seconds, sensor, label, score, votes.add(sensor, label))


def _of_one(answer: Prediction) -> tuple[str, float]:
    """The label and score of a recording of one window."""
    (window,) = answer.windows
    if window.error is not None:
        return answer.scores[0].label, window.error
    if not window.scores:
        return SILENT, 0.0
    return window.scores[0].label, window.scores[0].score
