"""What counts as right: windows, recordings, and answers that are unknown."""

import numpy as np
from numpy.typing import NDArray
from slipway_components.signals.examples import Examples
from slipway_components.signals.judging import Judged
from slipway_components.signals.recordings import Recording


def _judged(
    given: dict[str, list[list[float]]], labels: tuple[str, ...] = ("a", "b"), unknown: float = 0.0
) -> Judged:
    """One recording for each label, with the scores of its windows."""
    empty: NDArray[np.float64] = np.empty((0, 1))
    examples = [
        Examples(
            Recording(label, "r", empty, 0.0, ("x",)), np.empty((len(scores), 1)), np.empty((0, 2))
        )
        for label, scores in given.items()
    ]
    scores = [np.array(part, np.float64) for part in given.values()]
    return Judged.of(examples, scores, labels, unknown)


def test_a_recording_is_what_its_windows_say_on_average() -> None:
    done = _judged({"a": [[0.9, 0.1], [0.4, 0.6], [0.4, 0.6]], "b": [[0.45, 0.55], [0.8, 0.2]]})
    assert done.windows.matrix.tolist() == [[1, 2], [1, 1]]
    assert done.recordings.matrix.tolist() == [[1, 0], [1, 0]]
    assert done.windows.labels == ("a", "b")


def test_an_unsure_answer_is_unknown_and_wrong() -> None:
    done = _judged({"a": [[0.9, 0.1], [0.6, 0.4]], "b": [[0.1, 0.9]]}, unknown=0.8)
    assert done.windows.labels == ("a", "b", "unknown")
    assert done.windows.matrix.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert done.windows.accuracy == 2 / 3
    assert done.recordings.accuracy == 0.5


def test_an_unsure_answer_is_right_where_unknown_is_the_label() -> None:
    labels = ("a", "unknown")
    done = _judged({"a": [[0.9, 0.1]], "unknown": [[0.6, 0.4], [0.1, 0.9]]}, labels, unknown=0.8)
    assert done.windows.labels == labels
    assert done.windows.accuracy == 1


def test_a_recording_of_silence_alone_is_unknown() -> None:
    done = _judged({"a": [[0.9, 0.1]], "b": []})
    assert done.windows.matrix.tolist() == [[1, 0], [0, 0]]
    assert done.recordings.labels == ("a", "b", "unknown")
    assert done.recordings.matrix.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
