"""Makes a recording of what a sensor sends."""

import csv
import io
import queue
import time
from pathlib import Path
from typing import Final

import numpy as np

from slipway.domain.errors import AlreadyExists, InvalidInput, Unavailable
from slipway.domain.system_errors import os_errors
from slipway_features.messages import Reading, Rejected, read_reading
from slipway_features.wav import write_wav

_WAITING: Final = 1000  # messages
_HOLE: Final = 0.25  # seconds that clocks may be off


def check_output(path: Path) -> None:
    """InvalidInput when the file is neither CSV nor WAV, AlreadyExists when it is there."""
    if path.suffix not in (".csv", ".wav"):
        raise InvalidInput(f"{path} is neither .csv nor .wav", hint="Name it DIR/LABEL/NAME.csv")
    if path.exists():
        raise AlreadyExists(f"{path} is there already", hint="Remove it, or choose another name")


class StreamRecorder:
    """Takes so many samples that follow one another; where some are missing it begins anew."""

    def __init__(self, axes: tuple[str, ...], samples: int) -> None:
        self.rate = 0.0  # Hz, as messages say; 0 when they do not
        self.gaps = 0
        self.rejected: dict[str, int] = {}
        self._axes = axes
        self._wanted = samples
        self._bodies: queue.Queue[bytes] = queue.Queue(_WAITING)
        self._kept: list[Reading] = []

    def hear(self, body: bytes) -> None:
        """A message; may be called by another thread. Too many at once are left out."""
        try:
            self._bodies.put_nowait(body)
        except queue.Full:
            self._reject("came faster than they could be read")

    def wait(self, patience: float, topic: str) -> None:
        """Until there are enough samples; Unavailable when none has come for so many seconds."""
        heard = time.monotonic()
        while self.samples < self._wanted:
            try:
                body = self._bodies.get(timeout=max(0.0, heard + patience - time.monotonic()))
            except queue.Empty:
                why = "; ".join(self.rejected) or "is the sensor on, and this its topic?"
                raise Unavailable(
                    f"{self.samples} of {self._wanted} samples came on {topic}, and none for"
                    f" {patience:g} s",
                    hint=why[:1].upper() + why[1:],
                ) from None
            if self._take(body):
                heard = time.monotonic()

    def write(self, path: Path) -> None:
        """Write the recording; InvalidInput when a WAV file cannot hold it."""
        values = np.concatenate([reading.values for reading in self._kept])[: self._wanted]
        if path.suffix == ".wav":
            if len(self._axes) != 1 or not self.rate:
                raise InvalidInput(
                    f"{path}: a WAV file is of one axis and a rate that the messages say",
                    hint="Record into a .csv",
                )
            data = write_wav(values, round(self.rate))
        else:
            text = io.StringIO()
            rows = csv.writer(text, lineterminator="\n")
            rows.writerow(self._axes)
            rows.writerows(values.tolist())
            data = text.getvalue().encode()
        with os_errors(str(path)):
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{path.name}.partial")
            partial.write_bytes(data)
            partial.rename(path)

    @property
    def samples(self) -> int:
        """How many follow one another so far."""
        return sum(len(reading.values) for reading in self._kept)

    def _take(self, body: bytes) -> bool:
        """Whether the message held samples."""
        try:
            reading = read_reading(body, self._axes, self.rate, pcm=len(self._axes) == 1)
        except Rejected as error:
            self._reject(error.message)
            return False
        self.rate = self.rate or reading.rate
        if self._kept and reading.missing(self._kept[-1], self.rate) > _HOLE * self.rate:
            self.gaps += 1
            self._kept.clear()
        self._kept.append(reading)
        return True

    def _reject(self, why: str) -> None:
        known = why if why in self.rejected or len(self.rejected) < 10 else "of other reasons"
        self.rejected[known] = self.rejected.get(known, 0) + 1
