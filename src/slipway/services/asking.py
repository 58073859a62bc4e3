"""Asks a model that is served about recordings, and keeps count of what came of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slipway.domain.errors import InvalidDataset, InvalidInput
from slipway.domain.names import ModelVersion
from slipway.domain.prediction import UNKNOWN, Prediction, Window
from slipway.ports.bucket import Bucket
from slipway.services.image_context import scratch
from slipway.services.labelled_data import Labelled, Rejected
from slipway.services.model_output import CARD, folder_of
from slipway.services.package_model import MODEL
from slipway_features.preparing import Preparing

Reals = NDArray[np.float64]
Ask = Callable[[bytes, str], Prediction]  # the bytes of a file or body, and its name
Body = Callable[[Reals, Sequence[str], float], bytes]  # of samples, their axes, their rate in Hz

_MOST: Final = 2**18  # values that are sent at once


@contextmanager
def fetched(bucket: Bucket, version: ModelVersion) -> Iterator[Path]:
    """A folder with what serving needs of a version; raises NotFound and what buckets raise."""
    with scratch() as folder:
        for name in (CARD, MODEL):
            bucket.download(folder_of(version) + name, folder / name)
        yield folder


@dataclass
class Found:
    """What was answered so far."""

    windows: list[tuple[str, str]] = field(default_factory=list)  # true label, answer
    wholes: list[tuple[str, str]] = field(default_factory=list)  # of recordings or images
    mistakes: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, str]] = field(default_factory=list)
    silent: int = 0  # windows

    def whole(self, file: str, label: str, answer: str) -> None:
        """Count the answer to a recording or image."""
        self.wholes.append((label, answer))
        if answer != label:
            self.mistakes.append({"file": file, "label": label, "answer": answer})

    def reject(self, file: str, why: str) -> None:
        """Count a file that nothing could be asked about."""
        self.rejected.append({"file": file, "why": why})

    def check(self) -> None:
        """Raise InvalidDataset when nothing could be asked about."""
        if self.wholes:
            return
        first = self.rejected[0] if self.rejected else None
        why = f": {first['file']}: {first['why']}" if first else ""
        raise InvalidDataset(
            f"there is nothing that the model could be asked about{why}",
            hint="docs/workloads.md says what the folder of a workload looks like",
        )


@dataclass
class Asked:
    """The answers to each recording of a folder; those that get none are rejected."""

    preparing: Preparing
    found: Iterable[Labelled | Rejected]
    ask: Ask
    body: Body
    counts: Found = field(default_factory=Found)

    def answers(self, labels: Sequence[str]) -> Iterator[tuple[Labelled, list[Window]]]:
        """Of the recordings with one of the labels, or `unknown`; empty: with any."""
        for item in self.found:
            if isinstance(item, Rejected):
                self.counts.reject(item.file, item.why)
            elif labels and item.recording.label not in (*labels, UNKNOWN):
                self.counts.reject(item.file, stranger(item.recording.label, labels))
            else:
                try:
                    windows = list(self._windows(item))
                except InvalidInput as error:
                    self.counts.reject(item.file, error.message)
                else:
                    yield item, windows

    def _windows(self, item: Labelled) -> Iterator[Window]:
        """The answers to all windows; long recordings are sent in pieces that have the same."""
        recording, size, step = item.recording, self.preparing.window, self.preparing.step
        together = max(1, (_MOST // len(recording.axes) - size) // step + 1)  # windows of a piece
        last = max(1, len(recording.values) - size + 1)
        for first in range(0, last, together * step):
            values = recording.values[first : first + (together - 1) * step + size]
            body = self.body(values, recording.axes, recording.rate)
            for window in self.ask(body, item.file).windows:
                yield Window(first + window.start, window.scores, window.error)


def stranger(label: str, known: Sequence[str]) -> str:
    """Why nothing is asked about something with this label."""
    return f"the model knows no label {label!r}, but {', '.join(known)}"
