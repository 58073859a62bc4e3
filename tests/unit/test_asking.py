"""Long recordings are asked about in pieces whose windows are those of the whole."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from slipway_components.signals.recordings import Recording

from slipway.domain.prediction import Prediction, Score, Window
from slipway.services import asking
from slipway.services.asking import Asked
from slipway.services.labelled_data import Labelled
from slipway_features.preparing import preparing


@pytest.mark.parametrize("step", [1, 3, 5, 7])
@pytest.mark.parametrize("samples", [5, 6, 39, 40, 41, 200])
def test_pieces_have_the_windows_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, step: int, samples: int
) -> None:
    monkeypatch.setattr(asking, "_MOST", 40)
    prepared = preparing(
        {"kind": "series", "axes": ["x", "y"], "rate": 0, "window": 5, "step": step}, {}
    )
    values = np.arange(2.0 * samples).reshape(-1, 2)
    sizes = []

    def body(values: asking.Reals, axes: Sequence[str], rate: float) -> bytes:
        sizes.append(values.size)
        return json.dumps(values.tolist()).encode()

    def ask(data: bytes, what: str) -> Prediction:
        """Each window's score is its first value."""
        cut = prepared.windows(np.array(json.loads(data)))
        windows = [Window(start, [Score("a", window[0, 0])], None) for start, window in cut]
        return Prediction("", "", [], windows, None, 0.0)

    item = Labelled("a/b.csv", Recording("a", "b", values, 0.0, ("x", "y")))
    ((_, windows),) = Asked(prepared, [item], ask, body).answers(["a"])
    expected = [(start, window[0, 0]) for start, window in prepared.windows(values)]
    assert [(window.start, window.scores[0].score) for window in windows] == expected
    assert max(sizes) <= 40
    assert len(sizes) == 1 if 2 * samples <= 40 else len(sizes) > 1
