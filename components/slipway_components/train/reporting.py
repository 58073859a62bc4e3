"""Tells how a training gets on: a bar on a terminal, otherwise a line every few seconds."""

import sys
import time
from typing import Any

from slipway_components.progress import SECONDS_BETWEEN_LINES, say


class Report:
    """Counts the steps of all epochs and tells where the training stands."""

    def __init__(self, epochs: int, steps: int) -> None:
        self._epochs, self._steps = epochs, steps
        self._started = self._told = time.monotonic()
        self._done = self._finished = 0
        self._validation = ""
        self._bar: Any = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=epochs * steps, desc="train", unit=" steps", dynamic_ncols=True)

    def step(self, loss: float, accuracy: float) -> None:
        """One batch is done; the numbers are the epoch's so far."""
        self._done += 1
        epoch = f"train: epoch {self._finished + 1}/{self._epochs}"
        learned = f"loss {loss:.3f}, accuracy {accuracy:.2f}{self._validation}"
        if self._bar is not None:
            self._bar.set_description(epoch, refresh=False)
            self._bar.set_postfix_str(learned, refresh=False)
            self._bar.update()
            return
        now = time.monotonic()
        if now - self._told >= SECONDS_BETWEEN_LINES:
            self._told = now
            rate = self._done / (now - self._started)
            left = (self._epochs * self._steps - self._done) / rate
            say(f"{epoch}, {rate:.1f} steps/s, at most {left:.0f} s left, {learned}")

    def epoch(self, finished: int, validation_accuracy: float) -> None:
        """So many epochs are finished and validated."""
        self._finished = finished
        self._validation = f", validation accuracy {validation_accuracy:.2f}"

    def close(self, outcome: str) -> None:
        """Say how it ended."""
        if self._bar is not None:
            self._bar.close()
        seconds = time.monotonic() - self._started
        say(f"train: {self._finished}/{self._epochs} epochs in {seconds:.1f} s, {outcome}")
