"""What is predicted of a recording: each of its windows, and all of it."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from slipway_features.reading import read
from slipway_features.signal import Signal
from slipway_serving.card import Task
from slipway_serving.engine import Answer, Engine
from slipway_serving.errors import RequestError
from slipway_serving.predictions import UNKNOWN, ranked

_MOST: Final = 2**19  # values of one recording; half a minute of sound at 16 kHz


def predict(engine: Engine, data: bytes, form: str) -> dict[str, Any]:
    """`predictions` of the whole, by the mean of its windows' scores, and `windows` by their first
    samples; RequestError when it is no recording of at least one window.

    A window that was silent has no predictions and no part in the mean.
    """
    windows = _windows(engine, data, form)
    answers = [(start, engine.answer(window)) for start, window in windows]
    heard = [answer.scores for _, answer in answers if not answer.silent]
    if not heard:
        whole = [{"label": UNKNOWN, "score": 0.0}]
        return {"predictions": whole, "windows": [_document(engine, *one) for one in answers]}
    mean = np.mean(heard, axis=0)
    anomalies = engine.card.task is Task.ANOMALIES
    return {
        "predictions": ranked(engine.card, mean),
        **({"score": float(mean[0]), "threshold": engine.card.anomaly} if anomalies else {}),
        "windows": [_document(engine, *one) for one in answers],
    }


def _windows(engine: Engine, data: bytes, form: str) -> Sequence[tuple[int, Signal]]:
    """The recording's windows; there is at least one."""
    signal = engine.signal
    try:
        reading = read(data, signal.axes, form, most=_MOST)
        signal.check_rate(reading.rate)
    except ValueError as error:
        raise RequestError(400, "not-a-recording", str(error)) from error
    windows = list(signal.windows(reading.values))
    if not windows:
        raise RequestError(
            400,
            "too-short",
            f"the recording has {len(reading.values)} samples, a window {signal.window}",
        )
    return windows


def _document(engine: Engine, start: int, answer: Answer) -> dict[str, Any]:
    if engine.card.task is Task.ANOMALIES:
        return {"start": start, "score": float(answer.scores[0])}
    ranks = [] if answer.silent else ranked(engine.card, answer.scores)
    return {"start": start, "predictions": ranks}
