"""What was predicted: as clients are told, and as it is remembered."""

import hashlib
import os
import time
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slipway_serving.card import Card, Task
from slipway_serving.spool import Spool

UNKNOWN: Final = "unknown"
_TOP: Final = 3  # labels of a record


def ranked(card: Card, scores: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Labels with scores, best first, and before them `unknown` when none is good enough; of
    anomaly-detection the one label that the score means."""
    if card.task is Task.ANOMALIES:
        label = card.labels[int(scores[0] > card.anomaly)]
        return [{"label": label, "score": round(float(scores[0]), 6)}]
    pairs = sorted(zip(card.labels, scores, strict=True), key=lambda pair: -pair[1])
    if pairs[0][1] < card.unknown:
        pairs.insert(0, (UNKNOWN, pairs[0][1]))
    return [{"label": label, "score": round(float(score), 6)} for label, score in pairs]


class Journal:
    """Remembers predictions of one model in an image of `digest`; without a spool, none."""

    def __init__(self, card: Card, digest: str, spool: Spool | None) -> None:
        self._model = {"model": card.name, "version": card.version, "digest": digest}
        self._spool = spool

    def add(
        self,
        source: str | None,
        data: bytes,
        predictions: list[dict[str, Any]],
        milliseconds: float,
    ) -> None:
        """A prediction for `data`, that of the file `source` in the image folder or a client's."""
        if self._spool is None:
            return
        origin: Mapping[str, Any] = (
            {"sha256": hashlib.sha256(data).hexdigest()} if source is None else {"path": source}
        )
        self._spool.add(
            {
                "id": os.urandom(16).hex(),
                "time": round(time.time(), 3),
                **self._model,
                "input": {**origin, "bytes": len(data)},
                "top": predictions[:_TOP],
                "latency_ms": milliseconds,
            }
        )
