"""Whether the model answers as it should: found out before anything is served, and ever again."""

import itertools
import math
import sys
import threading
import time
from collections.abc import Iterable
from typing import Final

from slipway_serving.engine import Engine
from slipway_serving.errors import ModelError
from slipway_serving.selftest import check

_PAUSES: Final = (*[10.0] * 12, *[300.0])  # seconds between two golden samples; the last for good
_PATIENCE: Final = 10.0  # seconds that a golden sample may take, others before it included
_STUCK: Final = 60.0  # seconds after which nobody believes any more that it will be answered


class Readiness:
    """What the probes are told. Golden samples take the road that all images take."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._problem = "starting"
        self._leaving = False
        self._asked = math.inf  # monotonic seconds when the sample under way was given

    @property
    def problem(self) -> str:
        """Why nothing should be sent here; empty when all is well."""
        if self._leaving:
            return "leaving"
        waited = self._waited()
        if waited > _PATIENCE:
            return f"a golden sample has not been answered for {waited:.0f} s"
        return self._problem

    @property
    def stuck(self) -> bool:
        """Whether only a new start will help."""
        return self._waited() > _STUCK

    def prove(self) -> None:
        """Answer all golden samples that there are; ModelError unless they are reproduced."""
        numbers = range(1, len(self._engine.card.golden) + 1)
        if numbers and (problem := check(self._engine, numbers).problem):
            raise ModelError(problem)

    def start(self) -> None:
        """All is well from now on, as long as golden samples are reproduced."""
        self._problem = ""
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self, pauses: Iterable[float] = _PAUSES) -> None:
        """Answer one golden sample after another, the pauses between them; without end after the
        last of these."""
        numbers = range(1, len(self._engine.card.golden) + 1)
        *first, last = pauses
        for number, pause in zip(
            itertools.cycle(numbers), itertools.chain(first, itertools.repeat(last)), strict=False
        ):
            time.sleep(pause)
            self._asked = time.monotonic()
            problem = check(self._engine, [number]).problem
            self._asked = math.inf
            if problem != self._problem:
                sys.stderr.write(f"{problem or 'the golden samples are reproduced again'}\n")
            self._problem = problem

    def leave(self) -> None:
        """Nothing new should come any more."""
        self._leaving = True

    def _waited(self) -> float:
        return time.monotonic() - self._asked
